"""The scoreboard: every judgement as a line of a table, and each claim's reach as a sentence."""

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table

from overparam.study.widths import BESIDE_ALPHA
from overparam.toy.record import TASK
from overparam.verdicts.headlines import SAID, line
from overparam.verdicts.intervals import CONDITION
from overparam.verdicts.judge import Judgement
from overparam.verdicts.registry import every_claim

WIDTH = 170  # columns of a console in which no line is cut
COLOURS = {"holds": "green", "refuted": "red", "inconclusive": "yellow"}


def scoreboard(judgements: Sequence[Judgement]) -> Table:
    """A table with one line a judgement, and what its intervals are conditional on below.

    Accuracies and span errors are both shares, in units of 1. Seeds of the toy share nothing that intervals depend on.
    """
    shared = any(judgement.task != TASK for judgement in judgements)
    below = f"{CONDITION} {BESIDE_ALPHA}" if shared else BESIDE_ALPHA
    table = Table(title="Claims", title_justify="left", header_style="bold", caption=below, caption_justify="left")
    for heading in ("claim", "task", "architecture"):
        table.add_column(heading, no_wrap=True)
    table.add_column("α", justify="right", no_wrap=True)
    for heading in ("effect", "one-sided 95 %", "margin"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("evidence", no_wrap=True)
    table.add_column("scale", no_wrap=True)
    previous = None
    for judgement in judgements:
        group = (judgement.claim, judgement.task, judgement.arch, judgement.scale)
        if previous not in (None, group):
            table.add_section()
        previous = group
        mark = " ᶜ" if judgement.confounded else ""
        table.add_row(
            judgement.claim,
            judgement.task,
            judgement.arch,
            judgement.place,
            signed(judgement.effect),
            interval(judgement),
            f"{judgement.margin:g}",
            f"[{COLOURS[judgement.verdict]}]{judgement.verdict}{mark}[/]",
            f"{judgement.evidence}, R = {judgement.replicates}",
            judgement.scale,
        )
    return table


def summary(judgements: Sequence[Judgement]) -> list[str]:
    """For each claim and study one sentence, where it holds, and below it why not elsewhere; then the marks.

    How many claims hold is not said: what was selected to be judged would decide how much is corrected for.
    """
    ordered = sorted(judgements, key=_study)
    lines, claims = [], every_claim()
    for (claim, task, arch, scale), group in groupby(ordered, key=_study):
        members = list(group)
        lines.append(f"{claim} (Fig. {claims[claim].figure}), {task}-{arch}, {scale}: {line(members).words}")
        reasons: dict[str, list[str]] = {}
        for member in members:
            if not member.holds:
                reasons.setdefault(f"{SAID[member.verdict]}: {member.why}", []).append(member.alpha or "trend")
        lines += [f"    {', '.join(places)} {reason}" for reason, places in reasons.items()]
    if any(judgement.confounded for judgement in judgements):
        lines.append(
            "ᶜ at unequal fit: narrow networks fit their training data less well than M_1, so width may not be the "
            "cause; the claims at equal fit compare them with wide networks that fit as badly"
        )
    return lines


def _study(judgement: Judgement) -> tuple[str, str, str, str]:
    return judgement.claim, judgement.task, judgement.arch, judgement.scale


def interval(judgement: Judgement) -> str:
    """The one-sided 95 % bounds of an effect; a dash where there is none."""
    return f"[{signed(judgement.lower)}, {signed(judgement.upper)}]"


def signed(value: float | None) -> str:
    """An effect or its bound; a dash where there is none."""
    return "−" if value is None else f"{value:+.4f}"
