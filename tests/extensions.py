"""A copy of the package in a repository that takes seconds, to be edited and run; and what to put there."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from gates import environment
from networks import ROOT, digits_params

CLI = "from overparam.cli import main; main()"
QUICK = {"base_width": 4, "alphas": ["1", "1_2"], "members": {"1": 2, "1_2": 4}, "snapshots": [], "replicates": [0, 1]}

ARCHITECTURE = '''
"""One convolution."""

from torch import Tensor, nn

from overparam.config.architectures import Unit
from overparam.networks.layers import Convolution, ImageNetwork


class OneLayer(ImageNetwork):
    """So many networks of one convolution side by side."""

    title = "One convolution"
    unit = Unit("maps", "maps of the only layer")

    def __init__(self, members: int, width: int, channels: int, classes: int) -> None:
        super().__init__(members, width, classes)
        self.convolution = Convolution(members, channels, width, kernel=3)
        self.norm = nn.BatchNorm2d(members * width)

    def maps(self, channels: Tensor) -> Tensor:
        return self.norm(self.convolution(channels)).relu()
'''
TASK = '''
"""Digits that are even or odd."""

from dataclasses import replace

from overparam.data.examples import Dataset
from overparam.data.images import load_digits


def load_parity(train_examples: int | None) -> Dataset:
    """The digits of scikit-learn, labelled by whether they are odd."""
    digits = load_digits(train_examples)
    train, heldout = (replace(part, labels=part.labels % 2) for part in (digits.train, digits.heldout))
    return replace(digits, source="odd digits", classes=2, train=train, fit=train, heldout=heldout)
'''


class House:
    """The copy."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ignored = shutil.ignore_patterns("__pycache__", "baseline.json")
        for folder in ("overparam", "claims"):
            shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", root)
        params = digits_params()
        digits = params["scales"]["smoke"]["digits"] | QUICK | {"architectures": ["resnet18"], "train_examples": 200}
        digits["train"] |= {"epochs": 2}
        params |= {"tasks": {"digits": {"default_scale": "smoke"}}, "scales": {"smoke": {"digits": digits}}}
        self.write_params(params)
        self.before = self._digests()

    def touched(self) -> set[str]:
        """The files that differ from what was copied."""
        after = self._digests()
        return {name for name in self.before | after if self.before.get(name) != after.get(name)}

    def _digests(self) -> dict[str, str]:
        files = [path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {path.relative_to(self.root).as_posix(): hashlib.md5(path.read_bytes()).hexdigest() for path in files}

    def add(self, path: str, text: str) -> None:
        assert not (self.root / path).exists()
        (self.root / path).write_text(text, encoding="utf-8")

    def edit(self, path: str, *replaced: tuple[str, str]) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        for old, new in replaced:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (self.root / path).write_text(text, encoding="utf-8")

    def params(self) -> dict:
        return yaml.safe_load((self.root / "params.yaml").read_text(encoding="utf-8"))

    def write_params(self, params: dict) -> None:
        (self.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")

    def run(self, *words: str, code: int = 0) -> str:
        """What a command prints, whether it is one of overparam or pytest."""
        python = ("-m", *words) if words[0] == "pytest" else ("-c", CLI, *words)
        # One process: others would load torch too.
        more = environment(PYTHONPATH=str(self.root), COLUMNS="200", LOKY_MAX_CPU_COUNT="1")
        ended = subprocess.run([sys.executable, *python], cwd=self.root, capture_output=True, text=True, env=more)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def page(self, *options: str) -> str:
        """The page of all records, once they are pinned as `dvc commit` does."""
        outs = []
        for path in (self.root / "results").rglob("*-*.json"):
            networks = json.loads(path.read_text(encoding="utf-8"))["networks"].values()
            outs += [checkpoint for entry in networks for checkpoint in entry["checkpoints"]]
            place = path.relative_to(self.root).as_posix()
            outs.append({"path": place, "md5": hashlib.md5(path.read_bytes()).hexdigest()})
        (self.root / "dvc.lock").write_text(yaml.safe_dump({"stages": {"all": {"outs": outs}}}), encoding="utf-8")
        self.run("report", "--to", "page", *options)
        return (self.root / "page" / "index.html").read_text(encoding="utf-8")
