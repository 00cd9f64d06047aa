"""The paper's metrics on plain arrays, in scikit-learn's manner: features in, a number out.

Each makes `Blocks` of its arrays and measures by the definition of its name in `overparam.metrics.definitions`, as
studies do. Given what that definition takes, it is that definition.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, cast, overload

import numpy as np

from overparam.metrics import definitions
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import Measured, ridge_regression
from overparam.metrics.rows import Array, Column, check_features, plain_array, rows_of

Features = Array | Sequence[Array]  # (examples, features), or several whose features count side by side

P = ParamSpec("P")
Q = ParamSpec("Q")
T = TypeVar("T", covariant=True)
U = TypeVar("U", covariant=True)


class _EitherForm(Protocol[P, T, Q, U]):
    """Two functions under one name."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...

    @overload
    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> U: ...


def _or_else(kind: type, definition: Callable[Q, U]) -> Callable[[Callable[P, T]], _EitherForm[P, T, Q, U]]:
    """Let a function on arrays be the definition where its first argument is of a kind that is no array."""

    def decorate(on_arrays: Callable[P, T]) -> _EitherForm[P, T, Q, U]:
        @wraps(on_arrays)
        def either(*args: object, **kwargs: object) -> object:
            form = definition if args and isinstance(args[0], kind) else on_arrays
            return cast(Callable[..., object], form)(*args, **kwargs)

        return cast(_EitherForm[P, T, Q, U], either)

    return decorate


@_or_else(Blocks, definitions.span_error)
def span_error(X: Features, Y: Features, *, heldout: Column) -> float:
    """Measure the feature span error FSE(X→Y): held-out squared error of ridge regression, over variance.

    FSE = Σ ‖y_i − ŷ_i‖² / Σ ‖y_i − ȳ‖² over held-out examples i, where ŷ is the ridge prediction of all features of Y
    from X, and ȳ the mean of Y on the fit rows (paper, Definition 2.2). 0 is spanned, 1 no better than the mean; a
    held-out value may exceed 1.

    The ridge penalty is the one of `overparam.metrics.ridge.PENALTIES` with the least squared error in five-fold
    cross-validation on the fit rows. In scikit-learn, of arrays X and Y and a boolean mask, with
    alpha = penalty · ``X[~mask].var(axis=0).mean() * (~mask).sum()``::

        model = Ridge(alpha).fit(X[~mask], Y[~mask])
        square = lambda error: np.sum(error[mask] ** 2)
        square(Y - model.predict(X)) / square(Y - Y[~mask].mean(axis=0))

    This is ``1 - r2_score(..., multioutput="variance_weighted")``, but for the mean, which is of the fit rows.

    Args:
        X: source features (examples, source features), or a list of such arrays of the same examples, which count as
            one block side by side: the concatenation S_α of its networks. Arrays of NumPy, tensors on the CPU, data
            frames; finite numbers of any type, measured in float64.
        Y: target features (examples, target features), or a list as well.
        heldout: which rows are measured on, (examples,) booleans, or row numbers; the others fit the map.

    Returns:
        FSE, 0 or more. For the penalty that was chosen, and contributions of examples from which
        `overparam.Effect` makes an interval, give what `overparam.metrics.definitions.span_error` takes: `Blocks` and a
        regression, ``span_error(blocks, overparam.ridge_regression(blocks, "x", "y"))``.

    Raises:
        MeasurementError: if features are not finite numbers (examples, features) of the same examples, ``heldout`` says
            not which rows, fewer than two rows are held out or ten fit, or Y does not vary.

    Note:
        Costs one pass over the rows, O(examples · (p + q)²) for p and q features, and six eigendecompositions, O(p³).

    Examples:
        >>> import numpy as np
        >>> import overparam
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 16))
        >>> Y = X[:, :8] @ rng.normal(size=(8, 4)) + rng.normal(size=(500, 4))
        >>> mask = np.arange(500) >= 400
        >>> round(overparam.span_error(X, Y, heldout=mask), 3)
        0.123
        >>> round(overparam.span_error([X[:, :4], X[:, 4:8]], Y, heldout=mask), 3)
        0.123
    """
    return _span(blocks_of({"X": X, "Y": Y}, heldout), "X").value


@_or_else(Measured, definitions.span_gap)
def span_gap(X: Features, Y: Features, baseline: Features, *, heldout: Column) -> float:
    """Measure the feature span gap FSG: FSE(X→Y) minus FSE(baseline→Y), by how much worse X spans Y.

    In the paper's Figure 1, X is a concatenation of narrow networks, Y a wide network and the baseline another wide
    one from its own seed. Each direction has the ridge penalty that cross-validation chooses for it. In scikit-learn:
    the difference of two errors as `span_error` gives them.

    Args:
        X: source features (examples, source features), or a list of arrays side by side; as in `span_error`.
        Y: target features (examples, target features), or a list.
        baseline: features (examples, baseline features) that X is compared with as a source, or a list.
        heldout: which rows are measured on, (examples,) booleans, or row numbers; the others fit the maps.

    Returns:
        FSG: above 0 where the baseline spans Y better. Of two measurements as
        `overparam.metrics.definitions.span_error` gives them, ``span_gap(studied, baseline)`` is their difference with
        the contributions of examples, from which `overparam.Effect` makes an interval.

    Raises:
        MeasurementError: as `span_error`.

    Note:
        Costs as two calls of `span_error`.

    Examples:
        >>> import numpy as np
        >>> import overparam
        >>> rng = np.random.default_rng(0)
        >>> Y = rng.normal(size=(500, 8))
        >>> mask = np.arange(500) >= 400
        >>> round(overparam.span_gap(Y[:, :4], Y, Y @ rng.normal(size=(8, 8)), heldout=mask), 2)
        0.52
    """
    blocks = blocks_of({"X": X, "Y": Y, "baseline": baseline}, heldout)
    return definitions.span_gap(_span(blocks, "X"), _span(blocks, "baseline")).value


@_or_else(Blocks, definitions.residuals)
def residuals(X: Features, Y: Features, *, heldout: Column) -> np.ndarray:
    """Compute the feature residuals R(X→Y) = Y − ridge prediction of Y from X, of all rows.

    The map is fitted on the fit rows alone, its penalty chosen as in `span_error` (paper, Definition 2.6). In
    scikit-learn, with alpha as there: ``Y - Ridge(alpha).fit(X[~mask], Y[~mask]).predict(X)``.

    Args:
        X: source features (examples, source features), or a list of arrays side by side; as in `span_error`.
        Y: target features (examples, target features), or a list.
        heldout: which rows the map is not fitted on, (examples,) booleans, or row numbers.

    Returns:
        Residuals (examples, target features) in float64, in the units of Y; their mean over the fit rows is 0.

    Raises:
        MeasurementError: as `span_error`.

    Note:
        Costs as `span_error`.

    Examples:
        >>> import numpy as np
        >>> import overparam
        >>> rng = np.random.default_rng(0)
        >>> X, noise = rng.normal(size=(500, 16)), rng.normal(size=(500, 4))
        >>> R = overparam.residuals(X, X[:, :4] + noise, heldout=np.arange(400, 500))
        >>> R.shape, bool(np.corrcoef(R.ravel(), noise.ravel())[0, 1] > 0.95)
        ((500, 4), True)
    """
    blocks = blocks_of({"X": X, "Y": Y}, heldout)
    return definitions.residuals(blocks, ridge_regression(blocks, "X", "Y"))


@_or_else(Blocks, definitions.feature_performance)
def feature_performance(X: Features, labels: Column, *, heldout: Column) -> float:
    """Measure the feature performance FP(X): held-out accuracy of a linear probe, in [0, 1].

    The probe is multinomial logistic regression with an L2 penalty, on features that are centred and divided by one
    number, their root mean square on the fit rows (paper, Definition 2.5). The penalty is the one of
    `overparam.metrics.probe_penalty.PENALTIES` with the least log-loss in five-fold cross-validation on the fit rows.
    In scikit-learn, of three classes or more, an array X and a boolean mask::

        Z = X - X[~mask].mean(axis=0)
        Z /= np.sqrt(np.mean(Z[~mask] ** 2))
        LogisticRegression(C=1 / penalty).fit(Z[~mask], labels[~mask]).score(Z[mask], labels[mask])

    Of two classes C is 2 / penalty, since scikit-learn has then one vector of weights where softmax has two.

    Args:
        X: features (examples, features), or a list of arrays side by side; as in `span_error`. A list is scaled as one
            block. To scale each apart, as studies do with features and what they leave of others, give `Blocks` and
            their names, ``feature_performance(blocks, ["a", "b"])``.
        labels: class of each example, (examples,) or (examples, 1) whole numbers of any size and type.
        heldout: which rows are measured on, (examples,) booleans, or row numbers; the others fit the probe.

    Returns:
        FP. For the penalty that was chosen, and which examples are right, give `Blocks` and their names.

    Raises:
        MeasurementError: if features are not finite numbers (examples, features) of the same examples, labels are not
            one whole number an example or some are missing, ``heldout`` says not which rows, or fewer than two rows are
            held out, ten fit, or two classes stand among those that fit.

    Note:
        Costs 56 fits of a probe, each of O(examples · features²) a class and Newton step.

    Examples:
        >>> import numpy as np
        >>> import overparam
        >>> rng = np.random.default_rng(0)
        >>> labels = np.arange(500) % 3
        >>> X = rng.normal(size=(500, 8)) + 2 * np.eye(3, 8)[labels]
        >>> bool(overparam.feature_performance(X, labels, heldout=np.arange(500) >= 400) > 0.7)
        True
    """
    return definitions.feature_performance(blocks_of({"X": X}, heldout, labels), ["X"]).value


def _span(blocks: Blocks, source: str) -> Measured:
    return definitions.span_error(blocks, ridge_regression(blocks, source, "Y"))


def blocks_of(features: Mapping[str, Features], heldout: Column, labels: Column | None = None) -> Blocks:
    """Blocks of arrays by name, those of a list side by side; an example is called by its row number.

    Raises:
        MeasurementError: if features are not finite numbers (examples, features) of the same examples, and as `Blocks`.
    """
    parts = {name: _parts(name, given) for name, given in features.items()}
    count = count_examples(features)
    for part in parts.values():
        for name, array in part.items():
            check_features(name, array, count)
    blocks = {name: _side_by_side([*part.values()]) for name, part in parts.items()}
    return Blocks(blocks, np.arange(count), labels, rows_of(heldout, count))


def count_examples(features: Mapping[str, Features]) -> int:
    """How many rows the first array has."""
    name, first = next(iter(features.items()))
    return len(np.atleast_1d(next(iter(_parts(name, first).values()))))


def _parts(name: str, features: Features) -> dict[str, np.ndarray]:
    """An array, or the several of a list, by what an error calls them."""
    if isinstance(features, list | tuple) and features:
        return {f"{name}[{k}]": plain_array(part) for k, part in enumerate(features)}
    return {name: plain_array(features)}


def _side_by_side(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.hstack(arrays) if len(arrays) > 1 else arrays[0]
