"""How many replicates, or held-out examples, would decide what an interval leaves open.

The variance of a mean effect is F + c (`metrics.stats`). What seeds contribute to F falls with the replicates alone;
what the sampling of examples contributes to it, and c, fall with the examples. If the true effect is the measured one,
a bound lies beyond δ with the probability that a noncentral t exceeds a central one's quantile:

    power = P(T > t(0.95, ν)),  T ~ t(ν, |D̄ − δ| / √V)

It is what a t-test has (`statsmodels.stats.power.TTestPower`), with V and ν those of the numbers that are planned.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit
from scipy.stats import nct

from overparam.metrics.stats import LEVEL, Effect, Verdict
from overparam.study.record import Record
from overparam.verdicts.judge import verdict_of, withheld
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.registry import judged_by

MOST = 1000  # replicates, or times as many examples, beyond which nobody would go


@dataclass(frozen=True)
class Plan:
    """What an undecided cell needs.

    Attributes:
        claim: its claim.
        place: its width factor, with how wide a network is there, or "trend".
        verdict: as it is.
        replicates: with as many held-out examples, to decide it; None where no number up to `MOST` would.
        examples: held out, with as many replicates; None where no number up to `MOST` times as many would.
    """

    claim: str
    place: str
    verdict: Verdict
    replicates: int | None
    examples: int | None


def plan(record: Record, preregistration: Preregistration, power: float) -> list[Plan]:
    """What undecided cells of a record need to be decided with that power, if true effects are the measured ones.

    Numbers are for cells of one inequality, which more measurements of the same kind would decide. Both are None where
    a gate withholds the verdict, and for trends, ``span-mild`` and claims at equal fit, which stand on several.

    Args:
        record: of two replicates at least, since one tells no variance.
        preregistration: the margins.
        power: in (0, 1).
    """
    plans = []
    for claim in judged_by(record).values():
        for alpha in claim.cells(record.members):
            verdict = verdict_of(claim, record, alpha, preregistration)
            if verdict.outcome != "inconclusive":
                continue
            inequality, _ = claim.at(alpha, record.members)
            open_ = not inequality.several and not withheld(claim, record, alpha, preregistration)
            numbers = _needed(verdict, record, power) if open_ else (None, None)
            place = "trend" if alpha is None else str(record.width(alpha))
            plans.append(Plan(claim.id, place, verdict, *numbers))
    return plans


def _needed(verdict: Verdict, record: Record, power: float) -> tuple[int | None, int | None]:
    effect, margin = verdict.effect, verdict.margin
    count, held_out = len(effect.values), record.data["heldout_examples"]
    replicates = _least(lambda number: power_at(effect, margin, number) >= power, 2, MOST)
    examples = _least(
        lambda number: power_at(effect, margin, count, number / held_out) >= power, held_out, MOST * held_out
    )
    return replicates, examples


def power_at(effect: Effect, margin: float, replicates: int, times: float = 1.0) -> float:
    """The probability that an effect is decided, were it measured in so many replicates on so many times the examples.

    Args:
        effect: as measured, in at least two replicates.
        margin: δ.
        replicates: at least two.
        times: as many held-out examples.
    """
    R = len(effect.values)
    off_diagonal = (effect.shared.sum() - np.trace(effect.shared)) / (R * (R - 1))
    own = np.trace(effect.shared) / R - off_diagonal
    of_seeds = max(0.0, float(effect.values.var(ddof=1)) - own)
    within, shared = (of_seeds + own / times) / replicates, max(0.0, off_diagonal) / times
    variance = within + shared
    freedom = (replicates - 1) * (variance / within) ** 2
    return float(nct.sf(stdtrit(freedom, LEVEL), freedom, abs(effect.mean - margin) / variance**0.5))


def _least(enough: Callable[[int], bool], start: int, most: int) -> int | None:
    """The least number from ``start`` up to ``most`` that is enough, if more are ever more so; None if none is."""
    if not enough(most):
        return None
    low, high = start - 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
