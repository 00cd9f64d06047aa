import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge
from worlds import absolute, blocks_of, fse, generator, split, with_arrays, world

from overparam.errors import MeasurementError
from overparam.metrics import ridge_regression
from overparam.ridge import PENALTIES


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
    "a copy": (
        lambda: with_arrays(world(), B=2 * np.asarray(world()["A"][:])),
        lambda r: r.penalty,
        "from A to B, 1e-08, lies at the edge",
    ),
    "unrelated blocks": (
        lambda: with_arrays(world(source=30), B=independent(5, 100)),
        lambda r: r.penalty,
        r"from A to B, 1e\+02, lies at the edge",
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
