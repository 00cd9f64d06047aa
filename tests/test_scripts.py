"""The script for machines that are lent by the minute: it stops in time, goes on, and leaves whole files in parts."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from networks import ROOT, tiny_repository

SCRIPT = ROOT / "scripts" / "borrowed-machine"


@pytest.fixture
def repository(tmp_path):
    return tiny_repository(tmp_path)


def run(repository, minutes, out):
    command = [SCRIPT, "digits", "resnet18", "smoke", str(minutes), str(out)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True)


def brought_home(out) -> dict[str, bytes]:
    parts = sorted(out.iterdir())
    assert all(part.stat().st_size < 16 * 2**20 for part in parts)
    joined = io.BytesIO(b"".join(part.read_bytes() for part in parts))
    with tarfile.open(fileobj=joined) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def test_a_study_goes_on_where_time_was_over_and_its_files_come_home_whole(repository, tmp_path):
    stopped = run(repository, 0.01, tmp_path / "first")
    assert stopped.returncode == 124
    finished = run(repository, 5, tmp_path / "second")
    assert finished.returncode == 0, finished.stderr
    files = brought_home(tmp_path / "first") | brought_home(tmp_path / "second")
    names = {f"digits-resnet18-{alpha}-r{r}.safetensors" for alpha in ("1", "1_2", "1_4") for r in (0, 1)}
    assert {Path(name).name for name in files} == {*names, "digits-resnet18.json"}
    for name, content in files.items():
        assert (repository / name).read_bytes() == content


def test_without_arguments_it_says_how_to_use_it():
    shown = subprocess.run([SCRIPT], capture_output=True, text=True)
    assert shown.returncode == 2
    assert "Usage: scripts/borrowed-machine TASK ARCH SCALE MINUTES OUT" in shown.stdout
