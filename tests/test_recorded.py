import json
from dataclasses import replace
from fractions import Fraction

import pytest
from gates import study_record

from overparam.errors import ArtifactError
from overparam.io.files import write_json
from overparam.verdicts.judge import cell_id
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.recorded import Baseline, Cell
from overparam.verdicts.registry import judge_record

LINES = judge_record(study_record(), load_preregistration(), evidence="record")
ROWS = [line.as_json() for line in LINES]
CELLS = {Cell(*line.cell) for line in LINES}
TREND = next(line for line in LINES if line.alpha is None)


@pytest.fixture
def baseline(tmp_path):
    write_json(tmp_path / "baseline.json", ROWS)
    return Baseline.read(tmp_path / "baseline.json")


def without(name):
    return [{key: value for key, value in ROWS[0].items() if key != name}]


def test_the_recorded_verdicts_are_found_and_have_no_complaint(baseline):
    assert set(baseline.rows) == CELLS
    assert [line for line in LINES if baseline.complaint(line)] == []


def test_numbers_may_move_where_the_verdict_stands(baseline):
    moved = replace(LINES[0], effect=0.5, lower=None, upper=0.9, replicates=9, evidence="retrain", why="other words")
    assert baseline.complaint(moved) is None


@pytest.mark.parametrize("line", [LINES[0], TREND])
@pytest.mark.parametrize("verdict", ["refuted", "inconclusive"])
def test_another_verdict_is_named_beside_the_recorded_one(baseline, line, verdict):
    assert f"is: {line.verdict}; now it is: {verdict} (" in baseline.complaint(replace(line, verdict=verdict))


@pytest.mark.parametrize(
    "names",
    [{"claim": "span-sideways"}, {"task": "nli"}, {"arch": "vgg16"}, {"alpha": "1/32"}, {"scale": "paper"}],
)
def test_a_cell_that_is_not_recorded_says_so(baseline, names):
    assert "the recorded verdict is: not recorded; now it is" in baseline.complaint(replace(LINES[0], **names))


def test_verdicts_at_other_margins_are_told_apart_though_they_agree(baseline):
    complaint = baseline.complaint(replace(LINES[0], preregistration="a" * 64))
    assert f"of SHA-256 {LINES[0].preregistration[:12]}…, this one at those of {'a' * 12}…" in complaint


def test_without_a_file_nothing_is_recorded(tmp_path):
    assert Baseline.read(tmp_path / "baseline.json").rows == {}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "{}",
        "null",
        "[1]",
        json.dumps(ROWS)[:-1],
        json.dumps(without("verdict")),
        json.dumps(without("preregistration")),
        json.dumps([{**ROWS[0], "verdict": "true"}]),
        json.dumps([{**ROWS[0], "replicates": "many"}]),
        json.dumps([{**ROWS[0], "claim": 1}]),
        "[" * 9999,
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "baseline.json"
    path.write_text(content)
    with pytest.raises(ArtifactError, match=r"holds no verdicts \(.*\): restore it with git, or record") as caught:
        Baseline.read(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_bytes_that_are_no_text_and_a_folder_are_refused(tmp_path):
    (tmp_path / "baseline.json").write_bytes(b"\xff\xfe[]")
    for path in (tmp_path / "baseline.json", tmp_path):
        with pytest.raises(ArtifactError, match="holds no verdicts"):
            Baseline.read(path)


def test_a_cell_that_is_recorded_twice_is_refused(tmp_path):
    write_json(tmp_path / "baseline.json", [*ROWS, {**ROWS[0], "verdict": "refuted"}])
    with pytest.raises(ArtifactError, match="holds a cell twice"):
        Baseline.read(tmp_path / "baseline.json")


@pytest.mark.parametrize(
    ("collected", "selected", "scale", "lacking"),
    [
        (CELLS, CELLS, None, 0),
        (CELLS, CELLS, "smoke", 0),
        (set(), set(), None, len(CELLS)),  # no test at all
        (set(), set(), "paper", 0),  # of another scale
        (CELLS, set(), None, 0),  # all deselected
        (CELLS - {Cell(*LINES[0].cell)}, CELLS, None, 1),
        (CELLS - {Cell(*TREND.cell)}, CELLS - {Cell(*TREND.cell)}, "smoke", 1),
        (CELLS - {Cell(*LINES[0].cell)}, {Cell(*LINES[1].cell)}, None, 1),  # some names
        (CELLS - {Cell(*LINES[0].cell)}, set(), None, 0),  # another task is asked for
        ({cell._replace(arch="vgg16") for cell in CELLS}, CELLS, None, len(CELLS)),
    ],
)
def test_a_recorded_cell_without_a_test_is_missed_unless_it_was_not_asked_for(
    baseline, collected, selected, scale, lacking
):
    assert len(baseline.untested(collected, selected, scale)) == lacking


def test_a_cell_is_called_as_the_page_calls_its_test():
    assert Cell("span-over", "digits", "resnet18", "1/4", "smoke").name == cell_id(
        "span-over", "digits", "resnet18", "smoke", Fraction(1, 4)
    )
    assert Cell(*TREND.cell).name == cell_id(TREND.claim, TREND.task, TREND.arch, TREND.scale, None)
