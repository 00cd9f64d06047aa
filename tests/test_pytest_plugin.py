"""What a run of the claims leaves behind, in several processes, and where it cannot be shown or written."""

import json
import os
import subprocess

import pytest
from gates import command, environment, make_repository, put_record, pytest_claims, study_record

QUICK = ("-k", "performance and not unseen and not stitched", "--claims-gate=none")
VERDICTS = 4 + 1 + 1  # at every width, of the trend, of as many parameters


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    root = make_repository(tmp_path_factory.mktemp("repository"))
    put_record(root, study_record())
    return root


def judged(path):
    return json.loads(path.read_text(encoding="utf-8"))


def board(out):
    return [line for line in out.splitlines() if line.startswith(("│", "performance"))]


def test_what_workers_judge_is_one_scoreboard_and_one_file_in_the_order_of_the_tests(repository, tmp_path):
    code, out = pytest_claims(repository, *QUICK, "--verdicts", str(tmp_path / "one.json"))
    assert (code, len(judged(tmp_path / "one.json"))) == (0, VERDICTS)
    for distribution in ("load", "worksteal"):
        path = tmp_path / f"{distribution}.json"
        found, shown = pytest_claims(repository, *QUICK, "-n2", "--dist", distribution, "--verdicts", str(path))
        assert (found, board(shown)) == (0, board(out))
        assert path.read_bytes() == (tmp_path / "one.json").read_bytes()


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_workers_pass_the_gate_that_one_process_passes_and_fail_it_likewise(tmp_path, workers):
    root = make_repository(tmp_path)
    put_record(root, study_record())
    chosen = ("-k", QUICK[1], "--claims-gate=baseline")
    baseline = root / "claims/baseline.json"
    assert pytest_claims(root, *QUICK, *workers, "--verdicts", str(baseline))[0] == 0
    assert pytest_claims(root, *chosen, *workers)[0] == 0
    rows = judged(baseline)
    baseline.write_text(json.dumps([*rows, {**rows[0], "arch": "vgg16"}]), encoding="utf-8")
    code, out = pytest_claims(root, *chosen, *workers)
    assert (code, "is recorded, and no test takes it again" in out) == (1, True)
    baseline.unlink()
    (root / "dvc.lock").unlink()
    (root / "results/smoke/digits-resnet18.json").unlink()
    code, out = pytest_claims(root, *chosen, *workers)
    assert (code, "error: nothing was judged, which is no success" in out) == (1, True)


@pytest.mark.parametrize("where", ["a pipe that is closed", "/dev/full"])
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_where_nothing_can_be_shown_the_file_is_whole_and_the_run_fails(repository, tmp_path, where, workers):
    if where == "/dev/full":
        if not os.path.exists(where):
            pytest.skip("there is no /dev/full here")
        out = os.open(where, os.O_WRONLY)
    else:
        reader, out = os.pipe()
        os.close(reader)
    path = tmp_path / "verdicts.json"
    words = command(*QUICK, *workers, "--verdicts", str(path))
    done = subprocess.run(words, cwd=repository, stdout=out, stderr=subprocess.PIPE, text=True, env=environment())
    os.close(out)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(judged(path)) == VERDICTS


@pytest.mark.parametrize("target", ["/proc/none/verdicts.json", "params.yaml/verdicts.json", "results"])
def test_a_file_that_cannot_be_written_costs_no_scoreboard_and_fails_the_run(repository, target):
    code, out = pytest_claims(repository, *QUICK, "--verdicts", target)
    assert code == 1
    assert len([line for line in board(out) if line.startswith("│")]) == VERDICTS
    assert f"error: could not write {target}" in out
    assert "Traceback" not in out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_letters_that_a_terminal_has_not_are_replaced(repository, tmp_path, encoding):
    path = tmp_path / "verdicts.json"
    code, out = pytest_claims(repository, *QUICK, "--verdicts", str(path), PYTHONIOENCODING=encoding)
    assert code == 0
    assert "performance (Fig. 3), digits-resnet18, smoke: holds at " in out
    assert len(judged(path)) == VERDICTS


def test_a_run_that_judged_nothing_leaves_an_older_file_as_it_is(tmp_path):
    root = make_repository(tmp_path)
    (root / "verdicts.json").write_text("from before")
    assert pytest_claims(root, *QUICK, "--verdicts", "verdicts.json")[0] == 0
    assert (root / "verdicts.json").read_text() == "from before"
