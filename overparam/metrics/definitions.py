"""The paper's definitions, one function each, on named feature blocks.

Every value comes with its contributions ψ_i over held-out examples, mean_i ψ_i = value, from which intervals are made.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks, Name
from overparam.metrics.coordinates import in_coordinates
from overparam.metrics.moments import FOLDS, ROUNDING, Moments
from overparam.metrics.penalties import Choices
from overparam.metrics.probe_penalty import cross_validate, scale_block
from overparam.metrics.probes import ProbeFits
from overparam.metrics.ridge import Ridge, RidgeSource

N = TypeVar("N", bound=Hashable)  # the name of a block


@dataclass(frozen=True)
class Measured:
    """A number measured on held-out examples.

    Attributes:
        value: the measurement.
        contributions: (held-out examples,) ψ_i with mean ``value``, in the order of the held-out rows.
        penalty: of the ridge map, relative, or of the probe; NaN for a difference.
        choices: what cross-validation chose on the way.
    """

    value: float
    contributions: np.ndarray
    penalty: float
    choices: Choices = field(default_factory=dict)

    def __sub__(self, other: "Measured") -> "Measured":
        return Measured(self.value - other.value, self.contributions - other.contributions, float("nan"))


def ridge_regression(blocks: Blocks, source: Name, target: Name) -> Ridge:
    """Regress one block on another (ridge); of many pairs `ridge_regressions` takes moments once."""
    return ridge_regressions(blocks, [(source, target)])[source, target]


def ridge_regressions(blocks: Blocks, pairs: Sequence[tuple[N, N]]) -> dict[tuple[N, N], Ridge]:
    """Regress blocks on others (ridge), by source and target, from moments that are taken once.

    Costs memory by the square of all these blocks' features together, of each as many as there are fit rows at most.

    Raises:
        MeasurementError: for a target that does not vary on the fit split.
    """
    inner, coordinates = in_coordinates(blocks, list(dict.fromkeys(name for pair in pairs for name in pair)))
    moments = Moments.of(inner)
    sources = {source: RidgeSource(moments, source, coordinates) for source, _ in pairs}
    return {(source, target): sources[source].to(target) for source, target in pairs}


def span_error(blocks: Blocks, regression: Ridge, *, penalty: float | None = None) -> Measured:
    """Feature span error FSE(A→B): squared error over variance, pooled over B's features (paper, Definition 2.2).

    With q_i = ‖b_i − b̂_i‖² and v_i = ‖b_i − mean_fit(b)‖² over held-out examples, FSE = Σq / Σv and
    ψ_i = (q_i − FSE · (v_i − v̄)) / v̄. 0 is spanned, 1 no better than the mean; held-out values may exceed 1.

    Args:
        blocks: holds A and B.
        regression: from A to B.
        penalty: relative; by cross-validation on the fit split unless given.
    """
    choices: Choices = {"ridge": regression.choice} if penalty is None else {}
    penalty = regression.penalty if penalty is None else penalty
    coefficients = regression.inner_coefficients(penalty)
    fit = regression.source.whole.rows
    centre = regression.centre
    source, target = regression.source.name, regression.target
    errors, variances = [], []
    for rows, batch in blocks.batches([source, target]):
        keep = blocks.heldout[rows]
        residual = regression.residuals(batch[source][keep], batch[target][keep], coefficients)
        errors.append(np.square(residual).sum(axis=1))
        variances.append(np.square(batch[target][keep] - centre).sum(axis=1))
    q, v = np.concatenate(errors), np.concatenate(variances)
    if v.mean() <= ROUNDING**2 * np.diag(fit.scatter)[regression.columns].sum() / fit.count:
        raise MeasurementError(f"block {target} does not vary on the held-out split, so its span has no meaning")
    value = q.mean() / v.mean()
    return Measured(float(value), (q - value * (v - v.mean())) / v.mean(), penalty, choices)


def span_gap(studied: Measured, baseline: Measured) -> Measured:
    """Feature span gap FSG: FSE of the studied direction minus FSE of its baseline, on the same examples."""
    return studied - baseline


def residuals(blocks: Blocks, regression: Ridge, *, penalty: float | None = None) -> np.ndarray:
    """Feature residuals R(A→B) = B − ridge prediction of B from A, of all rows: (examples, features of B).

    The map is fitted on the fit split alone (paper, Definition 2.6). span[A, R(A→B)] = span[A, B].
    """
    coefficients = regression.inner_coefficients(regression.penalty if penalty is None else penalty)
    source, target = regression.source.name, regression.target
    parts = [
        regression.residuals(batch[source], batch[target], coefficients)
        for _, batch in blocks.batches([source, target])
    ]
    return np.concatenate(parts)


def feature_performance(blocks: Blocks, names: Sequence[Name], *, penalty: float | None = None) -> Measured:
    """Feature performance FP: held-out accuracy in [0, 1] of a linear probe on blocks side by side (Definition 2.5).

    Each block is centred and divided by its root mean square on the fit split. ψ_i is 1 where example i is right.

    Args:
        blocks: holds the named blocks and the labels.
        names: the blocks to probe together.
        penalty: L2 penalty of the probe; by cross-validation on the fit split unless given.
    """
    fit, labels = ~blocks.heldout, blocks.classes
    scaled = [scale_block(np.concatenate([batch[name] for _, batch in blocks.batches([name])]), fit) for name in names]
    features = np.hstack(scaled)
    classes = int(labels.max()) + 1
    choices: Choices = {}
    if penalty is None:
        choice = cross_validate(features[fit], labels[fit], classes, blocks.folds(FOLDS)[fit])
        penalty, choices = choice.penalty, {"probe": choice}
    probe = ProbeFits(features[fit], labels[fit], classes).at(penalty)[0]
    correct = (probe.predict(features[blocks.heldout]) == labels[blocks.heldout]).astype(np.float64)
    return Measured(float(correct.mean()), correct, penalty, choices)
