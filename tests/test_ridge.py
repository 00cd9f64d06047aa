import numpy as np
import pytest
from hypothesis import given
from sklearn.linear_model import Ridge as SklearnRidge
from worlds import PROPERTY, RELATIVE_PENALTIES, SEEDS, absolute, fse, generator, split, with_arrays, world

from overparam.metrics.definitions import ridge_regression
from overparam.metrics.moments import FOLDS, Moments
from overparam.metrics.ridge import PENALTIES, RidgeSource

WORLDS = {
    "many rows": {},
    "one feature to one": {"source": 1, "target": 1},
    "fewer rows than features": {"fit": 20, "source": 50},
    "as many rows as features": {"fit": 20, "source": 20},
    "wide target": {"target": 30},
}
CASES = [(shape, penalty) for shape in WORLDS for penalty in (1e-6, 1e-3, 0.1, 1.0, 100.0)]


def primal(A, B, alpha):
    return np.linalg.solve(A.T @ A + alpha * np.eye(A.shape[1]), A.T @ B)


def dual(A, B, alpha):
    return A.T @ np.linalg.solve(A @ A.T + alpha * np.eye(len(A)), B)


def svd(A, B, alpha):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return Vt.T @ ((s / (s**2 + alpha))[:, None] * (U.T @ B))


def sklearn(A, B, alpha):
    return SklearnRidge(alpha=alpha, solver="svd").fit(A, B).coef_.reshape(B.shape[1], -1).T


def least_squares(A, B, alpha):
    assert alpha == 0
    return np.linalg.lstsq(A, B, rcond=None)[0]


@pytest.mark.parametrize(("shape", "penalty"), CASES)
@pytest.mark.parametrize("form", [primal, dual, svd, sklearn])
def test_coefficients_are_those_of_every_other_form_of_ridge_regression(form, shape, penalty):
    blocks = world(1, **WORLDS[shape])
    (A, _), (B, _) = split(blocks, "A", "B")
    expected = form(A - A.mean(axis=0), B - B.mean(axis=0), absolute(penalty, A))
    found = ridge_regression(blocks, "A", "B").coefficients(penalty)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())


def test_coefficients_at_penalty_zero_are_those_of_least_squares():
    blocks = world()
    (A, _), (B, _) = split(blocks, "A", "B")
    expected = least_squares(A - A.mean(axis=0), B - B.mean(axis=0), 0)
    np.testing.assert_allclose(ridge_regression(blocks, "A", "B").coefficients(0.0), expected, rtol=1e-9)


@pytest.mark.parametrize(("shape", "penalty"), CASES)
def test_the_path_is_the_error_of_scikit_learns_predictions(shape, penalty):
    blocks = world(2, **WORLDS[shape])
    (A, A_held), (B, B_held) = split(blocks, "A", "B")
    model = SklearnRidge(alpha=absolute(penalty, A), solver="svd").fit(A, B)
    regression, centre = ridge_regression(blocks, "A", "B"), B.mean(axis=0)
    expected = fse(model.predict(A_held).reshape(B_held.shape), B_held, centre)
    np.testing.assert_allclose(regression.path(np.array([penalty])), [expected], rtol=1e-8)
    expected = fse(model.predict(A).reshape(B.shape), B, centre)
    found = regression.path(np.array([penalty]), regression.source.whole.rows)
    np.testing.assert_allclose(found, [expected], rtol=1e-8, atol=1e-10)


def test_penalties_from_1e_minus_8_to_100_are_tried_two_a_decade():
    np.testing.assert_allclose(np.log10(PENALTIES), np.linspace(-8, 6, 29), atol=1e-12)


def test_a_whole_path_is_its_single_penalties():
    regression = ridge_regression(world(), "A", "B")
    singles = [regression.path(np.array([penalty]))[0] for penalty in PENALTIES]
    np.testing.assert_allclose(regression.path(PENALTIES), singles, rtol=1e-12)


def test_residuals_are_what_scikit_learn_leaves_unpredicted():
    blocks = world()
    (A, A_held), (B, B_held) = split(blocks, "A", "B")
    model = SklearnRidge(alpha=absolute(0.1, A)).fit(A, B)
    regression = ridge_regression(blocks, "A", "B")
    for source, target in ((A, B), (A_held, B_held)):
        found = regression.residuals(source, target, regression.coefficients(0.1))
        np.testing.assert_allclose(found, target - model.predict(source), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", ["many rows", "fewer rows than features"])
def test_cross_validation_is_a_plain_loop_over_the_same_folds_with_scikit_learn(shape, seed):
    blocks = world(seed, **WORLDS[shape], noise=1.0)
    (A, _), (B, _) = split(blocks, "A", "B")
    folds = blocks.folds(FOLDS)[~blocks.heldout]
    errors, by_mean = np.zeros((FOLDS, len(PENALTIES))), 0.0
    for fold in range(FOLDS):
        left_out = folds == fold
        by_mean += np.sum((B[left_out] - B[~left_out].mean(axis=0)) ** 2)
        for k, penalty in enumerate(PENALTIES):
            alpha = absolute(penalty, A[~left_out])
            model = SklearnRidge(alpha=alpha, solver="svd").fit(A[~left_out], B[~left_out])
            errors[fold, k] = np.sum((B[left_out] - model.predict(A[left_out])) ** 2)
    regression = ridge_regression(blocks, "A", "B")
    np.testing.assert_allclose(regression.cross_validated_errors, errors, rtol=1e-6)
    assert regression.penalty == PENALTIES[np.argmin(errors.sum(axis=0))]
    assert regression.choice.grid == tuple(PENALTIES)
    np.testing.assert_allclose(regression.choice.losses, errors.sum(axis=0) / by_mean, rtol=1e-6)


def test_cross_validation_sees_no_held_out_row():
    blocks = world()
    swapped = {name: np.array(blocks[name][:]) for name in blocks.arrays}
    for values in swapped.values():
        values[blocks.heldout] = generator().normal(size=values[blocks.heldout].shape)
    np.testing.assert_array_equal(
        ridge_regression(with_arrays(blocks, **swapped), "A", "B").cross_validated_errors,
        ridge_regression(blocks, "A", "B").cross_validated_errors,
    )


def test_noisier_targets_ask_for_a_stronger_penalty():
    penalties = [ridge_regression(world(3, source=20, noise=noise), "A", "B").penalty for noise in (0.1, 1.0, 4.0)]
    assert penalties == sorted(penalties)
    assert penalties[0] < penalties[-1]


@PROPERTY
@given(SEEDS)
def test_error_on_the_fit_split_lies_in_0_to_1_and_never_falls_as_the_penalty_grows(seed):
    rng = generator(seed)
    shape = {"fit": int(rng.integers(5, 60)), "source": int(rng.integers(1, 40)), "target": int(rng.integers(1, 6))}
    regression = ridge_regression(world(seed, **shape), "A", "B")
    path = regression.path(PENALTIES, regression.source.whole.rows)
    assert np.all(path >= 0)
    assert np.all(path <= 1 + 1e-12)
    assert np.all(np.diff(path) >= -1e-12)


@PROPERTY
@given(SEEDS)
def test_a_boundless_penalty_predicts_the_mean(seed):
    regression = ridge_regression(world(seed), "A", "B")
    fit = regression.source.whole.rows
    np.testing.assert_allclose(regression.path(np.array([1e14]), fit), [1], rtol=1e-9)
    np.testing.assert_allclose(regression.path(np.array([1e14])), [1], rtol=1e-9)


@PROPERTY
@given(SEEDS)
def test_a_block_spans_itself_as_the_penalty_vanishes(seed):
    regression = ridge_regression(world(seed), "A", "A")
    path = regression.path(10.0 ** np.array([0.0, -2, -4, -6, -8]))
    assert np.all(np.diff(path) < 0)
    assert path[0] > 1e-4
    assert path[-1] < 1e-8


@PROPERTY
@given(SEEDS, RELATIVE_PENALTIES)
def test_residuals_of_the_fit_rows_are_the_map_seen_through_the_penalty(seed, penalty):
    blocks = world(seed)
    (A, _), (B, _) = split(blocks, "A", "B")
    regression = ridge_regression(blocks, "A", "B")
    W = regression.coefficients(penalty)
    centred = A - A.mean(axis=0)
    expected = absolute(penalty, A) * W  # AᵀR = λW
    found = centred.T @ regression.residuals(A, B, W)
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(centred.T @ B).max())


def test_one_source_serves_many_targets():
    blocks = with_arrays(world(), C=generator().normal(size=(100, 3)) + np.asarray(world()["A"][:])[:, :3])
    source = RidgeSource(Moments.of(blocks), "A")
    for target in ("B", "C"):
        alone = ridge_regression(blocks, "A", target)
        np.testing.assert_allclose(source.to(target).path(PENALTIES), alone.path(PENALTIES), rtol=1e-12)
        assert source.to(target).penalty == alone.penalty
