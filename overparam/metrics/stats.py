"""Effects over replicates, their intervals, and verdicts; knows arrays only.

Training is dear, so there are few replicates, and all are measured on the same held-out examples. The variance of
a mean effect therefore has two parts (crossed random effects: Owen and Eckles 2012): what differs between replicates,
known from a few, and what they share through the examples, which a t-test over seeds cannot see and which thousands of
examples tell well. With C the covariance over examples of the contributions, divided by their number,

    c = max(0, mean of C over pairs r ≠ s)              shared
    own = mean of C's diagonal − mean off it            the least that a replicate's own sampling of examples adds
    F = max(S_D², own) / R                              of a few replicates
    V = F + c,   ν = V² / (F² / (R − 1))                degrees of freedom: Satterthwaite 1946

Intervals are conditional on the training set and on the split that maps and probes are fitted on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

LEVEL = 0.95
Outcome = Literal["holds", "refuted", "inconclusive"]


@dataclass(frozen=True)
class Effect:
    """One effect, measured in every replicate.

    Attributes:
        values: (replicates,) D_r, the effect in replicate r.
        shared: (replicates, replicates) covariance over examples of the contributions ψ_r and ψ_s, divided by the
            number of examples: the covariance that the common held-out sample gives D_r and D_s.
    """

    values: np.ndarray
    shared: np.ndarray

    @classmethod
    def of(cls, contributions: np.ndarray) -> "Effect":
        """Estimate from contributions ψ (replicates, examples), mean_i ψ_ri = D_r; needs at least two examples."""
        contributions = np.atleast_2d(contributions)
        return cls(contributions.mean(axis=1), contribution_covariance(contributions))

    @classmethod
    def independent(cls, values: Sequence[float] | np.ndarray) -> "Effect":
        """Estimate from (replicates,) values that share no examples."""
        return cls(np.array(values, dtype=float), np.zeros((len(values), len(values))))

    @property
    def mean(self) -> float:
        """D̄, the mean over replicates."""
        return float(self.values.mean())

    @property
    def variance(self) -> float:
        """V, the variance of the mean effect; infinite for one replicate."""
        return sum(self._parts)

    @property
    def degrees_of_freedom(self) -> float:
        """ν: R − 1 where replicates share nothing, more where the shared part, which is known well, weighs more."""
        within, shared = self._parts
        return (len(self.values) - 1) * ((within + shared) / within) ** 2 if within else np.inf

    @cached_property
    def _parts(self) -> tuple[float, float]:
        """F, of the replicates, and c, of the examples that they share."""
        R = len(self.values)
        if R < 2:
            return np.inf, 0.0
        off_diagonal = (self.shared.sum() - np.trace(self.shared)) / (R * (R - 1))
        own = np.trace(self.shared) / R - off_diagonal
        return float(max(self.values.var(ddof=1), own) / R), float(max(0.0, off_diagonal))

    def bound(self, tail: float) -> float:
        """Compute the one-sided bound D̄ + t(tail, ν) √V: lower for tail 0.05, upper for 0.95."""
        if len(self.values) < 2:
            return -np.inf if tail < 0.5 else np.inf
        return self.mean + float(stdtrit(self.degrees_of_freedom, tail)) * self.variance**0.5

    @property
    def lower(self) -> float:
        """L: below the true effect in 95 % of repetitions."""
        return self.bound(1 - LEVEL)

    @property
    def upper(self) -> float:
        """U: above the true effect in 95 % of repetitions."""
        return self.bound(LEVEL)

    def p_below(self, threshold: float) -> float:
        """Test "the effect is at least ``threshold``": the one-sided p-value, below 5 % exactly where U < threshold."""
        if len(self.values) < 2:
            return 1.0
        if self.variance == 0:
            return 0.0 if self.mean < threshold else 1.0
        return float(stdtr(self.degrees_of_freedom, (self.mean - threshold) / self.variance**0.5))

    def __neg__(self) -> "Effect":
        return Effect(-self.values, self.shared)


def contribution_covariance(contributions: np.ndarray) -> np.ndarray:
    """Covariance over examples of rows ψ (rows, examples), divided by the number of examples: (rows, rows)."""
    return np.atleast_2d(np.cov(contributions)) / contributions.shape[1]


@dataclass(frozen=True)
class Verdict:
    """What the measurements say of an inequality, and why.

    ``p_value_against`` is that against the inequality: below 5 % exactly where a single inequality is refuted.
    """

    outcome: Outcome
    effect: Effect
    margin: float
    why: str
    p_value_against: float

    @property
    def holds(self) -> bool:
        """True if the inequality holds with 95 % confidence."""
        return self.outcome == "holds"

    def inconclusive(self, why: str) -> "Verdict":
        """The same measurements, judged inconclusive by a gate."""
        return replace(self, outcome="inconclusive", why=why)

    def of(self, part: str) -> "Verdict":
        """The same verdict, whose reason names the part of a claim that it is about."""
        return replace(self, why=f"{part}: {self.why}")


def greater(effect: Effect, margin: float) -> Verdict:
    """Judge whether the effect is greater than the margin: HOLDS if L > δ, REFUTED if U < δ, else INCONCLUSIVE."""
    outcome: Outcome = "inconclusive"
    why = f"the interval contains the margin {margin:g}"
    if len(effect.values) < 2:
        why = "one replicate tells nothing of the spread between replicates"
    elif effect.lower > margin:
        outcome, why = "holds", f"lower bound {effect.lower:.4f} is above the margin {margin:g}"
    elif effect.upper < margin:
        outcome, why = "refuted", f"upper bound {effect.upper:.4f} is below the margin {margin:g}"
    return Verdict(outcome, effect, margin, why, effect.p_below(margin))


def not_above(effect: Effect, margin: float) -> Verdict:
    """Judge whether the effect stays below the margin: HOLDS if U < δ, REFUTED if L > δ, else INCONCLUSIVE.

    A large p-value is no evidence of that.
    """
    opposite = greater(effect, margin)
    mirrored: dict[Outcome, Outcome] = {
        "holds": "refuted",
        "refuted": "holds",
        "inconclusive": "inconclusive",
    }
    return replace(opposite, outcome=mirrored[opposite.outcome], p_value_against=(-effect).p_below(-margin))


def grows(slope: Effect, steps: Mapping[str, Effect], slope_margin: float, margin: float) -> Verdict:
    """Judge whether an effect grows along an ordered sequence of cells.

    HOLDS if the slope's L > δ_slope and every adjacent step's L > −δ; REFUTED if the slope is below δ_slope or a step
    below −δ, at 5 % over all of them together (Holm).

    Args:
        slope: of the effect along the cells.
        steps: between adjacent cells, by what a reason calls them.
        slope_margin: δ_slope.
        margin: δ.
    """
    return every(
        [greater(slope, slope_margin).of("slope"), *(greater(step, -margin).of(name) for name, step in steps.items())]
    )


def every(verdicts: Sequence[Verdict]) -> Verdict:
    """Judge whether all inequalities hold, each at 5 %, uncorrected (intersection-union); REFUTED by Holm over them.

    Effect and margin are those of the first.
    """
    # Holm's first step: some part is refuted exactly where the smallest p-value is.
    p_value_against = min(1.0, len(verdicts) * min(verdict.p_value_against for verdict in verdicts))
    if all(verdict.holds for verdict in verdicts):
        outcome, why = "holds", verdicts[0].why
    elif p_value_against < 1 - LEVEL:
        worst = min(verdicts, key=lambda verdict: verdict.p_value_against)
        outcome, why = "refuted", worst.why
    else:
        missing = next(verdict for verdict in verdicts if not verdict.holds)
        alone = ", but not at 5 % over all parts together (Holm)" if missing.outcome == "refuted" else ""
        outcome, why = "inconclusive", missing.why + alone
    return Verdict(outcome, verdicts[0].effect, verdicts[0].margin, why, p_value_against)
