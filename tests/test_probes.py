import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.metrics import log_loss
from worlds import PROPERTY, SEEDS, clouds, generator, orthogonal, sklearn_probe, split, world

from overparam.errors import MeasurementError
from overparam.metrics.probe_penalty import PENALTIES, scale_block
from overparam.metrics.probes import ProbeFits

TIGHT = 1e-11


@pytest.mark.parametrize("penalty", [1e3, 10.0, 1.0, 0.1, 0.01])
@pytest.mark.parametrize("classes", [3, 7])
@pytest.mark.parametrize("seed", range(2))
def test_a_probe_is_scikit_learns_logistic_regression(seed, classes, penalty):
    features, labels = clouds(seed, classes=classes)
    reference = sklearn_probe(features, labels, penalty)
    probe = ProbeFits(features, labels, classes).at(penalty, tolerance=TIGHT)[0]
    np.testing.assert_allclose(probe.weights, reference.coef_.T, atol=1e-3)
    np.testing.assert_allclose(
        probe.intercept - probe.intercept.mean(), reference.intercept_ - reference.intercept_.mean(), atol=1e-3
    )
    others, _ = clouds(seed + 10, classes=classes)
    np.testing.assert_array_equal(probe.predict(others), reference.predict(others))
    assert probe.penalty == penalty


def test_a_probe_of_two_classes_is_the_softmax_of_two_logits():
    features, labels = clouds(classes=2)
    reference = sklearn_probe(features, labels, 2.0)  # one vector w of penalty 2: as ±w/2 at penalty 4
    probe = ProbeFits(features, labels, 2).at(4.0, tolerance=TIGHT)[0]
    np.testing.assert_allclose(probe.weights[:, 1] - probe.weights[:, 0], reference.coef_[0], atol=1e-3)


@PROPERTY
@given(SEEDS, st.sampled_from(PENALTIES))
def test_the_gradient_of_the_stated_loss_vanishes_at_the_probe(seed, penalty):
    features, labels = clouds(seed % 1000)
    probe = ProbeFits(features, labels, 3).at(penalty, tolerance=TIGHT)[0]
    error = np.exp(log_softmax(features @ probe.weights + probe.intercept, axis=1)) - np.eye(3)[labels]
    np.testing.assert_allclose(features.T @ error + penalty * probe.weights, 0, atol=1e-2)
    np.testing.assert_allclose(error.sum(axis=0), 0, atol=1e-2)


def test_the_intercept_is_free_of_the_penalty():
    features, labels = clouds()
    probe = ProbeFits(features, labels, 3).at(1e9, tolerance=TIGHT)[0]
    np.testing.assert_allclose(probe.weights, 0, atol=1e-5)
    shares = np.exp(log_softmax(probe.logits(features), axis=1))
    np.testing.assert_allclose(shares, np.tile(np.bincount(labels) / len(labels), (300, 1)), atol=1e-4)


@PROPERTY
@given(SEEDS)
def test_shifting_the_features_changes_nothing_but_the_intercept(seed):
    features, labels = clouds(seed % 1000)
    shift = 5 * generator(seed).normal(size=5)
    here, there = (ProbeFits(values, labels, 3).at(1.0, tolerance=TIGHT)[0] for values in (features, features + shift))
    np.testing.assert_allclose(there.weights, here.weights, atol=1e-4)
    np.testing.assert_allclose(there.logits(features + shift), here.logits(features), atol=1e-3)


@PROPERTY
@given(SEEDS)
def test_rotating_the_features_rotates_the_weights(seed):
    features, labels = clouds(seed % 1000)
    Q = orthogonal(generator(seed), 5)
    here, there = (ProbeFits(values, labels, 3).at(1.0, tolerance=TIGHT)[0] for values in (features, features @ Q))
    np.testing.assert_allclose(there.weights, Q.T @ here.weights, atol=1e-4)


@pytest.mark.parametrize("path", [PENALTIES, PENALTIES[::-1], (0.1, 1e3, 0.1)])
def test_a_probe_does_not_depend_on_the_probes_fitted_before_it(path):
    features, labels = clouds()
    fit = ProbeFits(features, labels, 3)
    for penalty in path:
        alone = ProbeFits(features, labels, 3).at(penalty, tolerance=TIGHT)[0]
        np.testing.assert_allclose(fit.at(penalty, tolerance=TIGHT)[0].weights, alone.weights, atol=1e-4)


@pytest.mark.parametrize("change", ["constant", "duplicated", "more features than rows"])
def test_singular_features_are_accepted(change):
    features, labels = clouds(count=60)
    more = {
        "constant": np.full((60, 1), 3.0),
        "duplicated": features[:, :2],
        "more features than rows": generator().normal(size=(60, 100)),
    }[change]
    features = np.hstack([features, more])
    probe = ProbeFits(features, labels, 3).at(1.0, tolerance=TIGHT)[0]
    np.testing.assert_allclose(probe.weights, sklearn_probe(features, labels, 1.0).coef_.T, atol=1e-3)


def test_log_loss_is_the_sum_over_examples_in_nats():
    features, labels = clouds()
    probe = ProbeFits(features, labels, 3).at(1.0)[0]
    others, truth = clouds(1)
    expected = log_loss(truth, np.exp(log_softmax(probe.logits(others), axis=1)), normalize=False)
    assert probe.log_loss(others, truth) == pytest.approx(expected)
    np.testing.assert_array_equal(probe.predict(others), probe.logits(others).argmax(axis=1))


@pytest.mark.parametrize("count", [8, 20, 60, 300])
def test_a_class_that_no_example_has_is_never_predicted(count):
    features, labels = clouds(0, count, spread=2.0)
    fit = ProbeFits(features, labels, 7)
    for penalty in PENALTIES:
        [probe] = fit.at(penalty)
        assert probe.weights.shape == (5, 7)
        assert set(probe.predict(features)) <= {0, 1, 2}


@PROPERTY
@given(SEEDS, st.floats(0.8, 1), st.sampled_from([1e-8, 1.0, 1e8]))
def test_whatever_the_features_and_however_rare_the_classes_a_fit_ends_where_it_should(seed, share, size):
    rng = generator(seed)
    features = rng.normal(size=(40, 6)) * size ** rng.random(6) * rng.standard_t(2, size=(40, 1))
    labels = np.where(rng.random(40) < share, 0, rng.integers(0, 6, 40))
    labels[:2] = 0, 5
    fit = ProbeFits(scale_block(features, np.ones(40, dtype=bool)), labels, 6)
    assert all(np.isfinite(fit.at(penalty, tolerance=1e-6)[0].weights).all() for penalty in PENALTIES)


def test_a_scaled_block_has_mean_0_and_root_mean_square_1_on_the_fit_rows_by_one_number():
    blocks = world()
    fit, values = ~blocks.heldout, np.asarray(blocks["A"][:])
    scaled = scale_block(values, fit)
    np.testing.assert_allclose(scaled[fit].mean(axis=0), 0, atol=1e-12)
    assert np.mean(scaled[fit] ** 2) == pytest.approx(1)
    A, held = split(blocks, "A")[0]
    np.testing.assert_allclose(scaled[~fit], (held - A.mean(axis=0)) / np.sqrt(A.var(axis=0).mean()), rtol=1e-9)
    assert np.ptp(scaled[fit].std(axis=0)) > 0.1  # columns keep their relative scale


@PROPERTY
@given(SEEDS, st.floats(-6, 6))
def test_scale_and_shift_of_a_block_leave_the_scaled_block_as_it_was(seed, exponent):
    blocks = world(seed)
    fit, values = ~blocks.heldout, np.asarray(blocks["A"][:])
    moved = 10**exponent * (values + generator(seed).normal(size=5))
    np.testing.assert_allclose(scale_block(moved, fit), scale_block(values, fit), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "value",
    [
        0.0,
        1.0,
        0.1,
    ],
)
def test_a_block_that_does_not_vary_on_the_fit_rows_becomes_0(value):
    values = np.full((10, 2), value)
    values[7:] += generator().normal(size=(3, 2))
    np.testing.assert_array_equal(scale_block(values, np.arange(10) < 7), np.zeros((10, 2)))


BAD_LABELS = {
    "a single class": np.zeros(300, dtype=int),
    "a negative label": np.r_[-1, np.arange(299) % 3],
    "a label too large": np.r_[3, np.arange(299) % 3],
}


@pytest.mark.parametrize("labels", BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_labels_out_of_range_or_of_a_single_class_are_refused(labels):
    with pytest.raises(MeasurementError, match="at least two classes, all in 0 to 2"):
        ProbeFits(clouds()[0], labels, 3)


@pytest.mark.parametrize("penalty", [0.0, -1.0, np.nan])
def test_a_penalty_that_is_not_positive_is_refused(penalty):
    with pytest.raises(MeasurementError, match=f"probe penalty {penalty} is not positive"):
        ProbeFits(*clouds(), 3).at(penalty)
