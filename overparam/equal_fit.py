"""Effects read off where wide and narrow networks fit their training data equally well.

Wide networks trained for several budgets of epochs fit as badly as narrow ones somewhere between two of them. There
the effect is read by linear interpolation, in every replicate by its own weight: networks are matched, not means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from overparam.stats import Effect, Outcome, Verdict, greater

APART = 0.03  # of training accuracy, that the two budgets around a match may lie apart, over replicates
AGREEMENT = (
    0.01  # of training accuracy, to which a match must hold, and by which it is shifted to see what hinges on it
)


class NoMatchError(ValueError):
    """There are no two budgets around the narrow networks' fit; the message says where, and what would help."""


@dataclass(frozen=True)
class Fits:
    """Training fit of narrow networks, and of wide ones by budget.

    Attributes:
        narrow_loss: (replicates,) cross-entropy in nats.
        narrow_accuracy: (replicates,) in [0, 1].
        wide_loss: (replicates, budgets) cross-entropy in nats, from the fewest epochs up; more epochs fit better.
        wide_accuracy: (replicates, budgets) in [0, 1].
    """

    narrow_loss: np.ndarray
    narrow_accuracy: np.ndarray
    wide_loss: np.ndarray
    wide_accuracy: np.ndarray

    def weights(self, shift: float = 0.0, without: int | None = None) -> np.ndarray:
        """How much each budget counts in each replicate, (replicates, budgets): two of them, together 1.

        Args:
            shift: of training accuracy, by which wide networks are to fit better than narrow ones.
            without: a budget that is left out.

        Raises:
            NoMatchError: if a replicate has no two budgets around the fit, or they lie more than `APART` apart.
        """
        weights = np.zeros_like(self.wide_loss)
        for replicate in range(len(weights)):
            below, above, share = self._bracket(replicate, shift, without)
            weights[replicate, [below, above]] = 1 - share, share
        return weights

    def _bracket(self, replicate: int, shift: float, without: int | None) -> tuple[int, int, float]:
        loss, accuracy = self.wide_loss[replicate], self.wide_accuracy[replicate]
        for below, above in pairwise(budget for budget in range(len(loss)) if budget != without):
            gained = accuracy[above] - accuracy[below]
            # Near the match a shift of accuracy is one of loss, by the slope between the two budgets.
            wanted = self.narrow_loss[replicate] + (shift * (loss[above] - loss[below]) / gained if gained else 0.0)
            if loss[below] >= wanted >= loss[above] and loss[below] > loss[above]:
                apart = float(np.mean(self.wide_accuracy[:, above] - self.wide_accuracy[:, below]))
                if without is None and apart > APART:
                    raise NoMatchError(
                        f"the budgets around the match of replicate {replicate} lie {100 * apart:.1f} points of "
                        "training accuracy apart: train one between them"
                    )
                return below, above, float((loss[below] - wanted) / (loss[below] - loss[above]))
        raise NoMatchError(
            f"replicate {replicate} has no two budgets around a training loss of {self.narrow_loss[replicate]:.3f} "
            f"({loss.min():.3f} to {loss.max():.3f}): train wide networks for fewer or more epochs"
        )

    def mismatch(self, weights: np.ndarray) -> float:
        """By how much accuracies differ where losses match: the largest over replicates, in [0, 1]."""
        return float(np.abs((weights * self.wide_accuracy).sum(axis=1) - self.narrow_accuracy).max())


@dataclass(frozen=True)
class Readings:
    """An effect against wide networks of every budget, measured together.

    Attributes:
        values: (replicates, budgets).
        shared: (replicates, budgets, replicates, budgets) covariance over examples of the contributions, divided by
            the number of examples.
    """

    values: np.ndarray
    shared: np.ndarray

    def at(self, weights: np.ndarray) -> Effect:
        """Read off by weights (replicates, budgets): ψ_r = Σ_b w_rb ψ_rb."""
        return Effect((weights * self.values).sum(axis=1), np.einsum("rb,rbsc,sc->rs", weights, self.shared, weights))


def greater_at_equal_fit(readings: Readings, fits: Fits, margin: float) -> Verdict:
    """Is the effect greater than the margin where wide networks fit as badly as narrow ones?

    As `greater`, but inconclusive where there is no match, where accuracies differ there by more than `AGREEMENT`,
    where the outcome changes with a shift of the match by as much either way, or where leaving out an inner budget
    moves the reading by half the margin.
    """
    try:
        weights = fits.weights()
    except NoMatchError as error:
        nearest = np.abs(fits.wide_loss - fits.narrow_loss[:, None]).argmin(axis=1)
        shown = readings.at(np.eye(fits.wide_loss.shape[1])[nearest])
        return greater(shown, margin).inconclusive(f"{error}; the numbers are of the budget nearest to the match")
    verdict = greater(readings.at(weights), margin)
    mismatch = fits.mismatch(weights)
    if mismatch > AGREEMENT:
        return verdict.inconclusive(
            f"where training losses are equal, accuracies still differ by {100 * mismatch:.1f} points"
        )
    for complaint in (_hinges_on_shift(readings, fits, margin, verdict.outcome), _bends(readings, fits, margin)):
        if complaint:
            return verdict.inconclusive(complaint)
    return verdict


def _hinges_on_shift(readings: Readings, fits: Fits, margin: float, outcome: Outcome) -> str | None:
    for shift in (-AGREEMENT, AGREEMENT):
        direction = f"{100 * abs(shift):g} point {'worse' if shift < 0 else 'better'}"
        try:
            other = greater(readings.at(fits.weights(shift)), margin).outcome
        except NoMatchError as error:
            return f"there is no match where wide networks fit {direction} than narrow ones: {error}"
        if other != outcome:
            return f"{outcome} at the match, {other} where wide networks fit {direction}"
    return None


def _bends(readings: Readings, fits: Fits, margin: float) -> str | None:
    """The reading must not rest on one budget: a line between its neighbours must give nearly the same."""
    weights = fits.weights()
    reading, budgets = readings.at(weights).mean, weights.shape[1]
    used: Sequence[int] = np.flatnonzero(weights.any(axis=0)).tolist()
    for budget in used:
        if 0 < budget < budgets - 1:
            try:
                other = readings.at(fits.weights(without=budget)).mean
            except NoMatchError:
                continue  # the match lies at the end of what is left: there is no line to compare with
            if abs(other - reading) >= margin / 2:
                return f"without one of the budgets around the match the effect is {other:+.4f}, not {reading:+.4f}"
    return None
