#!/usr/bin/env python
"""What moved in every record since a revision: penalties, accuracies, span errors and verdicts, all by today's judge.

Writes the table of docs/probes.md: of records that both revisions have, and of quantities that both measured.

    python scripts/what_moved.py 4e83559
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from overparam.errors import ArtifactError
from overparam.study.record import Record, read_record
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record
from overparam.verdicts.scoreboard import signed

HEAD = "| record | probe penalties that moved | FP moved by at most | FSE moved by at most | verdicts that moved |"


def at_revision(path: Path, revision: str) -> Record:
    """A record as it was.

    Raises:
        ArtifactError: if there was none, or none that can be read any more.
    """
    shown = subprocess.run(["git", "show", f"{revision}:{path}"], capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        if shown.returncode == 0:
            copy.write_bytes(shown.stdout)
        return read_record(copy)


def values(record: Record, wanted: Callable[[str], bool]) -> dict[str, np.ndarray]:
    """By quantity, its values over replicates."""
    return {
        name: sample.values[sample.factors.index(1.0)][:, k]
        for sample in record.samples.values()
        for k, name in enumerate(sample.quantities)
        if wanted(name) and 1.0 in sample.factors
    }


def moved(before: Record, after: Record, wanted: Callable[[str], bool]) -> str:
    """The largest change of a quantity, and which it is."""
    old, new = values(before, wanted), values(after, wanted)
    gaps = {name: float(np.abs(old[name] - new[name]).max()) for name in old if name in new}
    worst = max(gaps, key=lambda name: gaps[name], default="")
    return f"{gaps[worst]:.4f}, {worst}" if gaps and gaps[worst] else "nothing"


def row(path: Path, revision: str) -> str:
    """The line of one record."""
    before, after, margins = at_revision(path, revision), read_record(path), load_preregistration()
    pairs = [
        (old.penalty, new.penalty)
        for name, choices in after.penalties.items()
        for old, new in zip(before.penalties.get(name, {}).get("probe", []), choices.get("probe", []), strict=False)
    ]
    old, new = (
        {line.cell: line for line in judge_record(record, margins, evidence="record")} for record in (before, after)
    )
    changed = [
        f"{cell[0]} at {cell[3]}: {old[cell].verdict} {signed(old[cell].effect)} → {line.verdict} {signed(line.effect)}"
        for cell, line in new.items()
        if cell in old and old[cell].verdict != line.verdict
    ]
    penalties = f"{sum(a != b for a, b in pairs)} of {len(pairs)}"
    quantities = moved(before, after, lambda name: "FP(" in name), moved(before, after, lambda name: "FSE(" in name)
    return f"| {path} | {penalties} | {' | '.join(quantities)} | {'<br>'.join(changed) or 'none'} of {len(new)} |"


def main() -> None:
    """Print the table."""
    print(HEAD, "|---|--:|---|---|---|", sep="\n")
    for path in sorted(Path("results").glob("*/*.json")) + sorted(Path("results").glob("*/controls/*.json")):
        try:
            print(row(path, sys.argv[1]))
        except ArtifactError:
            continue  # of the toy, or new since


if __name__ == "__main__":
    main()
