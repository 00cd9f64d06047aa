"""Effects read off where wide and narrow networks fit their training data equally well.

Wide networks trained for several budgets of epochs fit as badly as narrow ones somewhere between two of them. There
the effect is read by linear interpolation, in every replicate by its own weight: networks are matched, not means.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np

from overparam.metrics.stats import Effect
from overparam.study.quantities import Contrast
from overparam.study.record import Record
from overparam.verdicts.findings import Finding, greater
from overparam.verdicts.margins import Gates


class NoMatchError(ValueError):
    """There are no two budgets around the narrow networks' fit; the message says where, and what would help."""


@dataclass(frozen=True)
class Fits:
    """Training fit of narrow networks, and of wide ones by budget.

    Attributes:
        narrow_loss: (replicates,) what is matched: cross-entropy in nats, or the share of errors.
        narrow_accuracy: (replicates,) in [0, 1].
        wide_loss: (replicates, budgets) the same, from the fewest epochs up; more epochs fit better.
        wide_accuracy: (replicates, budgets) in [0, 1].
    """

    narrow_loss: np.ndarray
    narrow_accuracy: np.ndarray
    wide_loss: np.ndarray
    wide_accuracy: np.ndarray

    def weights(self, shift: float = 0.0, without: int | None = None, apart: float = np.inf) -> np.ndarray:
        """How much each budget counts in each replicate, (replicates, budgets): two of them, together 1.

        Args:
            shift: of training accuracy, by which wide networks are to fit better than narrow ones.
            without: a budget that is left out.
            apart: of training accuracy, mean over replicates: how far apart two such budgets may lie.

        Raises:
            NoMatchError: if a replicate has no two budgets around the fit, or several such pairs, or they lie too far
                apart.
        """
        weights = np.zeros_like(self.wide_loss)
        for replicate in range(len(weights)):
            below, above = self._bracket(replicate, wanted := self._wanted(replicate, shift), without)
            step = float(np.mean(self.wide_accuracy[:, above] - self.wide_accuracy[:, below]))
            if step > apart:
                raise NoMatchError(
                    f"the budgets around the match of replicate {replicate} lie {100 * step:.1f} points of training "
                    "accuracy apart: train one between them"
                )
            loss = self.wide_loss[replicate]
            share = (loss[below] - wanted) / (loss[below] - loss[above])
            weights[replicate, [below, above]] = 1 - share, share
        return weights

    def _wanted(self, replicate: int, shift: float) -> float:
        """What wide networks are to lose, who fit better than narrow ones by a shift of training accuracy.

        Near the match that is a shift of loss, by the slope of one in the other over all budgets.
        """
        loss, accuracy = self.wide_loss[replicate], self.wide_accuracy[replicate]
        gained = accuracy[-1] - accuracy[0]
        slope = (loss[-1] - loss[0]) / gained if gained > 0 else 0.0
        return float(self.narrow_loss[replicate] + shift * slope)

    def _bracket(self, replicate: int, wanted: float, without: int | None) -> tuple[int, int]:
        loss = self.wide_loss[replicate]
        kept = pairwise(budget for budget in range(len(loss)) if budget != without)
        around = [pair for pair in kept if loss[[*pair]].min() <= wanted < loss[[*pair]].max()]
        if len(around) == 1 and loss[around[0][0]] > loss[around[0][1]]:
            return around[0]
        count, remedy = "no two", "train wide networks for fewer or more epochs"
        if around:
            count = "several pairs of" if len(around) > 1 else "no descending pair of"
            remedy = "more epochs do not always fit better"
        reach = f"{loss.min():.3f} to {loss.max():.3f}" if len(loss) > 1 else f"{loss[0]:.3f}"
        where = f"a match at {wanted:.3f} ({reach})"
        raise NoMatchError(f"replicate {replicate} has {count} budgets around {where}: {remedy}")

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


def greater_at_equal_fit(readings: Readings, fits: Fits, margin: float, gates: Gates) -> Finding:
    """Is the effect greater than the margin where wide networks fit as badly as narrow ones?

    As `greater`, but inconclusive where there is no match between budgets near enough to each other, where accuracies
    differ there by more than ``fit_agreement``, where the outcome changes with a shift of the match by as much either
    way, or where leaving out an inner budget moves the reading by half the margin.
    """
    try:
        weights = fits.weights(apart=gates.budgets_apart)
    except NoMatchError as error:
        nearest = np.abs(fits.wide_loss - fits.narrow_loss[:, None]).argmin(axis=1)
        shown = readings.at(np.eye(fits.wide_loss.shape[1])[nearest])
        return greater(shown, margin).inconclusive(f"{error}; the numbers are of the budget nearest to the match")
    verdict = greater(readings.at(weights), margin)
    mismatch = fits.mismatch(weights)
    if mismatch > gates.fit_agreement:
        return verdict.inconclusive(
            f"where training losses are equal, accuracies still differ by {100 * mismatch:.2f} points, "
            f"where {100 * gates.fit_agreement:g} is the most"
        )
    complaint = _hinges_on_shift(readings, fits, verdict, gates) or _bends(readings, fits, weights, margin)
    return verdict.inconclusive(complaint) if complaint else verdict


def _hinges_on_shift(readings: Readings, fits: Fits, verdict: Finding, gates: Gates) -> str | None:
    for shift in (-gates.fit_agreement, gates.fit_agreement):
        direction = f"{100 * abs(shift):g} point {'worse' if shift < 0 else 'better'}"
        try:
            other = greater(readings.at(fits.weights(shift, apart=gates.budgets_apart)), verdict.margin).outcome
        except NoMatchError as error:
            return f"where wide networks fit {direction} than narrow ones, {error}"
        if other != verdict.outcome:
            return f"{verdict.outcome} at the match, {other} where wide networks fit {direction}"
    return None


def _bends(readings: Readings, fits: Fits, weights: np.ndarray, margin: float) -> str | None:
    """The reading must not rest on one budget: a line between its neighbours must give nearly the same."""
    reading, budgets = readings.at(weights).mean, weights.shape[1]
    used: Sequence[int] = np.flatnonzero(weights.any(axis=0)).tolist()
    for budget in used:
        if 0 < budget < budgets - 1:
            try:
                other = readings.at(fits.weights(without=budget)).mean
            except NoMatchError as error:
                return f"without one of the budgets around the match, {error}"
            if abs(other - reading) >= margin / 2:
                return f"without one of the budgets around the match the effect is {other:+.4f}, not {reading:+.4f}"
    return None


def both_matches(single: Finding, together: Finding) -> Finding:
    """Judged where single networks fit equally well, and where a wide one fits as well as narrow ones do together.

    Numbers are those of the first. Inconclusive where the two disagree.
    """
    if single.outcome == together.outcome:
        return replace(
            single,
            p_value_against=max(single.p_value_against, together.p_value_against),
            p_value=max(single.p_value, together.p_value),
        )
    said = f"single networks matched: {single.outcome} ({single.why}); their ensemble matched: {together.outcome}"
    return single.inconclusive(f"{said} at {together.effect.mean:+.4f} ({together.why})")


Match = Literal["single", "ensemble"]
MATCHES: tuple[Match, ...] = ("single", "ensemble")


def judge_at_equal_fit(
    record: Record,
    alpha: Fraction,
    at_budget: Callable[[float | None], Contrast],
    margin: float,
    gates: Gates,
    factor: float = 1.0,
) -> Finding:
    """Is an effect greater than the margin at equal fit, by either match?

    Args:
        record: of measurements at equal fit.
        alpha: the width factor.
        at_budget: the effect against wide networks of a budget.
        margin: δ.
        gates: what it takes to compare.
        factor: on every cross-validated ridge penalty.
    """
    readings = readings_of(record, alpha, at_budget, factor)
    single, together = (
        greater_at_equal_fit(readings, fits_of(record, alpha, matched), margin, gates) for matched in MATCHES
    )
    return both_matches(single, together)


def budgets_read(record: Record, alpha: Fraction) -> list[float]:
    """The budgets between which effects are read off, in any replicate, at either match."""
    used = {k for weights in _weights_at_matches(record, alpha) for k in np.flatnonzero(weights.any(axis=0)).tolist()}
    return [budget for k, budget in enumerate(_near(record, alpha)) if k in used]


def _weights_at_matches(record: Record, alpha: Fraction) -> list[np.ndarray]:
    weights = []
    for matched in MATCHES:
        with suppress(NoMatchError):
            weights.append(fits_of(record, alpha, matched).weights())
    return weights


def _near(record: Record, alpha: Fraction) -> list[float]:
    """The budgets of epochs whose wide networks were compared with the narrow ones at one width."""
    return record.networks[alpha]["near"]


def readings_of(
    record: Record, alpha: Fraction, at_budget: Callable[[float | None], Contrast], factor: float = 1.0
) -> Readings:
    """An effect against wide networks of every budget that was compared, at a factor on the ridge penalties."""
    by_budget = [at_budget(budget).by_name for budget in _near(record, alpha)]
    names = {name for contrast in by_budget for name in contrast}
    sample = next(sample for sample in record.samples.values() if names <= set(sample.quantities))
    weights = np.array([[contrast.get(name, 0.0) for name in sample.quantities] for contrast in by_budget])
    k = sample.factors.index(factor)
    replicates, quantities = sample.values[k].shape
    shared = sample.shared[k].reshape(replicates, quantities, replicates, quantities)
    return Readings(sample.values[k] @ weights.T, np.einsum("bq,rqsp,cp->rbsc", weights, shared, weights))


def fits_of(record: Record, alpha: Fraction, matched: Match) -> Fits:
    """What is matched: the cross-entropy of single networks, or the errors of S_α's networks together.

    Together their probabilities are those of networks that contradict each other, and far from 0 and 1 even where
    their answers are right: a cross-entropy of them is not one of a single network's.
    """
    narrow, less = record.networks[alpha]["fit"], record.networks[Fraction(1)]["less"]
    columns = [less["budgets"].index(budget) for budget in _near(record, alpha)]
    accuracy, loss = (np.array(less["fit"][part])[:, columns] for part in ("accuracy", "cross_entropy"))
    if matched == "single":
        return Fits(np.array(narrow["cross_entropy"]), np.array(narrow["accuracy"]), loss, accuracy)
    together = np.array(narrow["ensemble_accuracy"])
    return Fits(1 - together, together, 1 - accuracy, accuracy)
