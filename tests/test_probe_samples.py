"""Samples side by side are fitted as each would be alone, and a search that ends early loses nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import PROPERTY, SEEDS, clouds, generator

from overparam.errors import MeasurementError
from overparam.metrics import probe_penalty
from overparam.metrics.probe_penalty import PENALTIES, cross_validate, scale_block
from overparam.metrics.probes import ProbeFits

TIGHT = 1e-11


def samples_of(rng, count, samples):
    """How often each sample has each example: bootstrap draws."""
    return np.array([np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(samples)])


@PROPERTY
@given(SEEDS, st.sampled_from([1e2, 1.0, 1e-3]))
def test_a_sample_is_fitted_as_its_rows_are_alone_as_often_as_it_has_them(seed, penalty):
    features, labels = clouds(seed % 1000, count=80)
    samples = samples_of(generator(seed), 80, 4)
    together = ProbeFits(features, labels, 3, samples).at(penalty, tolerance=TIGHT)
    for sample, probe in zip(samples, together, strict=True):
        rows = np.repeat(np.arange(80), sample)
        [alone] = ProbeFits(features[rows], labels[rows], 3).at(penalty, tolerance=TIGHT)
        np.testing.assert_allclose(probe.weights, alone.weights, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(probe.logits(features), alone.logits(features), rtol=1e-3, atol=1e-3)
        assert probe.loss == pytest.approx(alone.loss, rel=1e-4, abs=1e-9)


def test_the_loss_of_a_probe_is_the_mean_over_the_rows_that_it_was_fitted_to():
    features, labels = clouds()
    [probe] = ProbeFits(features, labels, 3).at(1.0)
    assert probe.loss == pytest.approx(probe.log_loss(features, labels) / len(labels))


def test_a_sample_of_a_single_class_is_refused():
    features, labels = clouds()
    with pytest.raises(MeasurementError, match="at least two classes"):
        ProbeFits(features, labels, 3, np.array([np.ones(len(labels)), labels == 1]))


def groups(seed):
    """Groups of features of very different size, few or more than the rows, some of which tell the classes."""
    rng = generator(seed)
    count, classes = int(rng.choice([60, 100])), int(rng.integers(2, 5))
    labels = rng.integers(classes, size=count)
    parts = []
    for _ in range(rng.integers(1, 4)):
        width, size, signal = int(rng.choice([1, 3, 10, 40, 120])), 10 ** rng.uniform(-3, 3), rng.choice([0, 0.3, 1, 3])
        centres = rng.normal(size=(classes, width))[labels] / np.sqrt(width)
        parts.append(size * (rng.normal(size=(count, width)) + signal * centres))
    return scale_block(np.hstack(parts), np.ones(count, dtype=bool)), labels, classes, rng.permutation(count) % 5


def test_where_the_search_ends_early_the_whole_grid_has_no_better_penalty(monkeypatch):
    ended = []
    for seed in range(40):
        early = cross_validate(*groups(seed))
        if len(early.grid) == len(PENALTIES):
            continue
        ended.append(len(early.grid))
        with monkeypatch.context() as patch:
            patch.setattr(probe_penalty, "RISEN", np.inf)
            whole = cross_validate(*groups(seed))
        assert len(whole.grid) == len(PENALTIES)
        assert (early.penalty, early.edge) == (whole.penalty, whole.edge)
    assert len(ended) > 10
    assert min(ended) <= 6


def test_folds_that_are_not_fitted_together_give_the_same_choice(monkeypatch):
    data = groups(3)
    together = cross_validate(*data)
    monkeypatch.setattr(probe_penalty, "TOGETHER", 1)
    apart = cross_validate(*data)
    assert apart.penalty == together.penalty
    np.testing.assert_allclose(apart.losses, together.losses, rtol=1e-4)
