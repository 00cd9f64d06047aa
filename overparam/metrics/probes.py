"""Linear probes: multinomial logistic regression with an L2 penalty.

Minimises ``Σ_i −log softmax(W x_i + b)[y_i] + (penalty / 2) ‖W‖²``, the intercept b free: scikit-learn's
``LogisticRegression(C=1 / penalty)``. A record takes thousands of fits, so they are made fast: to several samples of
the same examples at once, from strong to weak penalties, each from where the last two point to, by Newton steps that
conjugate gradients find, and these follow the curvature of the loss along the weights of each class.

In W that curvature is the penalty at least, so the sum lies within ``‖∂W‖² / (2 penalty)`` of its least: a fit ends
where this bound says that it may, and raises if it does not come there. Float32 would not come there: near its least
the loss changes by less than float32 tells apart.
"""

from dataclasses import dataclass, fields

import numpy as np

from overparam.errors import MeasurementError
from overparam.metrics.moments import ROUNDING

# Newton steps of one fit at most, and after how many of them the curvatures of its classes are taken anew.
STEPS, RENEWAL = 320, 8
# Conjugate gradients of one step at most; they end where so little of the gradient, in the curvatures, is left.
ITERATIONS, FORCING = 300, 0.1
# A step is halved until the loss falls by this share of what its slope promises (Armijo 1966).
DECREASE = 1e-4
# Numbers that the curvatures of all classes may take: 1 GiB. Beyond, their mean stands for each.
LARGEST = 2**27
# Nats per example that float64 no longer tells apart.
RESOLUTION = 1e-12


@dataclass(frozen=True)
class Probe:
    """A fitted probe.

    Attributes:
        weights: (features, classes).
        intercept: (classes,).
        penalty: that it was fitted with.
        loss: mean log-loss of the examples that it was fitted to, in nats, the penalty left out.
    """

    weights: np.ndarray
    intercept: np.ndarray
    penalty: float
    loss: float

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


@dataclass(frozen=True)
class _Points:
    """Where the fits to some samples are.

    Attributes:
        shares: (samples, examples) weight of each example, 1 in all.
        ridge: (samples,) penalty of the mean loss.
        solution: (samples, classes, features + 1) weights, and last the intercept.
        log_loss: (samples,) mean over examples, in nats.
        loss: (samples,) the same, penalty included.
        gradient: (samples, classes, features + 1) of the loss.
        probability: (samples, classes, examples).
    """

    shares: np.ndarray
    ridge: np.ndarray
    solution: np.ndarray
    log_loss: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray
    probability: np.ndarray

    def __getitem__(self, samples: np.ndarray) -> "_Points":
        return _Points(*(getattr(self, part.name)[samples] for part in fields(self)))

    def put(self, samples: np.ndarray, others: "_Points") -> None:
        """Replace the points of some samples."""
        for part in fields(self):
            getattr(self, part.name)[samples] = getattr(others, part.name)

    @property
    def curvatures(self) -> np.ndarray:
        """Of the loss in each logit, p (1 − p) by the example's weight: (samples, classes, examples)."""
        return self.probability * (1 - self.probability) * self.shares[:, None]

    def excess(self) -> np.ndarray:
        """How far above its least each loss is at most: by strong convexity, the intercept's part by the curvatures."""
        slopes = np.square(self.gradient).sum(axis=1)  # (samples, features + 1)
        flattest = np.maximum(self.curvatures.sum(axis=2).mean(axis=1), RESOLUTION)
        return (slopes[:, :-1].sum(axis=1) / self.ridge + slopes[:, -1] / flattest) / 2

    def near(self, tolerance: float) -> np.ndarray:
        """Whether each loss is within a share ``tolerance`` of its least, or within what float64 tells apart."""
        return self.excess() <= np.maximum(tolerance * self.loss, RESOLUTION)


class ProbeFits:
    """Fits of probes to samples of one set of examples, side by side, each from where those before ended.

    A product of all samples' weights with the features costs little more than that of one, and the curvatures that
    precondition their steps are nearly the same: five folds take about a third of the time that they take in turn.

    Args:
        features: (examples, features), finite.
        labels: (examples,) in [0, classes).
        classes: number of classes.
        samples: (samples, examples) how often each has each example; one that has every example once, unless given.

    Raises:
        MeasurementError: for labels out of range, or a sample of a single class.
    """

    def __init__(
        self, features: np.ndarray, labels: np.ndarray, classes: int, samples: np.ndarray | None = None
    ) -> None:
        samples = np.ones((1, len(labels))) if samples is None else np.asarray(samples, dtype=np.float64)
        within = labels.min() >= 0 and labels.max() < classes
        if not within or any(len(np.unique(labels[sample > 0])) < 2 for sample in samples):
            raise MeasurementError(f"probe labels must hold at least two classes, all in 0 to {classes - 1}")
        features = np.asarray(features, dtype=np.float64)
        self._mean = features.mean(axis=0)
        # By rows and by columns: products with few classes are fast along contiguous memory only.
        self._rows = np.hstack([features - self._mean, np.ones((len(features), 1))])  # last: the intercept
        self._columns = np.ascontiguousarray(self._rows.T)
        self._penalised = np.append(np.ones(features.shape[1]), 0)
        self._onehot = np.ascontiguousarray(np.eye(classes)[labels].T)  # (classes, examples)
        self._counts = samples.sum(axis=1)
        self._shares = samples / self._counts[:, None]
        self._walk: list[tuple[float, np.ndarray]] = []  # the last two penalties, and the solutions there

    def at(self, penalty: float, *, tolerance: float = 1e-8) -> list[Probe]:
        """The probe of each sample at a positive penalty, its loss within a share ``tolerance`` of the least.

        Costs, for n examples, p features, k classes and s samples, 4 n p k s operations an iteration of conjugate
        gradients, and 2 n p² k each `RENEWAL` steps.

        Raises:
            MeasurementError: for a penalty that is not positive, or if a loss cannot be brought so near its least.
        """
        if not penalty > 0:
            raise MeasurementError(f"probe penalty {penalty} is not positive: separable classes would have no fit")
        points = self._start(penalty)
        ended, going = points, np.arange(len(points.loss))
        for step in range(STEPS):
            near = points.near(tolerance)
            ended.put(going[near], points[near])
            going, points = going[~near], points[~near]
            if not len(going):
                break
            if step % RENEWAL == 0:
                roots = self._inverse_roots(points)
            points = self._descend(points, self._newton_step(points, roots))
        else:
            raise MeasurementError(
                f"the probe at penalty {penalty:g} did not converge: its loss of {points.loss[0]:.1e} nats per example "
                f"may be {points.excess()[0]:.1e} above the least; look for features of extreme size"
            )
        self._walk = [*self._walk[-1:], (penalty, ended.solution)]
        weights, intercepts = ended.solution[:, :, :-1].swapaxes(1, 2), ended.solution[:, :, -1]
        return [
            Probe(W, b - self._mean @ W, penalty, float(loss))
            for W, b, loss in zip(weights, intercepts, ended.log_loss, strict=True)
        ]

    def _start(self, penalty: float) -> _Points:
        """Where the walk ended, or the straight line through its last two solutions leads, whichever loss is lower.

        The line is one in the penalty's logarithm: where classes are separable, it is the path for weak penalties.
        """
        ridge = penalty / self._counts
        if not self._walk:
            zero = np.zeros((len(ridge), len(self._onehot), len(self._columns)))
            return self._at(self._shares, ridge, zero)
        last, solution = self._walk[-1]
        points = self._at(self._shares, ridge, solution.copy())
        before, earlier = self._walk[0]
        if before != last:
            ahead = np.log(penalty / last) / np.log(last / before) * (solution - earlier)
            led = self._at(self._shares, ridge, solution + ahead)
            lower = led.loss < points.loss
            points.put(lower, led[lower])
        return points

    def _at(self, shares: np.ndarray, ridge: np.ndarray, solution: np.ndarray) -> _Points:
        logits = self._forwards(solution)
        logits -= logits.max(axis=1, keepdims=True)
        probability = np.exp(logits)
        total = probability.sum(axis=1)
        probability /= total[:, None]
        log_loss = ((np.log(total) - (self._onehot * logits).sum(axis=1)) * shares).sum(axis=1)
        shrunk = ridge[:, None, None] * self._penalised * solution
        gradient = self._backwards((probability - self._onehot) * shares[:, None]) + shrunk
        loss = log_loss + (shrunk * solution).sum(axis=(1, 2)) / 2
        return _Points(shares, ridge, solution, log_loss, loss, gradient, probability)

    def _forwards(self, solution: np.ndarray) -> np.ndarray:
        """(samples, classes, features + 1) to (samples, classes, examples)."""
        return (solution.reshape(-1, len(self._columns)) @ self._columns).reshape(*solution.shape[:2], -1)

    def _backwards(self, slopes: np.ndarray) -> np.ndarray:
        """(samples, classes, examples) to (samples, classes, features + 1)."""
        return (slopes.reshape(-1, len(self._rows)) @ self._rows).reshape(*slopes.shape[:2], -1)

    def _inverse_roots(self, points: _Points) -> np.ndarray:
        """``L⁻¹`` of ``L Lᵀ = Σ_i c_i x_i x_iᵀ + ridge · 1`` by class: (classes or 1, features + 1, features + 1).

        These are the blocks on the Hessian's diagonal, c_i being the class's curvatures, in the mean over samples.
        """
        curvatures, columns = points.curvatures.mean(axis=0), len(self._columns)
        if len(curvatures) * columns**2 > LARGEST:
            curvatures = curvatures.mean(axis=0, keepdims=True)
        grams = np.empty((len(curvatures), columns, columns))
        for gram, scale in zip(grams, np.sqrt(curvatures), strict=True):
            scaled = self._columns * scale
            np.matmul(scaled, scaled.T, out=gram)
        diagonals = np.einsum("kii->ki", grams)  # a view
        # Of a class that no example has the intercept comes to have no curvature.
        least = np.where(self._penalised, points.ridge.mean(), RESOLUTION)
        diagonals += least + ROUNDING * diagonals.sum(axis=1, keepdims=True)
        return np.linalg.inv(np.linalg.cholesky(grams))

    def _newton_step(self, points: _Points, roots: np.ndarray) -> np.ndarray:
        """About the Hessian's inverse times −gradient, by preconditioned conjugate gradients: shaped as the gradient.

        The same change of all classes changes no probability: along it the loss has next to no curvature, the blocks of
        the classes much. It is of no use either, and left out, or it would take most iterations.
        """

        def precondition(values: np.ndarray) -> np.ndarray:
            whitened = roots @ (values - values.mean(axis=1, keepdims=True)).transpose(1, 2, 0)
            found = (transposed @ whitened).transpose(2, 0, 1)
            return found - found.mean(axis=1, keepdims=True)

        def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return (a * b).sum(axis=(1, 2), keepdims=True)

        transposed = roots.swapaxes(1, 2)
        weighted = points.probability * points.shares[:, None]
        step, left = np.zeros_like(points.gradient), -points.gradient
        direction = precondition(left)
        size = start = product(left, direction)
        for _ in range(ITERATIONS):
            changed = self._change_of_gradient(points, weighted, direction)
            going = size > FORCING**2 * start
            length = np.where(going, size / np.where(going, product(direction, changed), 1), 0)
            step += length * direction
            left -= length * changed
            conditioned = precondition(left)
            before, size = size, product(left, conditioned)
            if (size <= FORCING**2 * start).all():
                break
            direction = conditioned + size / before * direction
        return step

    def _descend(self, points: _Points, step: np.ndarray) -> _Points:
        """The first points of steps and their halves that are lower by a share of what the slope promises."""
        slope, share = (points.gradient * step).sum(axis=(1, 2)), np.ones(len(step))
        reached = self._at(points.shares, points.ridge, points.solution + step)
        while (high := reached.loss > points.loss + DECREASE * share * slope + RESOLUTION).any():
            share[high] /= 2
            nearer = points.solution[high] + share[high, None, None] * step[high]
            reached.put(high, self._at(points.shares[high], points.ridge[high], nearer))
        return reached

    def _change_of_gradient(self, points: _Points, weighted: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """The Hessians at points times directions, ``weighted`` being their probabilities by the examples' weights."""
        moved = self._forwards(direction)
        moved -= (points.probability * moved).sum(axis=1, keepdims=True)
        moved *= weighted
        return self._backwards(moved) + points.ridge[:, None, None] * self._penalised * direction
