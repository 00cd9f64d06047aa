"""Linear probes: multinomial logistic regression with an L2 penalty chosen by cross-validation.

Minimises ``Σ_i −log softmax(W x_i + b)[y_i] + (penalty / 2) ‖W‖²``, the intercept b free: scikit-learn's
``LogisticRegression(C=1 / penalty)``. A record takes dozens of probes, so fits are made fast: they run in the
eigenbasis of the features' covariance, scaled so that the loss is nearly round, and walk from strong to weak penalties
with warm starts.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from overparam.errors import MeasurementError
from overparam.moments import ROUNDING, check_folds

# Penalties tried by cross-validation, from strong to weak; where the weakest is best, classes are all but separable.
PENALTIES = (1e4, 1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2)
# A typical curvature p (1 − p) of the loss in a logit; it steers how fast a fit converges, not where to.
CURVATURE = 0.05


@dataclass(frozen=True)
class Probe:
    """A fitted probe: weights (features, classes), intercept (classes,), and its penalty."""

    weights: np.ndarray
    intercept: np.ndarray
    penalty: float

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(examples, features) to (examples, classes)."""
        return features @ self.weights + self.intercept

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Most likely class of each example, (examples,)."""
        return self.logits(features).argmax(axis=1)

    def log_loss(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Sum over examples of −log probability of the label, in nats."""
        return float(-log_softmax(self.logits(features), axis=1)[np.arange(len(labels)), labels].sum())


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


class ProbeFit:
    """Fits probes to one set of examples, each from where the one before ended.

    Args:
        features: (examples, features), finite; fits are made in their precision.
        labels: (examples,) in [0, classes).
        classes: number of classes.

    Raises:
        MeasurementError: for labels out of range or of a single class.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, classes: int) -> None:
        if labels.min() < 0 or labels.max() >= classes or len(np.unique(labels)) < 2:
            raise MeasurementError(f"probe labels must hold at least two classes, all in 0 to {classes - 1}")
        self._mean = features.mean(axis=0)
        centred = features - self._mean
        values, self._vectors = np.linalg.eigh(centred.T @ centred / len(features))
        self._variances = np.maximum(values, 0)
        self._rotated = centred @ self._vectors
        self._onehot = np.eye(classes, dtype=features.dtype)[labels]
        self._solution = np.zeros((features.shape[1] + 1, classes))  # last row: the intercept

    def at(self, penalty: float, *, tolerance: float = 1e-5) -> Probe:
        """The probe at a positive penalty; the gradient of its mean loss, in the scaled basis, is below ``tolerance``.

        Raises:
            MeasurementError: for a penalty that is not positive.
        """
        if not penalty > 0:
            raise MeasurementError(f"probe penalty {penalty} is not positive: separable classes would have no fit")
        count = len(self._rotated)
        ridge = penalty / count  # the objective below is the mean over examples
        scale = 1 / np.sqrt(CURVATURE * self._variances + ridge)[:, None]  # (features, 1)
        inputs = self._rotated * scale.T.astype(self._rotated.dtype)
        shape = self._solution.shape

        def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
            parameters = flat.reshape(shape).astype(inputs.dtype)
            log_probability = log_softmax(inputs @ parameters[:-1] + parameters[-1], axis=1)
            weights = scale * parameters[:-1]
            loss = -np.vdot(self._onehot, log_probability) / count + ridge / 2 * np.vdot(weights, weights)
            error = (np.exp(log_probability) - self._onehot) / count
            gradient = np.vstack([inputs.T @ error + ridge * scale * weights, error.sum(axis=0)])
            return float(loss), gradient.ravel().astype(np.float64)

        start = np.vstack([self._solution[:-1] / scale, self._solution[-1:]]).ravel()
        options = {"maxiter": 2000, "maxfun": 4000, "ftol": tolerance * 1e-5, "gtol": tolerance}
        solved = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x.reshape(shape)
        self._solution = np.vstack([solved[:-1] * scale, solved[-1:]])
        weights = self._vectors @ self._solution[:-1]
        return Probe(weights, self._solution[-1] - self._mean @ weights, penalty)


def cross_validate(features: np.ndarray, labels: np.ndarray, classes: int, folds: np.ndarray) -> float:
    """The penalty with the least cross-validated log-loss: from strong to weak, up to where the loss rises again.

    Args:
        features: (examples, features) of the fit split.
        labels: (examples,) in [0, classes).
        classes: number of classes.
        folds: (examples,) the fold of each example.

    Raises:
        MeasurementError: if there are too few examples, or every class has all of its own in one fold.
    """
    splits = _splits(labels, folds)
    fits = [ProbeFit(features[others], labels[others], classes) for others, _ in splits]
    parts = [part for _, part in splits]
    best, least = PENALTIES[0], np.inf
    for penalty in PENALTIES:
        loss = sum(
            fit.at(penalty, tolerance=1e-4).log_loss(features[part], labels[part])
            for fit, part in zip(fits, parts, strict=True)
        )
        if loss > least:
            break
        best, least = penalty, loss
    return float(best)


def _splits(labels: np.ndarray, folds: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For every fold that can be left out: the rows to fit a probe to, and the rows of it to score, (examples,) bool.

    What a probe gives to a class that it has not seen depends on when its fit stops, so such rows have no score; and a
    fold that holds all but one class is never left out.
    """
    check_folds(np.bincount(folds).tolist())
    rest = [folds != fold for fold in np.unique(folds)]
    splits = [(others, ~others & np.isin(labels, labels[others])) for others in rest]
    usable = [(others, part) for others, part in splits if part.any() and len(np.unique(labels[others])) > 1]
    if not usable:
        raise MeasurementError(
            "no fold leaves at least two classes to fit a probe to and rows of them to score: fit to more of each class"
        )
    return usable
