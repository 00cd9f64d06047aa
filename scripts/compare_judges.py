#!/usr/bin/env python
"""Every record of a revision, judged by the judge of that revision and by today's: which cells changed, and why.

Writes the tables of docs/judges.md. Records are those of the revision, since its judge cannot read all newer ones.

    python scripts/compare_judges.py 4e83559
"""

import json
import os
import runpy
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from unittest.mock import patch

from overparam.report.tables.markdown import replace_section, table
from overparam.study.record import Record, read_record
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record

PAGE = Path("docs/judges.md")
# What runs in the revision's own folder, on its own code, which lies there where it lay then.
JUDGE_THEN = """
import json, sys
from pathlib import Path
from overparam.claims import CLAIMS, CONTROLS, CONTROLS_APART
from overparam.judging import judge_record, load_preregistration
from overparam.results import read_record

def judged(path):
    claims = CONTROLS_APART if Path(path).parent.name == "controls" else CLAIMS | CONTROLS
    lines = judge_record(read_record(Path(path)), load_preregistration(), evidence="record", claims=claims)
    return [line.as_json() for line in lines]

print(json.dumps({path: judged(path) for path in sys.argv[1:]}))
"""


@dataclass(frozen=True)
class Line:
    """What a judge says of a cell, as far as judges of then and of now say the same."""

    claim: str
    task: str
    arch: str
    alpha: str | None
    scale: str
    verdict: str
    why: str

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Line":
        """From the plain values of a judgement."""
        return cls(**{field.name: said[field.name] for field in fields(cls)})

    @property
    def cell(self) -> tuple[str, ...]:
        """What the line is about, whatever it says."""
        return (self.claim, self.task, self.arch, self.alpha or "trend", self.scale)


Lines = Mapping[tuple[str, ...], Line]  # by cell


def unpack(revision: str, folder: Path) -> list[str]:
    """Code, margins and records of a revision, laid into a folder; returns the records of studies in it."""
    archive = subprocess.run(
        ["git", "archive", revision, "overparam", "claims", "results"], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    studies = [*folder.glob("results/*/*-*.json"), *folder.glob("results/*/controls/*-*.json")]
    return sorted(path.relative_to(folder).as_posix() for path in studies)


def judged_then(folder: Path, paths: Sequence[str]) -> dict[str, Lines]:
    """By record, what the judge of the revision says."""
    environment = {**os.environ, "PYTHONPATH": str(folder.resolve())}
    said = subprocess.run(
        [sys.executable, "-c", JUDGE_THEN, *paths], cwd=folder, env=environment, capture_output=True, check=True
    )
    return {path: by_cell(lines) for path, lines in json.loads(said.stdout).items()}


def judged_now(record: Record) -> Lines:
    """What today's judge says."""
    judgements = judge_record(record, load_preregistration(), evidence="record")
    return by_cell([judgement.as_json() for judgement in judgements])


def by_cell(judgements: Sequence[Mapping[str, Any]]) -> Lines:
    """Lines of one record by what they are about."""
    return {line.cell: line for line in map(Line.of, judgements)}


def point(then: Line, now: Line, with_old_interval: Line) -> str:
    """What made the difference: the interval, where today's judge with the old one says what was said; or the gates."""
    if with_old_interval.verdict == now.verdict:
        return "penalty gate"
    return "interval" if with_old_interval.verdict == then.verdict else "interval and penalty gate"


@dataclass(frozen=True)
class Change:
    """A cell that both judges judged, otherwise, and by what."""

    then: Line
    now: Line
    by: str

    def row(self) -> list[str]:
        """As it stands in a table."""
        line = self.now
        cell = f"{line.claim} at {line.alpha}" if line.alpha else f"{line.claim}, trend"
        said = [f"{one.verdict}: {one.why}" for one in (self.then, line)]
        return [f"{line.task} {line.arch} {line.scale}", cell, *said, self.by]


def changed(then: Lines, now: Lines, with_old_interval: Lines) -> list[Change]:
    """Every cell that both judges judged, otherwise."""
    return [
        Change(then[cell], line, point(then[cell], line, with_old_interval[cell]))
        for cell, line in now.items()
        if cell in then and then[cell].verdict != line.verdict
    ]


def only(some: Lines, others: Lines) -> str:
    """How many lines the others lack, by claim and verdict."""
    counts: dict[str, Counter[str]] = {}
    for cell in sorted(some.keys() - others.keys()):
        counts.setdefault(some[cell].claim, Counter())[some[cell].verdict] += 1
    said = (f"{claim}: " + ", ".join(f"{n} {verdict}" for verdict, n in by.items()) for claim, by in counts.items())
    return "; ".join(said) or "none"


def tables(rows: Sequence[Sequence[str]], changes: Sequence[Change]) -> str:
    """How many cells changed by what, a line for each record, and one for each cell that changed."""
    counts = Counter((one.by, one.then.verdict, one.now.verdict) for one in changes)
    of_points = [[*kind, str(count)] for kind, count in sorted(counts.items())]
    of_records = ["record", "is it today's?", "only then", "only now", "judged by both", "changed"]
    return "\n\n".join(
        [
            table(["by", "then", "now", "cells"], of_points, words=3),
            table(of_records, rows, words=4),
            table(["study", "cell", "then", "now", "by"], [one.row() for one in changes], words=5),
        ]
    )


def compare(folder: Path, paths: Sequence[str], root: Path) -> str:
    """The tables, of records of a revision that were laid into a folder.

    Args:
        folder: where code, margins and records of the revision are.
        paths: of records in it.
        root: where today's records are, by the same paths.
    """
    old_effect: Any = runpy.run_path(str(folder / "overparam" / "stats.py"))["Effect"]
    rows, changes = [], []
    for path, then in judged_then(folder, paths).items():
        record, today = read_record(folder / path), root / path
        now = judged_now(record)
        with patch("overparam.study.record.Effect", old_effect):
            with_old_interval = judged_now(record)
        found = changed(then, now, with_old_interval)
        same = today.exists() and today.read_bytes() == (folder / path).read_bytes()
        both = str(len(then.keys() & now.keys()))
        rows.append([path, "yes" if same else "no", only(then, now), only(now, then), both, str(len(found))])
        changes += found
    return tables(rows, changes)


def main() -> None:
    """Judge by both, and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        replace_section(PAGE, "judges", compare(folder, unpack(sys.argv[1], folder), Path()))


if __name__ == "__main__":
    main()
