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


CHILD = """
import subprocess, sys, time
if len(sys.argv) > 1:
    from overparam.io.workers import end_with
    end_with(int(sys.argv[1]))
    print("begun", flush=True)
    time.sleep(600)
else:
    import os
    from overparam.io.workers import end_with
    end_with(os.getpid())  # does nothing to itself
    subprocess.run([sys.executable, __file__, str(os.getpid())])
"""


def test_a_process_ends_with_the_one_that_it_works_for(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(CHILD)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "begun\n"
        parent.kill()
        assert parent.stdout.read() == ""  # which ends once nobody holds it, the child neither
