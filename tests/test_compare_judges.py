"""The script that judges the records of a revision by its judge and by today's."""

import json
import runpy
from dataclasses import asdict, replace

import pytest
from networks import ROOT
from records import synthetic_record

from overparam.study.record import write_record
from overparam.verdicts.margins import load_preregistration

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "compare_judges.py"))
NOW = SCRIPT["judged_now"](synthetic_record())
CELL = next(cell for cell, line in NOW.items() if (line.claim, line.alpha) == ("performance", "1/4"))
# A judge of old: its interval is twice as wide, and it says of every cell what a file beside the record says.
THEN = {
    "__init__": "",
    "claims": "CLAIMS, CONTROLS, CONTROLS_APART = {}, {}, {'apart': None}",
    "results": "def read_record(path): return path",
    "judging": """
import json
class Line(dict):
    def as_json(self): return self
def load_preregistration(): return None
def judge_record(path, margins, *, evidence, claims):
    lines = json.loads(path.with_name("said.txt").read_text())
    return [] if claims else [Line(line) for line in lines]
""",
    "stats": """
from overparam.metrics.stats import Effect as Now
class Effect(Now):
    def bound(self, tail): return self.mean + 100 * (super().bound(tail) - self.mean)
""",
}


def says(verdict: str):
    return {CELL: replace(NOW[CELL], verdict=verdict)}


@pytest.mark.parametrize(
    ("with_old_interval", "by"),
    [("inconclusive", "interval"), ("holds", "penalty gate"), ("refuted", "interval and penalty gate")],
)
def test_a_change_is_laid_to_what_makes_it(with_old_interval, by):
    (change,) = SCRIPT["changed"](says("inconclusive"), says("holds"), says(with_old_interval))
    study, cell, then, now, found = change.row()
    assert (study, cell, found) == ("digits resnet18 smoke", "performance at 1/4", by)
    assert then == f"inconclusive: {NOW[CELL].why}"
    assert now == f"holds: {NOW[CELL].why}"


def test_a_cell_that_one_judge_lacks_has_not_changed_and_is_counted():
    assert SCRIPT["changed"]({}, says("holds"), says("holds")) == []
    assert SCRIPT["only"](says("holds"), {}) == "performance: 1 holds"
    assert SCRIPT["only"](says("holds"), says("refuted")) == "none"


@pytest.mark.parametrize(("kept", "same"), [(True, "yes"), (False, "no")])
def test_records_are_judged_by_the_code_of_the_revision_and_by_todays(tmp_path, kept, same):
    then, today = tmp_path / "then", tmp_path / "today"
    (then / "overparam").mkdir(parents=True)
    for name, code in THEN.items():
        (then / "overparam" / f"{name}.py").write_text(code)
    path = "results/smoke/digits-resnet18.json"
    write_record(then / path, synthetic_record())
    write_record(today / path, synthetic_record({} if kept else {"performance": 0.0}))
    retired = replace(NOW[CELL], claim="performance-matched-fit")
    said = [asdict(replace(NOW[CELL], verdict="inconclusive", why="then")), asdict(retired)]
    (then / path).with_name("said.txt").write_text(json.dumps(said))
    written = SCRIPT["compare"](then, [path], today)
    assert f"| {path} | {same} | performance-matched-fit: 1 holds | " in written
    row = f"| performance at 1/4 | inconclusive: then | holds: {NOW[CELL].why} | interval |"
    assert written.endswith(row)


def test_a_revision_is_laid_out_whole(tmp_path):
    paths = SCRIPT["unpack"]("HEAD", tmp_path)
    assert "results/reduced/controls/cifar-vgg16.json" in paths
    assert all((tmp_path / path).exists() for path in paths)
    assert not [path for path in paths if "toy" in path]
    assert (tmp_path / "overparam" / "metrics" / "stats.py").exists()
    assert load_preregistration(tmp_path / "overparam" / "verdicts" / "preregistration.toml")
