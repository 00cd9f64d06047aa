"""The script that compares records with what they were."""

import runpy
from dataclasses import replace

from networks import ROOT
from records import INSIDE, QUARTER, synthetic_record

from overparam.study.feature_blocks import S
from overparam.study.quantities import FP
from overparam.study.record import write_record


def with_penalties(record, *penalties):
    choices = {"probe": [replace(INSIDE, penalty=penalty) for penalty in penalties]}
    return replace(record, penalties={**record.penalties, str(FP(S(QUARTER))): choices})


def test_what_moved_tells_penalties_numbers_and_verdicts(tmp_path, monkeypatch):
    row = runpy.run_path(str(ROOT / "scripts" / "what_moved.py"))["row"]
    path = tmp_path / "record.json"
    before = with_penalties(synthetic_record(), 1.0, 1.0, 1.0, 1.0, 1.0)
    after = with_penalties(synthetic_record({"performance": 0.001}), 1.0, 2.0, 2.0, 1.0, 2.0)
    write_record(path, after)
    monkeypatch.setitem(row.__globals__, "at_revision", lambda path, revision: before)
    shown, penalties, fp, fse, verdicts = (cell.strip() for cell in row(path, "HEAD").strip("|").split("|"))
    assert shown == str(path)
    assert penalties.startswith("3 of ")
    assert fp.startswith("0.0790, FP(S_1/16")
    assert fse == "nothing"
    assert "performance at 1/4: holds +0.0400 → refuted +0.0010" in verdicts
