"""No command asks which folder it is called in: the repository and the margins are the package's, or named."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reports import make_repository

import overparam
from overparam.config import root as roots
from overparam.config.root import find_root, own_root
from overparam.errors import SpecError
from overparam.verdicts.margins import PACKAGED

ROOT = Path(__file__).parent.parent


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "repository").mkdir()
    return make_repository(tmp_path / "repository")


def overparam_in(folder: Path, *words: object, path: Path = ROOT) -> subprocess.CompletedProcess:
    """Run the command line in a folder, of the package that lies on a path."""
    words = (sys.executable, "-P", "-c", "from overparam.cli import main; main()", *map(str, words))
    return subprocess.run(words, cwd=folder, env={"PYTHONPATH": str(path)}, capture_output=True, text=True)


def test_the_repository_is_the_one_that_the_package_lies_in(tmp_path, monkeypatch):
    monkeypatch.chdir(make_repository(tmp_path))
    assert find_root() == own_root() == ROOT


def test_it_is_another_one_if_that_is_named(repository, monkeypatch):
    monkeypatch.chdir(repository.parent)
    assert find_root(Path("repository")) == own_root(repository) == repository


def test_records_that_came_with_a_wheel_are_read_and_not_written(repository, monkeypatch):
    monkeypatch.setattr(roots, "INSTALLED", repository)
    assert find_root() == repository
    with pytest.raises(SpecError, match="with its records alone, and no repository to make others in: name a clone"):
        own_root()


@pytest.mark.parametrize("words", [["status"], ["judge", "digits"], ["ls"], ["train", "digits", "vgg16", "1", "0"]])
def test_where_there_is_no_repository_a_command_says_so_in_a_sentence(tmp_path, words):
    shutil.copytree(Path(overparam.__file__).parent, tmp_path / "overparam")
    ended = overparam_in(ROOT, *words, path=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    said = f"error: overparam is installed in {tmp_path / 'overparam'} without its repository: name a clone of the"
    assert ended.stderr.startswith(said)


def test_the_same_call_gives_the_same_verdicts_in_any_folder(repository, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "params.yaml").write_text("scales: {}")
    (other / "preregistration.toml").write_text(PACKAGED.read_text("utf-8").replace("span = 0.02", "span = 0.2"))
    words = ("judge", "digits", "--json", "--root", repository)
    here, there = (overparam_in(folder, *words) for folder in (repository, other))
    assert (here.returncode, here.stderr) == (0, "")
    assert here.stdout == there.stdout
    margins = overparam_in(other, *words, "--margins", "preregistration.toml")
    assert (margins_in(here), margins_in(margins)) == ({0.02}, {0.2})


def margins_in(ended):
    rows = json.loads(ended.stdout)
    return {row["margin"] for row in rows if row["claim"] == "span-over" and row["alpha"]}


MARGINS = {"missing": None, "edited": "span = 0.02\n", "of another schema": "[margins]\nspan = 0.02\n", "no TOML": "{"}


@pytest.mark.parametrize("content", MARGINS.values(), ids=MARGINS)
@pytest.mark.parametrize("words", [("judge", "digits"), ("explain", "span-over"), ("badges",), ("plan", "record.json")])
def test_margins_that_cannot_be_used_are_refused_in_a_sentence(repository, monkeypatch, capsys, words, content):
    from overparam import cli

    file = repository / "margins.toml"
    if content is not None:
        file.write_text(content)
    shutil.copy(repository / "results/smoke/digits-resnet18.json", repository / "record.json")
    monkeypatch.chdir(repository)
    root = () if words[0] == "plan" else ("--root", str(repository))
    monkeypatch.setattr(sys, "argv", ["overparam", *words, "--margins", "margins.toml", *root])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith("error: margins.toml does not declare the margins (")
    assert err.count("\n") == 1
