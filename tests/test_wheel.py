"""The package where only its wheel is installed: the records that it brings along are judged in any folder."""

import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from gates import environment
from networks import ROOT

SOURCES = (
    "overparam", "claims", "results", "cifar", "mnli", "params.yaml", "dvc.lock", "data.dvc",
    "pyproject.toml", "setup.py", "README.md", "LICENSE",
)  # fmt: skip
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """What a wheel installs, made of a copy of the repository without any network."""
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("setuptools, which builds the wheel, is not installed here")
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=folder, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    assert wheel.stat().st_size < 5e6
    site = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(site)
    return site


def run(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Run a module of Python in a folder, of the installed package."""
    before = dict(environment(PYTHONPATH=str(site)))
    return subprocess.run([sys.executable, "-P", *words], cwd=folder, capture_output=True, text=True, env=before)


CLAIMS = "import pytest, sys; code = pytest.main(sys.argv[1:]); print('torch' in sys.modules); sys.exit(code)"


def claims(site: Path, folder: Path, *options: str) -> subprocess.CompletedProcess:
    """`pytest --pyargs overparam.claims`; the last line says whether torch was loaded."""
    return run(
        site,
        folder,
        "-c",
        CLAIMS,
        "--pyargs",
        "overparam.claims",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:benchmark",
        *options,
    )


def cli(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    return run(site, folder, "-c", "from overparam.cli import main; main()", *words)


def cell(row: dict) -> tuple[str, str]:
    return row["arch"], str(row["alpha"])


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_claims_are_judged_on_the_records_in_any_folder(site, tmp_path, workers):
    chosen = ("-m", "cifar and not control", "-k", "test_performance", "--claims-gate=none")
    ended = claims(site, tmp_path, *chosen, "--claims-verdicts", "verdicts.json", *workers)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "scoreboard" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "False"
    rows = json.loads((tmp_path / "verdicts.json").read_text("utf-8"))
    recorded = json.loads((ROOT / "results/reduced/verdicts/cifar.json").read_text("utf-8"))
    assert sorted(rows, key=cell) == sorted((row for row in recorded if row["claim"] == "performance"), key=cell)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_what_would_be_trained_is_refused_in_a_sentence(site, tmp_path, workers):
    ended = claims(site, tmp_path, "-m", "toy", "--claims-evidence=retrain", *workers)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: overparam is installed with its records alone" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_embedded_tasks_are_judged_on_their_records_too(site, tmp_path):
    ended = claims(site, tmp_path, "-m", "toy", "--claims-gate=baseline", "-v")
    assert ended.returncode == 0, ended.stdout
    assert "record, R = " in ended.stdout


def test_commands_read_the_records_and_make_none(site, tmp_path):
    installed = site / "overparam" / "repository"
    ended = cli(site, tmp_path, "explain", "toy-addition", "--json")
    assert ended.returncode == 0, ended.stderr
    assert {row["evidence"] for row in json.loads(ended.stdout)["judgements"]} == {"record"}
    ended = cli(site, tmp_path, "toy")
    assert (ended.returncode, "error: overparam is installed with its records alone" in ended.stderr) == (2, True)
    assert cli(site, tmp_path, "ls", "--root", str(installed), "--json").returncode == 0
    assert not (installed / ".overparam").exists()
