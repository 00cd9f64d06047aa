"""More features than rows to fit: the dual form gives what the primal gives, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge as SklearnRidge
from worlds import PROPERTY, SEEDS, absolute, blocks_of, fse, generator, split, with_arrays, world

from overparam.errors import MeasurementError
from overparam.metrics.coordinates import Coordinates, in_coordinates
from overparam.metrics.definitions import residuals, ridge_regression, span_error
from overparam.metrics.moments import Moments
from overparam.metrics.ridge import PENALTIES, RidgeSource


def primal(blocks):
    """The regression from moments of all features, as many as there are."""
    return RidgeSource(Moments.of(blocks), "A").to("B")


def wide(seed, source, target):
    """Blocks of 30 rows to fit and 20 held out, that share what eight latent numbers say."""
    rng = generator(seed)
    latent = rng.normal(size=(50, 8))
    A, B = (latent @ rng.normal(size=(8, width)) + rng.normal(size=(50, width)) + 3 for width in (source, target))
    return blocks_of(heldout=rng.permutation(50) < 20, A=A, B=B)


@given(seed=SEEDS, source=st.integers(1, 90), target=st.integers(1, 90))
@PROPERTY
def test_it_gives_what_the_primal_gives(seed, source, target):
    blocks = wide(seed, source, target)
    dual, plain = ridge_regression(blocks, "A", "B"), primal(blocks)
    assert set(dual.source.coordinates) == {name for name, width in (("A", source), ("B", target)) if width > 30}
    for one, other in ((dual.path(PENALTIES), plain.path(PENALTIES)), (dual.choice.losses, plain.choice.losses)):
        np.testing.assert_allclose(one[8:], other[8:], rtol=1e-10)  # from 1e-4 on
        np.testing.assert_allclose(one, other, rtol=1e-6)  # eigenvalues of 0 are known to 1e-14: at 1e-8 that tells
    assert (dual.penalty, dual.choice.edge) == (plain.penalty, plain.choice.edge)
    np.testing.assert_allclose(residuals(blocks, dual), residuals(blocks, plain), atol=1e-9)
    one, other = span_error(blocks, dual), span_error(blocks, plain)
    np.testing.assert_allclose(one.contributions, other.contributions, rtol=1e-10, atol=1e-10)
    assert one.value == pytest.approx(other.value, rel=1e-10)


@given(seed=SEEDS, penalty=st.sampled_from(PENALTIES[8:].tolist()))
@PROPERTY
def test_it_gives_what_scikit_learn_gives_by_either_form(seed, penalty):
    blocks = wide(seed, 70, 40)
    (A, A_held), (B, B_held) = split(blocks, "A", "B")
    alpha, mean = absolute(penalty, A), A.mean(axis=0)
    by_svd = SklearnRidge(alpha=alpha, solver="svd").fit(A, B).predict(A_held)
    kernel = KernelRidge(alpha=alpha, kernel="linear").fit(A - mean, B - B.mean(axis=0))
    measured = span_error(blocks, ridge_regression(blocks, "A", "B"), penalty=penalty)
    for predicted in (by_svd, kernel.predict(A_held - mean) + B.mean(axis=0)):
        assert measured.value == pytest.approx(fse(predicted, B_held, B.mean(axis=0)), rel=1e-10)
    left = residuals(blocks, ridge_regression(blocks, "A", "B"), penalty=penalty)[blocks.heldout]
    np.testing.assert_allclose(left, B_held - by_svd, atol=1e-8)


@given(seed=SEEDS)
@PROPERTY
def test_coordinates_keep_lengths_and_lead_back(seed):
    rows = generator(seed).normal(size=(10, 25)) + 5
    found = Coordinates.of(rows)
    inside = found.of_rows(rows)
    np.testing.assert_allclose(inside[:, -1], 0, atol=1e-6)
    np.testing.assert_allclose(found.features(inside), rows - rows.mean(axis=0), atol=1e-12)
    others = generator(seed + 1).normal(size=(4, 25))
    lengths = np.linalg.norm(others - rows.mean(axis=0), axis=1)
    np.testing.assert_allclose(np.linalg.norm(found.of_rows(others), axis=1), lengths, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_wide_block_of_constants_spans_nothing_and_is_no_target(value):
    blocks = with_arrays(world(), A=np.full((100, 80), value))
    regression = ridge_regression(blocks, "A", "B")
    assert span_error(blocks, regression).value == 1
    with pytest.raises(MeasurementError, match="block A does not vary on the fit split"):
        ridge_regression(blocks, "B", "A")


def test_dead_features_of_a_wide_target_are_counted():
    A = generator().normal(size=(100, 80))
    A[:, :7] = 0.1
    assert ridge_regression(with_arrays(world(), A=A), "B", "A").dead_targets == 7


def test_penalty_0_is_refused_as_by_the_primal():
    with pytest.raises(MeasurementError, match="70 features on 30 rows are not; use a penalty above 0"):
        ridge_regression(wide(0, 70, 2), "A", "B").coefficients(0.0)


def test_blocks_of_fewer_features_than_fit_rows_are_let_be():
    blocks, coordinates = in_coordinates(world(), ["B", "A"])
    assert coordinates == {}
    assert list(blocks.arrays) == ["B", "A"]
    assert all(blocks[name] is world_ for name, world_ in blocks.arrays.items())
