"""Verdicts with p-values in both directions: what a headline over many cells needs to correct for their number.

The p-value for an inequality is the one against its opposite; for several inequalities together it is the largest,
since each must hold (intersection-union).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from overparam.metrics import stats
from overparam.metrics.stats import Effect, Verdict


@dataclass(frozen=True)
class Finding(Verdict):
    """A verdict that also tells how sure it is that the inequality holds.

    ``p_value`` is that for the inequality, against its opposite: below 5 % exactly where it holds.
    """

    p_value: float

    def inconclusive(self, why: str) -> "Finding":
        """The same measurements, judged inconclusive by a gate: then neither p-value speaks."""
        return replace(self, outcome="inconclusive", why=why, p_value_against=1.0, p_value=1.0)

    def of(self, part: str) -> "Finding":
        """The same verdict, whose reason names the part of a claim that it is about."""
        return _with_p_value(super().of(part), self.p_value)


def greater(effect: Effect, margin: float) -> Finding:
    """`stats.greater`, and the p-value against "not above"."""
    return _with_p_value(stats.greater(effect, margin), stats.not_above(effect, margin).p_value_against)


def not_above(effect: Effect, margin: float) -> Finding:
    """`stats.not_above`, and the p-value against "greater"."""
    return _with_p_value(stats.not_above(effect, margin), stats.greater(effect, margin).p_value_against)


def grows(slope: Effect, steps: Mapping[str, Effect], slope_margin: float, margin: float) -> Finding:
    """`stats.grows`, and the largest of the p-values for the slope and for every step."""
    parts = [greater(slope, slope_margin), *(greater(step, -margin) for step in steps.values())]
    return _with_p_value(stats.grows(slope, steps, slope_margin, margin), _of_all(parts))


def every(findings: Sequence[Finding]) -> Finding:
    """`stats.every`, and the largest of the p-values for the parts."""
    return _with_p_value(stats.every(findings), _of_all(findings))


def _of_all(findings: Sequence[Finding]) -> float:
    return max(finding.p_value for finding in findings)


def _with_p_value(verdict: Verdict, p_value: float) -> Finding:
    return Finding(
        verdict.outcome, verdict.effect, verdict.margin, verdict.why, verdict.p_value_against, p_value=p_value
    )
