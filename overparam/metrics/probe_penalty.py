"""The penalty of a probe, by cross-validation, and the scale of the blocks that it penalises."""

import numpy as np

from overparam.errors import MeasurementError
from overparam.metrics.moments import ROUNDING, check_folds
from overparam.metrics.penalties import PenaltyChoice
from overparam.metrics.probes import ProbeFits

# Penalties tried by cross-validation, from strong to weak. Where a few directions have nearly all of a block's
# variance, its scale is theirs, and only weak penalties let the others tell what they know.
PENALTIES = (1e4, 1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# With this the cross-validated loss is known to less than `PenaltyChoice` tells apart, wherever it is near its least.
CURVE_TOLERANCE = 1e-6
# Of the loss without features: where no more is left of it on the rows that were fitted, next to all are told apart.
SEPARATED = 1e-2
RISEN = 0.1  # likewise: by so much is the loss of rows that are left out above its least
# Numbers that the probabilities of all samples which are fitted together may take: 256 MiB.
TOGETHER = 2**25


def scale_block(values: np.ndarray, fit: np.ndarray) -> np.ndarray:
    """Centre a block and divide it by one number, the root mean square of its centred fit rows.

    Without it, the scale of a block would decide how much a penalised probe uses it. A block that does not vary on
    the fit rows becomes 0.

    Args:
        values: (examples, features).
        fit: (examples,) bool, the rows that decide mean and scale.
    """
    mean = values[fit].mean(axis=0)
    centred = values - mean
    scale = np.sqrt(np.mean(np.square(centred[fit])))
    return centred / scale if scale > ROUNDING * np.abs(mean).max() else np.zeros_like(centred)


def cross_validate(features: np.ndarray, labels: np.ndarray, classes: int, folds: np.ndarray) -> PenaltyChoice:
    """Choose the penalty with the least cross-validated log-loss.

    A search that stops where the loss first rises would stop too early: where directions of large variance say nothing
    of the class, the loss rises first and falls far below later. It ends before the weakest penalty only where the rows
    that are fitted are told apart in every fold and the loss of those left out has risen: from there on a weaker
    penalty lengthens the weights, whose direction is nearly that of the widest margin already (Rosset, Zhu and Hastie
    2004), and each row on the wrong side of it costs the more.

    Args:
        features: (examples, features) of the fit split.
        labels: (examples,) in [0, classes).
        classes: number of classes.
        folds: (examples,) the fold of each example.

    Raises:
        MeasurementError: if there are too few examples, or every class has all of its own in one fold.
    """
    splits = _splits(labels, folds)
    together = max(1, TOGETHER // (classes * len(labels)))
    groups = [splits[start : start + together] for start in range(0, len(splits), together)]
    fits = [ProbeFits(features, labels, classes, np.array([others for others, _ in group])) for group in groups]
    shares = [np.bincount(labels[others], minlength=classes) / others.sum() for others, _ in splits]
    by_shares = np.array([-np.log(of[labels[part]]).sum() for of, (_, part) in zip(shares, splits, strict=True)])
    apart = SEPARATED * np.array([-np.sum(of[of > 0] * np.log(of[of > 0])) for of in shares])
    losses: list[list[float]] = []  # (penalties, folds)
    for penalty in PENALTIES:
        probes = [probe for fit in fits for probe in fit.at(penalty, tolerance=CURVE_TOLERANCE)]
        losses.append(
            [probe.log_loss(features[part], labels[part]) for probe, (_, part) in zip(probes, splits, strict=True)]
        )
        totals = np.sum(losses, axis=1)
        risen = totals[-1] - totals.min() > RISEN * by_shares.sum()
        if risen and all(probe.loss < least for probe, least in zip(probes, apart, strict=True)):
            break
    return PenaltyChoice.of(PENALTIES[: len(losses)], np.array(losses).T, by_shares)


def _splits(labels: np.ndarray, folds: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For every fold that can be left out: the rows to fit a probe to, and the rows of it to score, (examples,) bool.

    What a probe gives to a class that it has not seen depends on when its fit stops, so such rows have no score; and a
    fold that holds all but one class is never left out.
    """
    check_folds(np.bincount(folds).tolist())
    rest = [folds != fold for fold in np.unique(folds)]
    splits = [(others, ~others & np.isin(labels, labels[others])) for others in rest]
    usable = [(others, part) for others, part in splits if part.any() and len(np.unique(labels[others])) > 1]
    if len(usable) < 2:
        raise MeasurementError(
            "fewer than two folds leave at least two classes to fit a probe to and rows of them to score: "
            "fit to more of each class"
        )
    return usable
