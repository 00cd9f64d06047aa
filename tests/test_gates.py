"""`pytest claims` as a user runs it, on synthetic records: what passes, what fails, what is skipped."""

import json
import re
import shutil
from dataclasses import replace

import pytest
from gates import CONTROLS, RECORD, make_repository, pin, put_record, study_record
from records import EIGHTH, HALF, QUARTER, SIXTEENTH

from overparam.io.files import digest_file, write_json, write_sealed
from overparam.study.record import write_record
from overparam.verdicts.margins import PACKAGED, load_preregistration
from overparam.verdicts.registry import judge_record

GATES = ("holds", "decided", "baseline", "none")
# One effect too small to hold, and one that nobody could tell: seven tests more than their trends.
MIXED = {
    "over": {HALF: 0.0, QUARTER: 0.001, EIGHTH: 0.2, SIXTEENTH: 0.3},
    "performance": {HALF: 0.005, QUARTER: 0.04, EIGHTH: 0.06, SIXTEENTH: 0.08},
}


@pytest.fixture
def repository(pytester):
    return make_repository(pytester.path)


@pytest.fixture
def claims(pytester, repository):
    """Run the claims in this process: exit code, and all that was printed."""

    def run(*options, marks="digits", place="claims"):
        done = pytester.runpytest_inprocess(
            place, "-m", marks, "-p", "no:cacheprovider", "--import-mode=importlib", *options
        )
        return done.ret, done.stdout.str() + done.stderr.str()

    return run


@pytest.fixture
def recorded(repository):
    """A repository whose verdicts are recorded; the rows, which a test may change."""
    record = study_record()
    put_record(repository, record)
    rows = [line.as_json() for line in judge_record(record, load_preregistration(), evidence="record")]
    write_json(repository / "claims/baseline.json", rows)
    return rows


def test_claims_that_hold_pass_and_the_scoreboard_shows_every_cell(repository, claims):
    put_record(repository, study_record())
    code, out = claims("-v", "--claims-verdicts", "verdicts.json")
    assert code == 0, out
    rows = json.loads((repository / "verdicts.json").read_text())
    assert {row["verdict"] for row in rows} == {"holds"}
    assert len(rows) == 3 + 1 + 1 + 4 + 1 + 4 + 1 + 4 + 1 + 4 + 4 + 1
    assert out.count("holds") >= len(rows)
    assert "span-over (Fig. 1), digits-resnet18, smoke: holds at α = 1/4, 1/8, 1/16, growth holds" in out


def test_refuted_claims_fail_and_inconclusive_ones_are_their_own_kind(repository, claims):
    put_record(repository, study_record(effects=MIXED))
    code, out = claims()
    assert code == 1
    assert "refuted: span-over, digits-resnet18, smoke: +0.001 at α = 1/4; margin 0.02" in out
    assert re.search(r"^span-over +│✗✓✓↗", out, re.MULTILINE)
    assert re.search(r"= .*2 inconclusive, 1 refuted", out)  # performance at 1/2, and of as many parameters
    assert "assert" not in out  # no traceback: a verdict is no fault of the code
    assert "is below the margin 0.02" in claims("-v")[1]


def test_the_gate_decided_fails_on_what_is_not_decided(repository, claims):
    put_record(repository, study_record(effects=MIXED))
    code, out = claims("--claims-gate=decided")
    assert code == 1
    assert re.search(r"= .*2 inconclusive", out)
    put_record(repository, study_record(effects={"under": {HALF: 0.001, QUARTER: 0.1, EIGHTH: 0.15, SIXTEENTH: 0.2}}))
    assert claims("--claims-gate=decided")[0] == 0  # what is refuted is decided


def test_the_gate_none_passes_whatever_comes_out(repository, claims):
    put_record(repository, study_record(effects=MIXED))
    assert claims("--claims-gate=none")[0] == 0


def test_the_gate_baseline_passes_on_recorded_verdicts_and_fails_on_a_change_either_way(repository, claims):
    put_record(repository, study_record(effects=MIXED))
    code, out = claims("--claims-gate=baseline")
    assert (code, "the recorded verdict is: not recorded" in out) == (1, True)
    assert claims("--claims-gate=none", "--claims-verdicts=claims/baseline.json")[0] == 0
    assert claims("--claims-gate=baseline")[0] == 0
    put_record(repository, study_record())
    code, out = claims("--claims-gate=baseline")
    assert code == 1
    assert "the recorded verdict is: refuted; now it is: holds" in out


def test_without_evidence_claims_are_skipped_naming_the_command(claims):
    code, out = claims()
    assert code == 0
    assert "not judged: there is no record of digits-resnet18 at scale smoke: make it with" in out
    assert "`overparam study digits resnet18 --scale smoke`" in out
    assert "passed" not in out


def test_where_nothing_was_judged_the_gate_baseline_fails(claims):
    code, out = claims("--claims-gate=baseline")
    assert code == 1
    assert "error: nothing was judged, which is no success" in out


def edited(root):
    path = root / RECORD
    path.write_text(path.read_text(encoding="utf-8").replace('"epochs": 10', '"epochs": 11'), encoding="utf-8")


def repin(root, change):
    path = root / "dvc.lock"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def put(content, place=RECORD):
    """Other content in a record's place, pinned there."""

    def damage(root):
        content(root / place)
        pin(root, study_record(), *{RECORD, place})

    return damage


def of_other(**names):
    return lambda path: write_record(path, replace(study_record(), **names))


def of_controls(path):
    sample = next(iter(study_record().samples.values()))
    write_record(path, replace(study_record(), samples={"copies": sample}))


def of_other_checkpoints(path):
    text = json.dumps({str(alpha): entry for alpha, entry in study_record().networks.items()})
    networks = json.loads(text.replace("digits-resnet18", "digits-vgg16"))
    write_record(path, replace(study_record(), networks={a: networks[str(a)] for a in study_record().alphas}))


def on_other_data(path):
    write_record(path, replace(study_record(), data={**study_record().data, "sha256": {"train": "1" * 64}}))


# What is done to the evidence, and what is said of it.
DAMAGES = {
    "no lock": (lambda root: (root / "dvc.lock").unlink(), "is stale .*dvc.lock pins no that checkpoint"),
    "no results": (lambda root: shutil.rmtree(root / "results"), f"dvc.lock pins {RECORD}, which is gone"),
    "an edited record": (edited, "is damaged or was edited"),
    "an edited record, pinned": (put(lambda path: edited(path.parents[2])), "is damaged or was edited"),
    "a record cut short": (put(lambda path: path.write_text(path.read_text()[:999])), "is damaged or was edited"),
    "an empty record": (put(lambda path: path.write_text("")), "is damaged or was edited"),
    "another version pinned": (lambda root: repin(root, lambda text: text.replace("md5: ", "md5: 0")), "is stale"),
    "a lock that is none": (lambda root: repin(root, lambda text: "stages: 5"), "dvc.lock is damaged"),
    "of another architecture": (put(of_other(arch="vgg16")), "of arch vgg16, where arch resnet18 belongs"),
    "of another scale": (put(of_other(scale="paper")), "of scale paper, where scale smoke belongs"),
    "of controls": (put(of_controls), "of kind controls, where kind measurements belongs"),
    "measured on other checkpoints": (put(of_other_checkpoints), "digits-vgg16.* where .*digits-resnet18.* belongs"),
    "of the toy": (put(lambda path: write_sealed(path, {"spec": {}})), "record of the toy, where a record of a study"),
    "of other data": (put(on_other_data), "a train split that data.dvc does not pin"),
    "measurements in the place of controls": (put(of_other(), CONTROLS), "of kind measurements, where kind controls"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_evidence_that_is_damaged_stale_or_of_another_study_fails(repository, recorded, claims, damage):
    change, sentence = DAMAGES[damage]
    change(repository)
    code, out = claims("-k", "span-over")
    assert code == 1
    assert re.search(sentence, out.replace("\n", " "))
    assert "Traceback" not in out


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("damage", ["no lock", "no results", "an edited record, pinned", "of another architecture"])
def test_it_fails_under_every_gate(repository, recorded, claims, damage, gate):
    assert claims("-k", "span-over", f"--claims-gate={gate}")[0] == 0
    DAMAGES[damage][0](repository)
    assert claims("-k", "span-over", f"--claims-gate={gate}")[0] == 1


@pytest.mark.parametrize(("gate", "code"), [("holds", 0), ("baseline", 1), ("none", 0)])
def test_evidence_that_was_never_made_fails_only_where_verdicts_are_recorded(repository, recorded, claims, gate, code):
    shutil.rmtree(repository / "results")
    (repository / "dvc.lock").unlink()
    got, out = claims(f"--claims-gate={gate}")
    assert got == code
    assert ("its verdict is recorded, and cannot be taken again: there is no record" in out) == (gate == "baseline")


def renamed(**names):
    """One recorded cell more, that differs from the first in these names."""
    return lambda rows: [*rows, {**rows[0], **names}]


def first(**changes):
    return lambda rows: [{**rows[0], **changes}, *rows[1:]]


NO_TEST = "is recorded, and no test takes it again"
BASELINES = {
    "another verdict": (first(verdict="refuted"), "the recorded verdict is: refuted; now it is: holds"),
    "other margins": (first(preregistration="0" * 64), "taken at the margins of SHA-256 000000000000…, this one"),
    "a cell less": (lambda rows: rows[1:], "the recorded verdict is: not recorded; now it is: holds"),
    "no cells": (lambda rows: [], "the recorded verdict is: not recorded"),
    "another claim": (renamed(claim="span-sideways"), f"span-sideways-digits-resnet18.* {NO_TEST}"),
    "another architecture": (renamed(arch="vgg16"), f"digits-vgg16.* {NO_TEST}"),
    "another width": (renamed(alpha="1/32"), f"digits-resnet18-smoke-1_32 {NO_TEST}"),
    "another task": (renamed(task="nli", arch="transformer"), f"nli-transformer.* {NO_TEST}"),
    "another scale": (renamed(scale="paper"), f"digits-resnet18-paper-.* {NO_TEST}"),
    "a trend of none": (renamed(claim="span-mild", alpha=None), f"span-mild-digits-resnet18-smoke-trend {NO_TEST}"),
}  # fmt: skip


@pytest.mark.parametrize("change", BASELINES)
def test_every_recorded_cell_must_be_judged_again_and_agree(repository, recorded, claims, change):
    differ, sentence = BASELINES[change]
    write_json(repository / "claims/baseline.json", differ(recorded))
    code, out = claims("-k", "span", "--claims-gate=baseline")
    assert code == 1
    assert re.search(sentence, out)


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ([], {"marks": "digits"}),
        ([{"task": "toy", "arch": "two-layer"}], {"marks": "digits"}),  # deselected
        ([{"scale": "paper"}], {"options": ("--claims-scale=smoke",)}),
        ([{"claim": "span-sideways"}], {"place": "claims/test_span.py"}),
        ([], {"options": ("-k", "performance")}),
    ],
    ids=["all", "another task", "another scale", "some files", "some names"],
)
def test_what_is_not_asked_for_need_not_be_judged_again(repository, recorded, claims, more, options):
    write_json(repository / "claims/baseline.json", [*recorded, *({**recorded[0], **names} for names in more)])
    chosen = options.pop("options", ())
    code, out = claims("--claims-gate=baseline", *chosen, **options)
    assert code == 0, out


def test_an_edited_margin_fails_the_gate_even_where_no_verdict_moves(repository, recorded, claims):
    edited = repository / "edited.toml"
    edited.write_text(PACKAGED.read_text(encoding="utf-8").replace("span = 0.02", "span = 0.021"), encoding="utf-8")
    assert claims("--claims-gate=holds", "--claims-margins", "edited.toml")[0] == 0
    code, out = claims("--claims-gate=baseline", "--claims-margins", "edited.toml")
    assert code == 1
    assert f"this one at those of {digest_file(edited)[:12]}…: restore the margins" in out


# Before pytest 9.2 an unknown marker is not named: nothing is run, and that is an error as well.
UNKNOWN_MARKER = "cifra" if pytest.version_tuple >= (9, 2) else r"= \d+ deselected in"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--claims-scale", "huge"], "there is no scale 'huge': params.yaml has paper, smoke"),
        (["-m", "cifra"], UNKNOWN_MARKER),
        (["--claims-evidence", "hearsay"], "invalid choice: 'hearsay'"),
    ],
)
def test_an_unknown_word_is_a_usage_error(claims, options, sentence):
    code, out = claims(*options)
    assert code != 0
    assert re.search(sentence, out)


def test_a_damaged_baseline_is_a_usage_error(repository, claims):
    (repository / "claims/baseline.json").write_text("{")
    code, out = claims("--claims-gate=baseline")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "baseline.json holds no verdicts" in out
    assert claims("--claims-gate=holds")[0] == 0
