import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge
from worlds import absolute, blocks_of, fse, generator, split, with_arrays, world

from overparam.errors import MeasurementError
from overparam.metrics.definitions import ridge_regression, span_error
from overparam.metrics.ridge import PENALTIES


def with_constant(blocks, name, columns):
    values = np.array(blocks[name][:])
    values[:, columns] = 0.0
    return with_arrays(blocks, **{name: values})


def nine_rows(**arrays):
    return blocks_of(heldout=np.arange(12) >= 9, **arrays)


def independent(columns, rows=12):
    return generator(columns).normal(size=(rows, columns))


# What cannot be answered: blocks, the question, and what the message must say.
REFUSED = {
    "a negative penalty": (world, lambda r: r.path(np.array([0.1, -1e-9])), "penalty -1e-09 is negative"),
    "negative coefficients": (world, lambda r: r.coefficients(-1.0), "penalty -1.0 is negative"),
    "0 with a duplicated column": (
        lambda: with_arrays(world(), A=np.asarray(world()["A"][:])[:, [0, 1, 2, 1]]),
        lambda r: r.coefficients(0.0),
        "4 features on 60 rows are not",
    ),
    "0 with a constant column": (
        lambda: with_constant(world(), "A", [3]),
        lambda r: r.path(np.array([0.0])),
        "5 features on 60 rows are not",
    ),
    "0 with a sum of columns": (
        lambda: with_arrays(world(), A=independent(3, 100) @ np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, -2.0]])),
        lambda r: r.path(np.array([1.0, 0.0])),
        "4 features on 60 rows are not",
    ),
    "0 with as many rows as features": (
        lambda: nine_rows(A=independent(9), B=independent(2)),
        lambda r: r.coefficients(0.0),
        "9 features on 9 rows are not",
    ),
    "0 with fewer rows than features": (
        lambda: nine_rows(A=independent(15), B=independent(2)),
        lambda r: r.coefficients(0.0),
        "15 features on 9 rows are not",
    ),
    "a target that does not vary": (
        lambda: with_constant(world(), "B", slice(None)),
        lambda r: None,
        "block B does not vary on the fit split",
    ),
    "a target that varies on held-out rows alone": (
        lambda: with_arrays(world(), B=world().heldout[:, None] * independent(2, 100)),
        lambda r: None,
        "block B does not vary on the fit split",
    ),
}


@pytest.mark.parametrize(("blocks", "ask", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_regression_without_an_answer_is_refused(blocks, ask, message):
    with pytest.raises(MeasurementError, match=message):
        ask(ridge_regression(blocks(), "A", "B"))


ACCEPTED = {
    "constant columns": lambda A: np.hstack([A, np.zeros((100, 2)), np.ones((100, 1))]),
    "constant columns that binary cannot write": lambda A: np.hstack([A, np.full((100, 2), 0.1)]),
    "duplicated columns": lambda A: A[:, [0, 0, 1, 2, 3, 4, 4]],
    "more features than rows": lambda A: np.hstack([A, independent(80, 100)]),
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED.keys())
@pytest.mark.parametrize("penalty", [1e-6, 1e-2, 1.0])
def test_singular_sources_are_accepted_under_a_penalty_and_give_what_scikit_learn_gives(change, penalty):
    blocks = world()
    blocks = with_arrays(blocks, A=change(np.asarray(blocks["A"][:])))
    (A, A_held), (B, B_held) = split(blocks, "A", "B")
    model = SklearnRidge(alpha=absolute(penalty, A), solver="svd").fit(A, B)
    expected = fse(model.predict(A_held), B_held, B.mean(axis=0))
    np.testing.assert_allclose(ridge_regression(blocks, "A", "B").path(np.array([penalty])), [expected], rtol=1e-7)


def shared(rows=100):
    """Six numbers that both blocks see, in 100 rows of which 40 are held out."""
    return generator(6).normal(size=(rows, 6))


def mixed(columns, noise=0.0, seed=7):
    return shared() @ generator(seed).normal(size=(6, columns)) + noise * generator(seed + 1).normal(
        size=(100, columns)
    )


def beside_an_outlier(size):
    return np.hstack([size * independent(1, 100), independent(4, 100)])


# Source, target, the best penalty, where in the grid it lies, and the span error.
BEST_PENALTIES = {
    "a copy": (mixed(5), 2 * mixed(5), 1e-8, "flat", 0.0),
    "a copy far from the origin": (mixed(5) + 1e6, mixed(5), 1e-8, "flat", 0.0),
    "a source that spans the target": (mixed(6), mixed(16, seed=9), 1e-8, "flat", 0.0),
    "a source that spans the target, and more": (mixed(8, 0.1), mixed(8, 0.1)[:, :3] - 7, 1e-8, "flat", 0.0),
    "a source twice as wide as need be": (np.hstack([mixed(5)] * 2), mixed(5), 1e-8, "flat", 0.0),
    "a rotated target with dead features": (mixed(6), np.hstack([shared(), np.zeros((100, 2))]), 1e-8, "flat", 0.0),
    "a source of dead features": (np.zeros((100, 4)), mixed(5), 1e-8, "flat", 1.0),
    "three features that say nothing": (independent(3, 100), mixed(5), 1e6, "flat", 1.0),
    "ten features that say nothing": (independent(10, 100), mixed(5), 1e6, "flat", 1.0),
    "thirty features that say nothing": (independent(30, 100), mixed(5), 1e2, "inside", 1.0),
    "an outlier unit × 300 that says nothing of another one": (
        beside_an_outlier(300),
        np.hstack([300 * independent(1, 100)[::-1], mixed(4)]),
        1e6,
        "flat",
        1.0,
    ),
    "a target hidden beside an outlier unit × 10,000": (
        beside_an_outlier(1e4),
        beside_an_outlier(1e4)[:, 1:],
        1e-8,
        "falling",
        None,
    ),
    "a target hidden beside an outlier unit × 100,000": (
        beside_an_outlier(1e5),
        beside_an_outlier(1e5)[:, 1:],
        1e-8,
        "falling",
        None,
    ),
}


@pytest.mark.parametrize(("A", "B", "penalty", "edge", "error"), BEST_PENALTIES.values(), ids=BEST_PENALTIES.keys())
def test_the_best_penalty_is_measured_and_named_also_at_the_edge_of_the_grid(A, B, penalty, edge, error):
    blocks = blocks_of(heldout=np.arange(100) % 5 < 2, A=A, B=B)
    regression = ridge_regression(blocks, "A", "B")
    assert (regression.choice.penalty, regression.choice.edge) == (penalty, edge)
    measured = span_error(blocks, regression)
    assert measured.choices == {"ridge": regression.choice}
    assert np.isfinite(measured.value)
    if error is not None:
        assert measured.value == pytest.approx(error, abs=0.01)


@pytest.mark.parametrize("penalty", [0.0, 1e-8, 1.0])
def test_a_source_of_constant_features_predicts_the_mean(penalty):
    regression = ridge_regression(with_constant(world(), "A", slice(None)), "A", "B")
    np.testing.assert_array_equal(regression.coefficients(penalty), np.zeros((5, 4)))
    np.testing.assert_array_equal(regression.path(np.array([penalty])), [1])


@pytest.mark.parametrize("dead", [[2], [0, 3]])
@pytest.mark.parametrize(
    "value",
    [
        0.0,
        1.0,
        0.1,
    ],
)
def test_dead_features_of_the_target_are_counted_and_change_nothing(dead, value):
    blocks = world()
    B = np.array(blocks["B"][:])
    B[:, dead] = value
    alive = np.delete(B, dead, axis=1)
    regression = ridge_regression(with_arrays(blocks, B=B), "A", "B")
    np.testing.assert_allclose(
        regression.path(PENALTIES), ridge_regression(with_arrays(blocks, B=alive), "A", "B").path(PENALTIES), rtol=1e-9
    )
    assert regression.dead_targets == len(dead)
