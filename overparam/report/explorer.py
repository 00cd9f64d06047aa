"""What the interactive figure draws: every judgement of every study, as data for the page's own script."""

from collections.abc import Mapping, Sequence
from typing import Any

from overparam.report.settings import Setting
from overparam.verdicts.headlines import SAID, fit_of
from overparam.verdicts.judge import Judgement


def explorer_data(settings: Sequence[Setting], groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Studies, claims, and the cells of each study by claim, as plain values.

    Args:
        settings: that are judged, in the order in which to offer them.
        groups: claims and controls by name, by the name of their group.
    """
    return {
        "studies": [
            {
                "id": setting.id,
                "title": setting.title,
                "scale": setting.scale,
                "task": setting.task,
                "cells": {claim: list(map(_cell, found)) for claim, found in _by_width(setting).items()},
            }
            for setting in settings
        ],
        "claims": {
            name: {"group": group, "figure": claim.figure, "inequality": claim.words}
            for group, claims in groups.items()
            for name, claim in claims.items()
        },
    }


def _by_width(setting: Setting) -> dict[str, list[Judgement]]:
    """The cells of each claim, from the widest down; trends are of several widths."""
    found: dict[str, list[Judgement]] = {}
    for judgement in setting.judgements:
        if judgement.alpha:
            found.setdefault(judgement.claim, []).append(judgement)
    return found


def _cell(judgement: Judgement) -> dict[str, Any]:
    return {
        "alpha": judgement.alpha,
        "place": judgement.place,
        "effect": _short(judgement.effect),
        "lower": _short(judgement.lower),
        "upper": _short(judgement.upper),
        "margin": judgement.margin,
        "verdict": SAID[judgement.verdict],
        "fit": fit_of(judgement),
    }


def _short(value: float | None) -> float | None:
    """As many digits as the page shows."""
    return None if value is None else round(value, 4)
