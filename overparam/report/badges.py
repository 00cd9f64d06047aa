"""Badges: for every task and scale one a claim and one over all claims, from how the records are judged now."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from anybadge import Badge

from overparam.claims import CLAIMS
from overparam.files import write_atomically, write_json
from overparam.judging import holds_up_to
from overparam.report.settings import OUTCOMES, Setting, outcome
from overparam.toy.claims import TOY_CLAIMS

GREY = "#6b6b6b"
COLOURS = {
    "holds": "#2e7d32",
    "partly": "#5f7318",
    "inconclusive": "#8d6e00",
    "refuted": "#b3261e",
    "stale": GREY,
    "not measured": GREY,
}


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
        written.append(_write(folder / scale / task, f"{task} {scale}", *_count(messages)))
    return written


def _messages(members: Sequence[Setting]) -> dict[str, tuple[str, str]]:
    """By claim: what its badge says, and which colour it has."""
    known = TOY_CLAIMS if members[0].task == "toy" else CLAIMS
    for state, message in (("stale", "stale"), ("missing", "not measured")):
        if any(member.state == state for member in members):
            return dict.fromkeys(known, (message, message))
    return {claim: _over_architectures(members, claim) for claim in known if members[0].of(claim)}


def _over_architectures(members: Sequence[Setting], claim: str) -> tuple[str, str]:
    """The least favourable of the architectures, by outcome and then by reach."""
    judged = [member.of(claim) for member in members]
    kinds = [outcome(judgements)[1] for judgements in judged]
    worst = min(range(len(members)), key=lambda k: (OUTCOMES.index(kinds[k]), holds_up_to(judged[k]) or 0))
    return outcome(judged[worst])


def _count(messages: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """How many claims hold, partly or not, for the badge over all of them; its colour is that of the worst."""
    kinds = [kind for _, kind in messages.values()]
    for message in ("stale", "not measured"):
        if message in kinds:
            return message, message
    others = [f", {kinds.count(kind)} {kind}" for kind in ("partly", "refuted") if kind in kinds]
    return f"{kinds.count('holds')} of {len(kinds)} claims hold{''.join(others)}", min(kinds, key=OUTCOMES.index)


def _write(path: Path, label: str, message: str, kind: str) -> Path:
    image = path.with_name(f"{path.name}.svg")
    badge = Badge(label=label, value=message, default_color=COLOURS[kind], num_padding_chars=1)
    write_atomically(image, lambda temporary: temporary.write_text(badge.badge_svg_text, encoding="utf-8"))
    endpoint = {"schemaVersion": 1, "label": label, "message": message, "color": COLOURS[kind].removeprefix("#")}
    write_json(path.with_name(f"{path.name}.json"), endpoint)
    return image
