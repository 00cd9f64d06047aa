"""Processes that share work, one after the other for different work."""

import subprocess
import sys

from networks import ROOT

# Small work without torch first, twice so long apart that loky looks at its workers' memory; then training.
PROGRAM = """
import sys, tempfile, time
from dataclasses import replace
from pathlib import Path
from joblib import Parallel, delayed
from networks import tiny_study
from overparam.config.workspace import Workspace
from overparam.pipeline.run import run_study

if __name__ == "__main__":
    for _ in range(2):
        Parallel(n_jobs=2)(delayed(abs)(number) for number in range(8))
        time.sleep(1.2)
    study = tiny_study()
    with tempfile.TemporaryDirectory() as folder:
        run_study(replace(study, scale=replace(study.scale, quick=True)), Workspace.at(Path(folder)))
"""


def test_workers_that_trained_nothing_before_are_not_taken_to_leak_memory(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n{PROGRAM}")
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (run.returncode, run.stderr) == (0, "")
