"""The whole grid of penalties is searched, by fits that come where they should, whatever has most of the variance."""

import numpy as np
import pytest
from scipy.special import log_softmax
from worlds import clouds, generator, sklearn_probe

from overparam.errors import MeasurementError
from overparam.metrics import probes
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import feature_performance
from overparam.metrics.penalties import NEGLIGIBLE
from overparam.metrics.probe_penalty import CURVE_TOLERANCE, PENALTIES, cross_validate, scale_block
from overparam.metrics.probes import ProbeFits

COUNT, FEATURES, CLASSES = 500, 16, 4
FIT = np.arange(COUNT) < 300


def outliers(X, size, units=1):
    X[:, :units] = size * generator(1).normal(size=(COUNT, units))
    return X


def gain(X, size):
    """All features grow and fall together, each by a factor of its own."""
    rng = generator(1)
    return X + size * np.abs(1 + 0.5 * rng.normal(size=(COUNT, 1))) * np.abs(rng.normal(size=X.shape[1]))


def dead(X):
    X[:, 1:5] = 0
    X[:, 5] *= 1e-6
    return X


# What has most of the variance, or none.
CHANGES = {
    "features as they are": lambda X: X,
    "one outlier unit × 30": lambda X: outliers(X, 30),
    "one outlier unit × 300": lambda X: outliers(X, 300),
    "one outlier unit × 1000": lambda X: outliers(X, 1000),
    "three outlier units × 100": lambda X: outliers(X, 100, 3),
    "a common gain × 10": lambda X: gain(X, 10),
    "a common gain × 100": lambda X: gain(X, 100),
    "a common gain × 300": lambda X: gain(X, 300),
    "a gain × 30 and an outlier unit × 300": lambda X: outliers(gain(X, 30), 300),
    "dead units": dead,
    "dead units and an outlier unit × 300": lambda X: outliers(dead(X), 300),
    "heavy-tailed rows": lambda X: X * generator(1).standard_t(2, size=(COUNT, 1)),
    "an offset of 10,000": lambda X: X + 1e4,
    "each unit twice": lambda X: np.hstack([X, X]),
}


def log_loss(model, features, labels):
    """In nats, over all examples; scikit-learn's own takes no probability to be below 2e-16."""
    logits = log_softmax(model.decision_function(features), axis=1)
    return -logits[np.arange(len(labels)), labels].sum()


def changed(name, *, spread=1.0, seed=0):
    features, labels = clouds(seed, COUNT, classes=CLASSES, features=FEATURES, spread=spread)
    order = generator(seed).permutation(COUNT)
    return CHANGES[name](features)[order], labels[order]


@pytest.mark.parametrize("spread", [0.4, 1.0], ids=["overlapping", "apart"])
@pytest.mark.parametrize("name", CHANGES)
def test_every_fit_of_the_walk_is_scikit_learns(name, spread):
    features, labels = changed(name, spread=spread)
    scaled = scale_block(features, FIT)
    walk = ProbeFits(scaled[FIT], labels[FIT], CLASSES)
    others, truth = scaled[~FIT], labels[~FIT]
    without_features = len(truth) * np.log(CLASSES)
    for penalty in PENALTIES:
        reference = sklearn_probe(scaled[FIT], labels[FIT], penalty)
        expected = log_loss(reference, others, truth)
        quick = walk.at(penalty, tolerance=CURVE_TOLERANCE)[0].log_loss(others, truth)
        assert quick == pytest.approx(expected, rel=1e-3, abs=0.2 * NEGLIGIBLE * without_features)
        [probe] = walk.at(penalty)
        assert probe.log_loss(others, truth) == pytest.approx(expected, rel=5e-4, abs=1e-5 * without_features)
        np.testing.assert_array_equal(probe.predict(others), reference.predict(others))


def penalised_loss(probe, features, labels):
    return probe.log_loss(features, labels) + probe.penalty / 2 * np.sum(probe.weights**2)


@pytest.mark.parametrize("name", CHANGES)
def test_a_fit_is_as_near_the_least_loss_as_it_says(name):
    features, labels = changed(name)
    scaled = scale_block(features, FIT)[FIT]
    for penalty in PENALTIES[::2]:
        least = penalised_loss(
            ProbeFits(scaled, labels[FIT], CLASSES).at(penalty, tolerance=1e-12)[0], scaled, labels[FIT]
        )
        for tolerance in (1e-3, 1e-5, 1e-8):
            probe = ProbeFits(scaled, labels[FIT], CLASSES).at(penalty, tolerance=tolerance)[0]
            reached = penalised_loss(probe, scaled, labels[FIT])
            assert reached <= least * (1 + 1.1 * tolerance) + len(scaled) * probes.RESOLUTION


def test_features_in_half_the_precision_are_fitted_in_the_whole():
    features, labels = changed("one outlier unit × 300")
    stored = scale_block(features, FIT).astype(np.float32)
    found, expected = (ProbeFits(values, labels, CLASSES).at(0.01)[0] for values in (stored, stored.astype(np.float64)))
    np.testing.assert_array_equal(found.weights, expected.weights)


@pytest.mark.parametrize("steps", [1, 5])
def test_a_fit_that_does_not_come_there_is_refused(monkeypatch, steps):
    monkeypatch.setattr(probes, "STEPS", steps)
    with pytest.raises(MeasurementError, match=r"the probe at penalty 0\.01 did not converge: its loss of"):
        ProbeFits(*clouds(), 3).at(0.01)


def all_but_separable():
    """As many classes and features as real networks have: along each class's weights the loss curves otherwise."""
    return clouds(0, 1000, classes=10, features=60, spread=0.4)


@pytest.mark.parametrize("largest", [probes.LARGEST, 1], ids=["curvatures of each class", "their mean"])
def test_where_curvatures_of_all_classes_would_not_fit_the_fit_is_the_same(monkeypatch, largest):
    monkeypatch.setattr(probes, "LARGEST", largest)
    features, labels = all_but_separable()
    probe, reference = ProbeFits(features, labels, 10).at(0.1)[0], sklearn_probe(features, labels, 0.1)
    assert probe.log_loss(features, labels) == pytest.approx(log_loss(reference, features, labels), rel=1e-4)


def test_the_weakest_penalties_cost_less_than_a_hundred_products(monkeypatch):
    products, change = [], ProbeFits._change_of_gradient
    monkeypatch.setattr(ProbeFits, "_change_of_gradient", lambda *given: products.append(1) or change(*given))
    walk = ProbeFits(*all_but_separable(), 10)
    for penalty in PENALTIES:
        before = len(products)
        walk.at(penalty, tolerance=CURVE_TOLERANCE)
        assert len(products) - before < 100, penalty


def curve_of_scikit_learn(features, labels, folds):
    """(folds, penalties) cross-validated log-loss, in nats."""
    losses = np.empty((5, len(PENALTIES)))
    for fold in range(5):
        left_out = folds == fold
        for k, penalty in enumerate(PENALTIES):
            model = sklearn_probe(features[~left_out], labels[~left_out], penalty)
            losses[fold, k] = log_loss(model, features[left_out], labels[left_out])
    return losses


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.5, 2.0])
@pytest.mark.parametrize("seed", range(2))
def test_cross_validation_is_a_plain_loop_over_the_same_folds_with_scikit_learn(seed, spread):
    features, labels = clouds(seed, 150, features=20, spread=spread)
    folds = generator(seed).permutation(150) % 5
    losses = curve_of_scikit_learn(features, labels, folds).sum(axis=0)
    shares = [np.bincount(labels[folds != fold]) / np.sum(folds != fold) for fold in range(5)]
    by_shares = -sum(np.log(shares[fold][label]) for fold, label in zip(folds, labels, strict=True))
    choice = cross_validate(features, labels, 3, folds)
    assert choice.penalty == PENALTIES[int(np.argmin(losses))]
    tried = len(choice.grid)
    assert choice.grid == PENALTIES[:tried]
    np.testing.assert_allclose(choice.losses, (losses / by_shares)[:tried], rtol=1e-3, atol=0.2 * NEGLIGIBLE)


@pytest.mark.parametrize("name", CHANGES)
def test_performance_is_what_the_features_tell_whatever_has_most_of_the_variance(name):
    features, labels = changed(name)
    blocks = Blocks({"A": features}, np.arange(COUNT), labels, ~FIT)
    measured = feature_performance(blocks, ["A"])
    scaled, folds = scale_block(features, FIT), blocks.folds(5)[FIT]
    losses = curve_of_scikit_learn(scaled[FIT], labels[FIT], folds).sum(axis=0)
    reference = sklearn_probe(scaled[FIT], labels[FIT], PENALTIES[int(np.argmin(losses))])
    assert measured.value == pytest.approx(reference.score(scaled[~FIT], labels[~FIT]), abs=0.01)
    assert (measured.value > 0.85) == (name != "heavy-tailed rows")  # whose losses are too large to trust any weight


def test_what_lies_beyond_the_grid_is_said_to_be_falling():
    features, labels = changed("features as they are", spread=0.4)
    for size, edge in ((1e3, "inside"), (1e4, "falling")):
        choice = cross_validate(scale_block(outliers(features, size), FIT), labels, CLASSES, np.arange(COUNT) % 5)
        assert choice.edge == edge
    assert choice.penalty == PENALTIES[-1]


def test_cross_validation_finds_different_penalties_for_different_data():
    folds = np.arange(150) % 5
    data = [clouds(0, 150, features=20, spread=spread) for spread in (0.05, 0.5, 2.0)]
    found = [cross_validate(*some, 3, folds).penalty for some in data]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 3
    assert set(found) <= set(PENALTIES)


def test_classes_that_features_do_not_tell_are_left_to_their_shares():
    features = scale_block(clouds(0, 150, features=20)[0], np.ones(150, bool))
    choices = [
        cross_validate(features, generator(seed).integers(3, size=150), 3, np.arange(150) % 5) for seed in range(10)
    ]
    assert {choice.edge for choice in choices if choice.penalty == PENALTIES[0]} == {"flat"}
    for choice in choices:
        assert choice.losses[0] == pytest.approx(1, abs=0.01)


def test_cross_validation_refuses_a_fold_that_leaves_a_single_class():
    features, labels = clouds(classes=2)
    with pytest.raises(MeasurementError, match="at least two classes"):
        cross_validate(features, labels, 2, labels)
