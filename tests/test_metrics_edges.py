from dataclasses import replace

import numpy as np
import pytest
from worlds import generator, reordered, with_arrays, world

from overparam.errors import MeasurementError
from overparam.metrics.definitions import feature_performance, residuals, ridge_regression, span_error


def rows(name):
    return np.array(world()[name][:])


def only_heldout(values):
    """Equal to the fit mean, 0, on every held-out row."""
    heldout = world().heldout
    values = np.where(heldout[:, None], 0.0, values)
    values[np.flatnonzero(~heldout)[:30]] = 1.0
    values[np.flatnonzero(~heldout)[30:]] = -1.0
    return values


def spanned(blocks, penalty: float | None = 0.1):
    return span_error(blocks, ridge_regression(blocks, "A", "B"), penalty=penalty)


def performed(blocks, names=("A", "B")):
    return feature_performance(blocks, names)


# Blocks, what is measured on them, and what the message must say.
REFUSED = {
    "NaN": (lambda: with_arrays(world(), A=rows("A") * np.nan), spanned, "block A has features that are NaN or inf"),
    "infinity": (lambda: with_arrays(world(), B=rows("B") * np.inf), performed, "block B has features that are NaN or"),
    "rows of one block missing": (lambda: with_arrays(world(), A=rows("A")[1:]), spanned, "align them"),
    "ids that repeat": (lambda: replace(world(), ids=world().ids // 2), spanned, "example ids repeat"),
    "no rows": (
        lambda: reordered(world(), np.arange(0)),
        spanned,
        "fewer than two rows",
    ),
    "a target that does not vary to fit": (
        lambda: with_arrays(world(), B=np.ones((100, 4))),
        spanned,
        "block B does not vary on the fit split",
    ),
    "a target that does not vary held out": (
        lambda: with_arrays(world(), B=only_heldout(rows("B"))),
        spanned,
        "block B does not vary on the held-out split",
    ),
    "a negative penalty": (world, lambda b: spanned(b, -0.1), "penalty -0.1 is negative"),
    "a negative penalty of residuals": (
        world,
        lambda b: residuals(b, ridge_regression(b, "A", "B"), penalty=-0.1),
        "penalty -0.1 is negative",
    ),
    "penalty 0 and a repeated feature": (
        lambda: with_arrays(world(), A=rows("A")[:, [0, 1, 0]]),
        lambda b: spanned(b, 0.0),
        "independent features",
    ),
    "penalty 0 and more features than rows": (
        lambda: world(source=70),
        lambda b: spanned(b, 0.0),
        "more rows than features",
    ),
    "an unknown source": (world, lambda b: ridge_regression(b, "C", "B"), "no feature block C"),
    "an unknown target": (world, lambda b: ridge_regression(b, "A", "C"), "no feature block C"),
    "an unknown block to probe": (world, lambda b: performed(b, ["A", "C"]), "no feature block C"),
    "labels of one class": (lambda: replace(world(), labels=np.zeros(100, int)), performed, "at least two classes"),
    "a negative label": (
        lambda: replace(world(), labels=world().labels - 1),
        performed,
        "labels are missing, first in",
    ),
    "a probe penalty of 0": (world, lambda b: feature_performance(b, ["A"], penalty=0.0), "0.0 is not positive"),
}


@pytest.mark.parametrize(("blocks", "measure", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_has_no_right_number_is_refused(blocks, measure, message):
    with pytest.raises(MeasurementError, match=message):
        measure(blocks())


def with_noise_columns(count):
    return np.hstack([rows("A"), generator().normal(size=(100, count))])


ACCEPTED = {
    "a constant column of A": (lambda: {"A": np.hstack([rows("A"), np.ones((100, 1))])}, 0),
    "a duplicated column of A": (lambda: {"A": rows("A")[:, [0, 1, 2, 3, 4, 4]]}, 0),
    "a column of A that varies on held-out rows alone": (
        lambda: {"A": np.hstack([rows("A"), world().heldout[:, None] * rows("A")[:, :1]])},
        0,
    ),
    "A that does not vary": (lambda: {"A": np.zeros((100, 5))}, 0),
    "dead columns of B": (lambda: {"B": rows("B") * [0, 1, 0, 1]}, 2),
    "fewer rows than features": (lambda: {"A": with_noise_columns(90)}, 0),
    "float16": (lambda: {"A": rows("A").astype(np.float16), "B": rows("B").astype(np.float16)}, 0),
    "whole numbers": (lambda: {"A": rows("A").round().astype(np.int8), "B": rows("B").round().astype(np.int8)}, 0),
}


@pytest.mark.parametrize(("arrays", "dead"), ACCEPTED.values(), ids=ACCEPTED.keys())
@pytest.mark.parametrize("penalty", [1e-8, 1e-2, 1.0])
def test_what_has_a_right_number_under_a_penalty_is_measured(arrays, dead, penalty):
    blocks = with_arrays(world(), **arrays())
    regression = ridge_regression(blocks, "A", "B")
    measured = span_error(blocks, regression, penalty=penalty)
    left = residuals(blocks, regression, penalty=penalty)
    performance = feature_performance(blocks, ["A", "B"], penalty=1.0)
    assert regression.dead_targets == dead
    assert np.isfinite(measured.contributions).all()
    assert np.isfinite(left).all()
    assert measured.value >= 0
    assert measured.value == pytest.approx(regression.path(np.array([penalty]))[0], rel=1e-6)
    assert 0.4 < performance.value <= 1
    assert measured.contributions.shape == performance.contributions.shape == (40,)
