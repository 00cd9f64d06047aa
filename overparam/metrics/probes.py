"""Linear probes: multinomial logistic regression with an L2 penalty chosen by cross-validation.

Minimises ``Σ_i −log softmax(W x_i + b)[y_i] + (penalty / 2) ‖W‖²``, the intercept b free: scikit-learn's
``LogisticRegression(C=1 / penalty)``. A record takes dozens of probes over a grid of penalties, so fits are made fast:
they walk from strong to weak penalties with warm starts, each by Newton steps that conjugate gradients find, and these
follow the curvature of the loss along the weights of each class.

In W that curvature is the penalty at least, so the sum lies within ``‖∂W‖² / (2 penalty)`` of its least: a fit ends
where this bound says that it may, and raises if it does not come there. Float32 would not come there: near its least
the loss changes by less than float32 tells apart.
"""

from dataclasses import dataclass

import numpy as np

from overparam.errors import MeasurementError
from overparam.metrics.moments import ROUNDING, check_folds
from overparam.metrics.penalties import PenaltyChoice

# Penalties tried by cross-validation, from strong to weak. Where a few directions have nearly all of a block's
# variance, its scale is theirs, and only weak penalties let the others tell what they know.
PENALTIES = (1e4, 1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# Newton steps of one fit at most, and after how many of them the curvatures of its classes are taken anew.
STEPS, RENEWAL = 320, 4
# Conjugate gradients of one step at most; they end where so little of the gradient, in the curvatures, is left.
ITERATIONS, FORCING = 300, 0.1
# A step is halved until the loss falls by this share of what its slope promises (Armijo 1966).
DECREASE = 1e-4
# Numbers that the curvatures of all classes may take: 1 GiB. Beyond, their mean stands for each.
LARGEST = 2**27
# With this the cross-validated loss is known to less than `PenaltyChoice` tells apart, wherever it is near its least.
CURVE_TOLERANCE = 1e-6
# Nats per example that float64 no longer tells apart.
RESOLUTION = 1e-12


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
        logits = self.logits(features)
        above = logits - logits[np.arange(len(labels)), labels][:, None]
        return float(np.logaddexp.reduce(above, axis=1).sum())


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


@dataclass(frozen=True)
class _Point:
    """Where a fit is.

    Attributes:
        solution: (classes, features + 1) weights, and last the intercept.
        loss: mean over examples, penalty included, in nats.
        gradient: (classes, features + 1) of the loss.
        probability: (classes, examples).
    """

    solution: np.ndarray
    loss: float
    gradient: np.ndarray
    probability: np.ndarray

    @property
    def curvatures(self) -> np.ndarray:
        """Of the loss in each logit, p (1 − p): (classes, examples)."""
        return self.probability * (1 - self.probability)

    def excess(self, ridge: float) -> float:
        """How far above its least the loss is at most, by strong convexity; the intercept's part, by the curvatures."""
        slopes = np.square(self.gradient).sum(axis=0)
        return float(slopes[:-1].sum() / ridge + slopes[-1] / max(self.curvatures.mean(), RESOLUTION)) / 2

    def near(self, ridge: float, tolerance: float) -> bool:
        """Whether the loss is within a share ``tolerance`` of its least, or within what float64 tells apart."""
        return self.excess(ridge) <= max(tolerance * self.loss, RESOLUTION)


class ProbeFit:
    """Fits probes to one set of examples, each from where the one before ended.

    Args:
        features: (examples, features), finite.
        labels: (examples,) in [0, classes).
        classes: number of classes.

    Raises:
        MeasurementError: for labels out of range or of a single class.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, classes: int) -> None:
        if labels.min() < 0 or labels.max() >= classes or len(np.unique(labels)) < 2:
            raise MeasurementError(f"probe labels must hold at least two classes, all in 0 to {classes - 1}")
        features = np.asarray(features, dtype=np.float64)
        self._mean = features.mean(axis=0)
        # By rows and by columns: products with few classes are fast along contiguous memory only.
        self._rows = np.hstack([features - self._mean, np.ones((len(features), 1))])  # last: the intercept
        self._columns = np.ascontiguousarray(self._rows.T)
        self._penalised = np.append(np.ones(features.shape[1]), 0)
        self._onehot = np.ascontiguousarray(np.eye(classes)[labels].T)  # (classes, examples)
        self._solution = np.zeros((classes, features.shape[1] + 1))

    def at(self, penalty: float, *, tolerance: float = 1e-8) -> Probe:
        """The probe at a positive penalty, its loss with the penalty within a share ``tolerance`` of the least.

        Raises:
            MeasurementError: for a penalty that is not positive, or if the loss cannot be brought so near its least.
        """
        if not penalty > 0:
            raise MeasurementError(f"probe penalty {penalty} is not positive: separable classes would have no fit")
        ridge = penalty / len(self._rows)  # the loss is the mean over examples
        point = self._at(self._solution, ridge)
        for step in range(STEPS):
            if point.near(ridge, tolerance):
                break
            if step % RENEWAL == 0:
                roots = self._inverse_roots(point, ridge)
            point = self._descend(point, self._newton_step(point, roots, ridge), ridge)
        else:
            raise MeasurementError(
                f"the probe at penalty {penalty:g} did not converge: its loss of {point.loss:.1e} nats per example may "
                f"be {point.excess(ridge):.1e} above the least; look for features of extreme size"
            )
        self._solution = point.solution
        weights = point.solution[:, :-1].T
        return Probe(weights, point.solution[:, -1] - self._mean @ weights, penalty)

    def _at(self, solution: np.ndarray, ridge: float) -> _Point:
        logits = solution @ self._columns  # (classes, examples)
        logits -= logits.max(axis=0)
        probability = np.exp(logits)
        total = probability.sum(axis=0)
        probability /= total
        shrunk = ridge * self._penalised * solution
        gradient = (probability - self._onehot) @ self._rows / len(self._rows) + shrunk
        log_loss = np.log(total).sum() - np.vdot(self._onehot, logits)
        return _Point(solution, log_loss / len(self._rows) + np.vdot(shrunk, solution) / 2, gradient, probability)

    def _inverse_roots(self, point: _Point, ridge: float) -> np.ndarray:
        """``L⁻¹`` of ``L Lᵀ = Σ_i c_i x_i x_iᵀ / n + ridge · 1`` by class: (classes or 1, features + 1, features + 1).

        These are the blocks on the Hessian's diagonal, c_i being the class's curvatures.
        """
        curvatures, columns = point.curvatures / len(self._rows), len(self._columns)
        if len(curvatures) * columns**2 > LARGEST:
            curvatures = curvatures.mean(axis=0, keepdims=True)
        grams = np.empty((len(curvatures), columns, columns))
        for gram, scale in zip(grams, np.sqrt(curvatures), strict=True):
            scaled = self._columns * scale
            np.matmul(scaled, scaled.T, out=gram)
        diagonals = np.einsum("kii->ki", grams)  # a view
        # Of a class that no example has the intercept comes to have no curvature.
        least = np.where(self._penalised, ridge, RESOLUTION)
        diagonals += least + ROUNDING * diagonals.sum(axis=1, keepdims=True)
        return np.linalg.inv(np.linalg.cholesky(grams))

    def _newton_step(self, point: _Point, roots: np.ndarray, ridge: float) -> np.ndarray:
        """About the Hessian's inverse times −gradient, by preconditioned conjugate gradients: (classes, features + 1).

        The same change of all classes changes no probability: along it the loss has next to no curvature, the blocks of
        the classes much. It is of no use either, and left out, or it would take most iterations.
        """

        def precondition(values: np.ndarray) -> np.ndarray:
            whitened = roots @ (values - values.sum(axis=0) / len(values))[:, :, None]
            found = (transposed @ whitened)[:, :, 0]
            return found - found.sum(axis=0) / len(values)

        transposed = roots.swapaxes(1, 2)
        step, left = np.zeros_like(point.gradient), -point.gradient
        direction = precondition(left)
        size = start = np.vdot(left, direction)
        for _ in range(ITERATIONS):
            changed = self._change_of_gradient(point, direction, ridge)
            length = size / np.vdot(direction, changed)
            step += length * direction
            left -= length * changed
            conditioned = precondition(left)
            before, size = size, np.vdot(left, conditioned)
            if size <= FORCING**2 * start:
                break
            direction = conditioned + size / before * direction
        return step

    def _descend(self, point: _Point, step: np.ndarray, ridge: float) -> _Point:
        """The first point of a step and its halves that is lower by a share of what the slope promises."""
        slope = np.vdot(point.gradient, step)
        reached, share = self._at(point.solution + step, ridge), 1.0
        while reached.loss > point.loss + DECREASE * share * slope + RESOLUTION:
            share /= 2
            reached = self._at(point.solution + share * step, ridge)
        return reached

    def _change_of_gradient(self, point: _Point, direction: np.ndarray, ridge: float) -> np.ndarray:
        """The Hessian at a point times a direction (classes, features + 1)."""
        moved = point.probability * (direction @ self._columns)
        moved -= point.probability * moved.sum(axis=0)
        return moved @ self._rows / len(self._rows) + ridge * self._penalised * direction


def cross_validate(features: np.ndarray, labels: np.ndarray, classes: int, folds: np.ndarray) -> PenaltyChoice:
    """The penalty with the least cross-validated log-loss, of all that are tried.

    A search that stops where the loss first rises would stop too early: where directions of large variance say nothing
    of the class, the loss rises first and falls far below later.

    Args:
        features: (examples, features) of the fit split.
        labels: (examples,) in [0, classes).
        classes: number of classes.
        folds: (examples,) the fold of each example.

    Raises:
        MeasurementError: if there are too few examples, or every class has all of its own in one fold.
    """
    losses, by_shares = [], []  # (folds, penalties) and (folds,)
    for others, part in _splits(labels, folds):
        fit = ProbeFit(features[others], labels[others], classes)
        probes = (fit.at(penalty, tolerance=CURVE_TOLERANCE) for penalty in PENALTIES)
        losses.append([probe.log_loss(features[part], labels[part]) for probe in probes])
        shares = np.bincount(labels[others], minlength=classes) / others.sum()
        by_shares.append(-np.log(shares[labels[part]]).sum())
    return PenaltyChoice.of(PENALTIES, np.array(losses), np.array(by_shares))


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
