"""The judge's trial as a Markdown table: what must come out of worlds whose truth is known, and what did."""

from collections.abc import Sequence
from itertools import groupby

from overparam.error_rates.trial_file import BoundFile, Row, TrialFile
from overparam.report.tables.markdown import table


def error_rates_table(result: TrialFile) -> str:
    """One line for every kind of world and what is asked of it, over claims and numbers of replicates.

    Args:
        result: as `overparam.error_rates.acceptance.measure_error_rates` returns it.
    """
    rows = sorted(result["rows"], key=_asked)
    order = list(dict.fromkeys(_asked(row) for row in result["rows"]))
    grouped = {key: list(group) for key, group in groupby(rows, key=_asked)}
    met = sum(row["met"] for row in rows)
    head = ["world", "judged", "R", "worlds", "must come out", "came out", "as it must"]
    margins = f"at the margins of SHA-256 {result['preregistration'][:12]}…"
    lines = table(head, [_line(grouped[key]) for key in order], words=2)
    return f"{met} of {len(rows)} counts are as they must be, {margins}.\n\n{lines}"


def _asked(row: Row) -> tuple[str, str]:
    return row["world"], str(row["bounds"])


def _line(rows: Sequence[Row]) -> list[str]:
    first = rows[0]
    seen = {b["counted"]: sorted(row["counts"][b["counted"]] for row in rows) for b in first["bounds"]}
    return [
        first["world"],
        ", ".join(dict.fromkeys(row["claim"] for row in rows)),
        ", ".join(str(R) for R in sorted({row["R"] for row in rows})),
        str(first["worlds"]),
        "; ".join(_bound(bound) for bound in first["bounds"]),
        "; ".join(f"{name} {_span(counts)}" for name, counts in seen.items()),
        f"{sum(row['met'] for row in rows)} of {len(rows)}",
    ]


def _bound(bound: BoundFile) -> str:
    limits = (f"{comparison} {limit}" for comparison, limit in bound.items() if comparison != "counted")
    return f"{bound['counted']} {next(limits)}"


def _span(counts: Sequence[int]) -> str:
    return f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
