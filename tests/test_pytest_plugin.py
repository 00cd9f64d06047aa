"""What a run of the claims leaves behind, in several processes, and where it cannot be shown or written."""

import json
import os
import subprocess
import sys

import pytest
from gates import RECORD, command, environment, make_repository, put_record, pytest_claims, study_record

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
    code, out = pytest_claims(repository, *QUICK, "--claims-verdicts", str(tmp_path / "one.json"))
    assert (code, len(judged(tmp_path / "one.json"))) == (0, VERDICTS)
    for distribution in ("load", "worksteal"):
        path = tmp_path / f"{distribution}.json"
        found, shown = pytest_claims(repository, *QUICK, "-n2", "--dist", distribution, "--claims-verdicts", str(path))
        assert (found, board(shown)) == (0, board(out))
        assert path.read_bytes() == (tmp_path / "one.json").read_bytes()


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_workers_pass_the_gate_that_one_process_passes_and_fail_it_likewise(tmp_path, workers):
    root = make_repository(tmp_path)
    put_record(root, study_record())
    chosen = ("-k", QUICK[1], "--claims-gate=baseline")
    baseline = root / "claims/baseline.json"
    assert pytest_claims(root, *QUICK, *workers, "--claims-verdicts", str(baseline))[0] == 0
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
    words = command(*QUICK, *workers, "--claims-verdicts", str(path))
    done = subprocess.run(words, cwd=repository, stdout=out, stderr=subprocess.PIPE, text=True, env=environment())
    os.close(out)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(judged(path)) == VERDICTS


@pytest.mark.parametrize("target", ["/proc/none/verdicts.json", "params.yaml/verdicts.json", "results"])
def test_a_file_that_cannot_be_written_costs_no_scoreboard_and_fails_the_run(repository, target):
    code, out = pytest_claims(repository, *QUICK, "-v", "--claims-verdicts", target)
    assert code == 1
    assert len([line for line in board(out) if line.startswith("│")]) == VERDICTS
    assert f"error: could not write {target}" in out
    assert "Traceback" not in out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_letters_that_a_terminal_has_not_are_replaced(repository, tmp_path, encoding):
    path = tmp_path / "verdicts.json"
    code, out = pytest_claims(repository, *QUICK, "-v", "--claims-verdicts", str(path), PYTHONIOENCODING=encoding)
    assert code == 0
    assert "performance (Fig. 3), digits-resnet18, smoke: holds at " in out
    assert len(judged(path)) == VERDICTS


def test_a_run_that_judged_nothing_leaves_an_older_file_as_it_is(tmp_path):
    root = make_repository(tmp_path)
    (root / "verdicts.json").write_text("from before")
    assert pytest_claims(root, *QUICK, "--claims-verdicts", "verdicts.json")[0] == 0
    assert (root / "verdicts.json").read_text() == "from before"


BAD = [
    (("--claims-root", "nowhere"), "nowhere is no repository of overparam, as it has no params.yaml: name a clone"),
    (("--claims-margins", "nowhere.toml"), "nowhere.toml does not declare the margins"),
    (("--claims-scale", "huge"), "there is no scale 'huge': params.yaml has paper, smoke"),
]


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
@pytest.mark.parametrize(("options", "sentence"), BAD)
def test_options_that_cannot_be_used_are_a_usage_error_before_anything_is_collected(
    repository, options, sentence, workers
):
    code, out = pytest_claims(repository, *QUICK, *options, *workers)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {sentence}" in out
    assert "Traceback" not in out


@pytest.mark.parametrize("content", ["[margins]\nspan = 2", "scales: {}", ""])
def test_margins_of_another_schema_are_a_usage_error(repository, tmp_path, content):
    file = tmp_path / "margins.toml"
    file.write_text(content)
    code, out = pytest_claims(repository, *QUICK, "--claims-margins", str(file))
    assert (code, f"ERROR: {file} does not declare the margins (" in out) == (pytest.ExitCode.USAGE_ERROR, True)


def test_another_repository_is_judged_if_it_is_named(repository, tmp_path):
    empty = make_repository(tmp_path)
    code, out = pytest_claims(empty, *QUICK, "--claims-root", str(repository), "--claims-verdicts", "v.json")
    assert code == 0, out
    assert len(judged(empty / "v.json")) == VERDICTS


def test_options_have_the_names_that_they_had_before(repository, tmp_path):
    path = tmp_path / "verdicts.json"
    old = ("--verdicts", str(path), "--evidence=record", "--scale", "smoke")
    assert pytest_claims(repository, *QUICK, *old)[0] == 0
    assert {(row["evidence"], row["scale"]) for row in judged(path)} == {("record", "smoke")}


OTHER = """
import sys

import pytest

{mark}
def test_something({fixture}):
    print([name for name in ("numpy", "pydantic", "rich", "torch") if name in sys.modules])
"""


def run_other(folder, *options, mark="", fixture=""):
    """Exit code and all that was printed by a run of tests that are not ours."""
    (folder / "test_other.py").write_text(OTHER.format(mark=mark, fixture=fixture))
    words = [sys.executable, "-m", "pytest", "-rP", "-p", "no:cacheprovider", *options]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment())
    return done.returncode, done.stdout + done.stderr


def test_a_run_that_tests_no_claim_loads_and_shows_nothing_of_ours(tmp_path):
    code, out = run_other(tmp_path)
    assert (code, "[]" in out, "scoreboard" in out) == (0, True, False)


def test_a_claim_of_other_tests_is_judged_on_the_records_of_the_repository_that_is_named(repository, tmp_path):
    options = ("--claims-root", str(repository), "--claims-gate=none", "--claims-verdicts", "v.json")
    about = {"mark": "@pytest.mark.claim('performance')", "fixture": "judgement"}
    for workers in ((), ("-n2",)):
        code, out = run_other(tmp_path, *options, *workers, **about)
        assert (code, "scoreboard" in out, len(judged(tmp_path / "v.json"))) == (0, True, 4)
    (repository / RECORD).rename(tmp_path / "kept.json")
    code, out = run_other(tmp_path, *options, **about)
    (tmp_path / "kept.json").rename(repository / RECORD)
    assert (code, "which is gone: restore it with git" in out) == (1, True)


def test_a_wrong_option_of_such_a_run_is_an_error_of_one_sentence(tmp_path):
    about = {"mark": "@pytest.mark.claim('performance')", "fixture": "judgement"}
    code, out = run_other(tmp_path, "--claims-root", "nowhere", **about)
    assert code == pytest.ExitCode.INTERRUPTED
    assert "nowhere is no repository of overparam" in out
    assert "Traceback" not in out
