"""`pytest claims` as a user runs it, on synthetic records: evidence, gates, scoreboard, verdict files."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from networks import ROOT
from records import ALPHAS, EIGHTH, HALF, QUARTER, SIXTEENTH, synthetic_record

from overparam.files import digest_file
from overparam.results import write_record


@pytest.fixture
def repository(tmp_path):
    """A repository with the claims, one architecture on digits, and no evidence."""
    shutil.copytree(ROOT / "claims", tmp_path / "claims", ignore=shutil.ignore_patterns("__pycache__", "baseline.json"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["scales"]["smoke"]["digits"] |= {"architectures": ["resnet18"], "quick": False}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    return tmp_path


def put_record(repository, **changes):
    record = synthetic_record(alphas=ALPHAS, replicates=3, **changes)
    path = repository / "results" / "smoke" / "digits-resnet18.json"
    write_record(path, record)
    outs = [checkpoint for entry in record.networks.values() for checkpoint in entry["checkpoints"]]
    outs.append({"path": path.relative_to(repository).as_posix(), "md5": digest_file(path, "md5")})
    (repository / "dvc.lock").write_text(yaml.safe_dump({"stages": {"train": {"outs": outs}}}))


def pytest_claims(repository, *options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    command = [sys.executable, "-m", "pytest", "claims", "-m", "digits", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


# One effect too small to hold, and one that nobody could tell: seven tests more than their trends.
MIXED = {
    "over": {HALF: 0.0, QUARTER: 0.001, EIGHTH: 0.2, SIXTEENTH: 0.3},
    "performance": {HALF: 0.005, QUARTER: 0.04, EIGHTH: 0.06, SIXTEENTH: 0.08},
}


def test_claims_that_hold_pass_and_the_scoreboard_shows_every_cell(repository):
    put_record(repository)
    code, out = pytest_claims(repository, "--verdicts", "verdicts.json")
    assert code == 0, out
    rows = json.loads((repository / "verdicts.json").read_text())
    assert {row["verdict"] for row in rows} == {"holds"}
    assert len(rows) == 3 + 1 + 1 + 4 + 1 + 4 + 1 + 4 + 1 + 4 + 4 + (3 + 4 + 1)
    assert out.count("holds") >= len(rows)
    assert (
        "span-over (Fig. 1), digits-resnet18, smoke: holds for 1/16 ≤ α ≤ 1/4; that it grows as α falls: holds" in out
    )


def test_refuted_claims_fail_and_inconclusive_ones_are_their_own_kind(repository):
    put_record(repository, effects=MIXED)
    code, out = pytest_claims(repository)
    assert code == 1
    assert "REFUTED claims/test_span.py" in out
    assert "3 inconclusive" in out  # performance at 1/2 and of two controls
    assert "is below the margin 0.02" in out


def test_the_gate_none_passes_whatever_comes_out(repository):
    put_record(repository, effects=MIXED)
    assert pytest_claims(repository, "--claims-gate=none")[0] == 0


def test_the_gate_baseline_passes_on_recorded_verdicts_and_fails_on_a_change_either_way(repository):
    put_record(repository, effects=MIXED)
    recorded = "--verdicts=claims/baseline.json"
    code, out = pytest_claims(repository, "--claims-gate=baseline")
    assert (code, "the recorded verdict is: not recorded" in out) == (1, True)
    assert pytest_claims(repository, "--claims-gate=none", recorded)[0] == 0
    assert pytest_claims(repository, "--claims-gate=baseline")[0] == 0
    put_record(repository)
    code, out = pytest_claims(repository, "--claims-gate=baseline")
    assert code == 1
    assert "the recorded verdict is: refuted; now it is: holds" in out


def test_without_evidence_claims_are_skipped_naming_the_command(repository):
    code, out = pytest_claims(repository)
    assert code == 0
    assert "not judged: there is no record of digits-resnet18 at scale smoke: make it with" in out
    assert "`overparam study digits resnet18 --scale smoke`" in out
    assert "passed" not in out


def test_an_edited_record_fails_every_claim_with_the_sentence(repository):
    put_record(repository)
    path = repository / "results" / "smoke" / "digits-resnet18.json"
    path.write_text(path.read_text().replace('"epochs": 10', '"epochs": 11'))
    code, out = pytest_claims(repository, "--claims-gate=none")
    assert code == 1
    assert "is damaged or was edited" in out
    assert "Traceback" not in out


# Before pytest 9.2 an unknown marker is not named: nothing is run, and that is an error as well.
UNKNOWN_MARKER = "cifra" if pytest.version_tuple >= (9, 2) else r"= \d+ deselected in"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--scale", "huge"], "there is no scale 'huge': params.yaml has paper, pilot, reduced, smoke"),
        (["-m", "cifra"], UNKNOWN_MARKER),
        (["--evidence", "hearsay"], "invalid choice: 'hearsay'"),
    ],
)
def test_an_unknown_word_is_a_usage_error(repository, options, sentence):
    code, out = pytest_claims(repository, *options)
    assert code != 0
    assert re.search(sentence, out)
