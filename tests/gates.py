"""A repository with the claims and one study on digits, and `pytest claims` as a user runs it there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from networks import ROOT, digits_params
from records import ALPHAS, EIGHTH, HALF, ONE, QUARTER, SIXTEENTH, synthetic_record

import overparam.court  # what runs in this process need is loaded once, and not by each of them
import overparam.pytest_plugin.hooks
import overparam.verdicts.matrix
import overparam.verdicts.recorded  # noqa: F401
from overparam.io.files import digest_file
from overparam.study.record import Record, write_record

RECORD = Path("results/smoke/digits-resnet18.json")
CONTROLS = Path("results/smoke/controls/digits-resnet18.json")


def make_repository(root: Path) -> Path:
    """The claims, one architecture on digits, the toy, and no evidence."""
    shutil.copytree(ROOT / "claims", root / "claims", ignore=shutil.ignore_patterns("__pycache__", "baseline.json"))
    shutil.copy(ROOT / "pyproject.toml", root)
    params = digits_params()
    params["scales"] = {name: {"digits": params["scales"]["smoke"]["digits"]} for name in ("smoke", "paper")}
    for tasks in params["scales"].values():
        tasks["digits"] |= {"architectures": ["resnet18"], "quick": False}
    params["tasks"] = {"digits": {"default_scale": "smoke"}}
    (root / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return root


def study_record(**changes) -> Record:
    members = {ONE: 2, HALF: 4, QUARTER: 8, EIGHTH: 16, SIXTEENTH: 32}  # as in params.yaml
    return synthetic_record(**{"alphas": ALPHAS, "replicates": 3, "members": members, **changes})


def put_record(root: Path, record: Record, place: Path = RECORD) -> None:
    """Write a record, and pin it and its checkpoints."""
    write_record(root / place, record)
    pin(root, record, place)


def pin(root: Path, record: Record, *places: Path) -> None:
    """Pin the checkpoints of a record, and files as they are."""
    outs = [checkpoint for entry in record.networks.values() for checkpoint in entry["checkpoints"]]
    outs += [{"path": place.as_posix(), "md5": digest_file(root / place, "md5")} for place in places]
    (root / "dvc.lock").write_text(yaml.safe_dump({"stages": {"train": {"outs": outs}}}), encoding="utf-8")


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "claims", "-m", "digits", "-p", "no:cacheprovider", *options]


def environment(**more: str) -> dict[str, str]:
    """Without what the pytest that runs the tests tells its children."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))} | more


def pytest_claims(root: Path, *options: str, **more: str) -> tuple[int, str]:
    """Exit code, and all that was printed."""
    done = subprocess.run(command(*options), cwd=root, capture_output=True, text=True, env=environment(**more))
    return done.returncode, done.stdout + done.stderr
