"""The script for machines that are lent by the minute: it stops in time, and leaves whole files in parts."""

import io
import os
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from networks import ROOT

SCRIPT = ROOT / "scripts" / "borrowed-machine"
CHECKPOINTS = Path("artifacts/checkpoints/smoke")
# Stands for `overparam study`, which goes on by itself: the first call finishes one checkpoint and is at the next when
# time is over; the second finishes that and writes the record.
STUDY = """#!/usr/bin/env bash
cd artifacts/checkpoints/smoke
if [ ! -e digits-resnet18-1-r1.safetensors ]; then
  head -c 33000000 /dev/urandom > digits-resnet18-1-r1.safetensors
  head -c 1000 /dev/urandom > digits-resnet18-1_2-r0.resume
  sleep 60
fi
mv digits-resnet18-1_2-r0.resume digits-resnet18-1_2-r0.safetensors
touch digits-resnet18-1_2-r0.safetensors
echo "{}" > ../../../results/smoke/digits-resnet18.json
"""


@pytest.fixture
def repository(tmp_path):
    for folder in (CHECKPOINTS, Path("results/smoke"), Path("bin")):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / CHECKPOINTS / "digits-resnet18-1-r0.safetensors").write_text("from an earlier day")
    os.utime(tmp_path / CHECKPOINTS / "digits-resnet18-1-r0.safetensors", (0, 0))
    (tmp_path / "bin" / "overparam").write_text(STUDY)
    (tmp_path / "bin" / "overparam").chmod(0o755)
    return tmp_path


def run(repository, seconds):
    command = [SCRIPT, "digits", "resnet18", "smoke", str(seconds / 60), "out"]
    environment = {**os.environ, "PATH": f"{repository / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True).returncode


def brought_home(parts) -> dict[str, bytes]:
    """The files in some parts, joined and unpacked."""
    assert all(part.stat().st_size < 16 * 2**20 for part in parts)
    with tarfile.open(fileobj=io.BytesIO(b"".join(part.read_bytes() for part in sorted(parts)))) as archive:
        return {Path(member.name).name: archive.extractfile(member).read() for member in archive}


def test_it_stops_in_time_and_what_it_made_comes_home_whole(repository):
    assert run(repository, 3) == 124
    first = set((repository / "out").iterdir())
    assert len(first) > 2
    files = brought_home(first)
    assert set(files) == {"digits-resnet18-1-r1.safetensors", "digits-resnet18-1_2-r0.resume"}
    assert (
        files["digits-resnet18-1-r1.safetensors"]
        == (repository / CHECKPOINTS / "digits-resnet18-1-r1.safetensors").read_bytes()
    )
    time.sleep(1)  # parts are named by the second
    assert run(repository, 30) == 0
    second = set((repository / "out").iterdir()) - first
    assert first < set((repository / "out").iterdir()), "the first call's parts are still there"
    assert set(brought_home(second)) == {"digits-resnet18-1_2-r0.safetensors", "digits-resnet18.json"}


def test_what_cannot_be_packed_is_an_error(repository):
    (repository / "out").write_text("a file where the folder should be")
    assert run(repository, 30) == 1


def test_without_arguments_it_says_how_to_use_it():
    shown = subprocess.run([SCRIPT], capture_output=True, text=True)
    assert shown.returncode == 2
    assert "Usage: scripts/borrowed-machine TASK ARCH SCALE MINUTES OUT" in shown.stdout
