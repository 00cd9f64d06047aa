"""How far ridge penalties can be moved before the outcome of span-over changes, read off a record of controls."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import takewhile

import numpy as np

from overparam.metrics.stats import greater
from overparam.study.record import Record, Sample
from overparam.verdicts.claims import CLAIMS, SPAN_OVER


def insensitive_range(path: Sample, alpha: Fraction, margin: float) -> tuple[float, float]:
    """The least and the greatest factor on the chosen penalties up to which the gap compares with δ as at 1.

    Args:
        path: span errors along the ridge path.
        alpha: width factor of the narrow networks.
        margin: δ.
    """
    outcomes = {
        factor: greater(path.effect(SPAN_OVER.effect(alpha), factor), margin).outcome for factor in path.factors
    }

    def reached(factors: Sequence[float]) -> float:
        return list(takewhile(lambda factor: outcomes[factor] == outcomes[1.0], factors))[-1]

    middle = path.factors.index(1.0)
    return reached(path.factors[middle::-1]), reached(path.factors[middle:])


def penalty_sensitivity(controls: Record, margin: float) -> str:
    """A sentence on how far the penalties can be moved at each width; empty where there is nothing to tell."""
    alphas = CLAIMS["span-over"].widths.about(controls.members)
    if not alphas or len(controls.replicates) < 2:
        return ""
    path = controls.samples["path"]
    reached: dict[str, list[Fraction]] = {}
    for alpha in alphas:
        reached.setdefault(_decades(*insensitive_range(path, alpha, margin)), []).append(alpha)
    moves = [f"{decades} (α = {', '.join(map(str, widths))})" for decades, widths in reached.items()]
    return (
        f"The gap of span-over compares with δ as it does even if all ridge penalties are moved by {', '.join(moves)} "
        f"decades, of {_decades(path.factors[0], path.factors[-1])} tried."
    )


def _decades(low: float, high: float) -> str:
    return f"{np.log10(low):+g} to {np.log10(high):+g}".replace("-", "−")
