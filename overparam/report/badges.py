"""Badges: for every task and scale one a claim and one over all claims, from how the records are judged now."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from anybadge import Badge

from overparam.io.files import write_json, write_text
from overparam.report.settings import Setting
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.headlines import KINDS, Count, counts, line
from overparam.verdicts.registry import plugged_claims
from overparam.verdicts.toy import TOY_CLAIMS

GREY = "#6b6b6b"
COLOURS = {
    "holds": "#2e7d32",
    "partly": "#5f7318",
    "inconclusive": "#8d6e00",
    "refuted": "#b3261e",
    "stale": GREY,
    "not measured": GREY,
}
GREY_STATES = {"stale": "stale", "missing": "not measured"}


def write_badges(settings: Iterable[Setting], folder: Path) -> list[Path]:
    """Write ``SCALE/TASK-CLAIM.svg``, the endpoint ``….json`` beside it, and ``SCALE/TASK.svg``; return the SVGs.

    A claim on a task holds as far as it holds for every architecture. Where a record is stale or missing, badges are
    grey.
    """
    written = []
    for (scale, task), group in groupby(settings, key=lambda setting: (setting.scale, setting.task)):
        members = list(group)
        messages = _messages(members)
        for claim, (message, kind) in messages.items():
            stem = f"{task}-{claim.removeprefix(f'{task}-')}"
            written.append(_write(folder / scale / stem, claim, f"{task} {scale}: {message}", kind))
        written.append(_write(folder / scale / task, f"{task} {scale}", *(_grey(members) or _count(members))))
    return written


def _messages(members: Sequence[Setting]) -> dict[str, tuple[str, str]]:
    """By claim: what its badge says, and which colour it has."""
    known = TOY_CLAIMS if members[0].task == "toy" else CLAIMS | plugged_claims()
    if grey := _grey(members):
        return dict.fromkeys(known, grey)
    judged = {claim: [judgement for member in members for judgement in member.of(claim)] for claim in known}
    lines = {claim: line(judgements) for claim, judgements in judged.items() if judgements}
    return {claim: (found.words, found.kind) for claim, found in lines.items()}


def _grey(members: Sequence[Setting]) -> tuple[str, str] | None:
    """What every badge says, and its colour, where a record is stale or missing; None if none is."""
    states = {member.state for member in members}
    return next(((name, name) for state, name in GREY_STATES.items() if state in states), None)


def _count(members: Sequence[Setting]) -> tuple[str, str]:
    """How many claims hold, partly or not, for the badge over all of them; its colour is that of the worst.

    What a count leaves out is not established.
    """
    found = counts([judgement for member in members for judgement in member.judgements])
    kinds = [each.kind for count in found for each in count.lines.values()]
    return "; ".join(_said(count) for count in found), min(kinds, key=KINDS.index)


def _said(count: Count) -> str:
    others: dict[str, int] = {"partly": len(count.of("partly")), "refuted": len(count.of("refuted"))}
    return ", ".join([count.words, *(f"{number} {kind}" for kind, number in others.items() if number)])


def _write(path: Path, label: str, message: str, kind: str) -> Path:
    image = path.with_name(f"{path.name}.svg")
    badge = Badge(label=label, value=message, default_color=COLOURS[kind], num_padding_chars=1)
    write_text(image, badge.badge_svg_text)
    endpoint = {"schemaVersion": 1, "label": label, "message": message, "color": COLOURS[kind].removeprefix("#")}
    write_json(path.with_name(f"{path.name}.json"), endpoint)
    return image
