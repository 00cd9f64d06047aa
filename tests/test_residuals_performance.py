from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from worlds import (
    PROPERTY,
    RELATIVE_PENALTIES,
    SEEDS,
    absolute,
    assert_same_measured,
    generator,
    side_by_side,
    split,
    with_arrays,
    world,
)

from overparam.metrics.definitions import feature_performance, residuals, ridge_regression, span_error
from overparam.metrics.probes import ProbeFits


@PROPERTY
@given(SEEDS, RELATIVE_PENALTIES)
def test_residuals_are_the_map_seen_through_the_penalty_on_the_fit_rows(seed, penalty):
    blocks = world(seed)
    (A, _), (B, _) = split(blocks, "A", "B")
    regression = ridge_regression(blocks, "A", "B")
    R = residuals(blocks, regression, penalty=penalty)[~blocks.heldout]
    found = (A - A.mean(axis=0)).T @ R  # AᵀR = λW
    expected = absolute(penalty, A) * regression.coefficients(penalty)
    np.testing.assert_allclose(found, expected, atol=1e-9 * len(A) * np.abs(A).max() * np.abs(B).max())


@PROPERTY
@given(SEEDS, RELATIVE_PENALTIES)
def test_residuals_beside_the_source_span_what_the_target_beside_it_spans(seed, penalty):
    blocks = world(seed)
    R = residuals(blocks, ridge_regression(blocks, "A", "B"), penalty=penalty)
    R = R / R[~blocks.heldout].std()  # a strong fit leaves little; its scale is no part of a span
    C = side_by_side(blocks, ["A", "B"]) @ generator(seed).normal(size=(9, 3)) + generator(seed).normal(size=(100, 3))
    A = np.asarray(blocks["A"][:])
    joined = with_arrays(blocks, AR=np.hstack([A, R]), AB=side_by_side(blocks, ["A", "B"]), C=C)
    by_residuals, by_target = (ridge_regression(joined, name, "C") for name in ("AR", "AB"))
    for penalty_near_0, rtol in ((0.0, 1e-6), (1e-10, 1e-3)):  # also as λ → 0
        paths = [r.path(np.array([penalty_near_0]), r.source.whole.rows) for r in (by_residuals, by_target)]
        np.testing.assert_allclose(paths[0], paths[1], rtol=rtol)
    assert_same_measured(*(span_error(joined, r, penalty=0.0) for r in (by_residuals, by_target)), rtol=1e-5)


@pytest.mark.parametrize("penalty", [1e-3, 0.1, 10.0])
def test_residuals_beside_the_source_give_the_unpenalised_probe_of_the_target_beside_it(penalty):
    blocks = world(4, fit=400, source=4, target=3, noise=1.0)
    R = residuals(blocks, ridge_regression(blocks, "A", "B"), penalty=penalty)
    fit, A = ~blocks.heldout, np.asarray(blocks["A"][:])
    logits = []
    for features in (np.hstack([A, R]), side_by_side(blocks, ["A", "B"])):
        probe = ProbeFits(features[fit], blocks.labels[fit], 3).at(1e-6, tolerance=1e-12)[0]
        logits.append(probe.logits(features) - probe.logits(features).mean(axis=1, keepdims=True))
    np.testing.assert_allclose(*logits, atol=1e-2 * np.abs(logits[0]).max())
    np.testing.assert_array_equal(*(values.argmax(axis=1) for values in logits))


def test_residuals_of_the_fit_rows_know_nothing_of_the_held_out_rows():
    blocks = world()
    others = {name: np.array(blocks[name][:]) for name in blocks.arrays}
    for values in others.values():
        values[blocks.heldout] = 100 * generator().normal(size=values[blocks.heldout].shape)
    changed = with_arrays(blocks, **others)
    before, after = (residuals(b, ridge_regression(b, "A", "B")) for b in (blocks, changed))
    np.testing.assert_array_equal(after[~blocks.heldout], before[~blocks.heldout])
    assert not np.allclose(after[blocks.heldout], before[blocks.heldout])
    np.testing.assert_allclose(before[~blocks.heldout].mean(axis=0), 0, atol=1e-9)
    assert before.shape == (100, 4)


def test_residuals_hold_what_the_source_does_not_tell_of_every_row():
    blocks = world(noise=0.0)
    noise = generator().normal(size=(100, 4))
    blocks = with_arrays(blocks, B=np.asarray(blocks["B"][:]) + noise)
    R = residuals(blocks, ridge_regression(blocks, "A", "B"))
    for rows in (blocks.heldout, ~blocks.heldout):
        assert np.corrcoef(R[rows].ravel(), noise[rows].ravel())[0, 1] > 0.9


def test_feature_performance_is_the_held_out_accuracy_of_a_probe_of_scaled_blocks():
    blocks = world(noise=1.0)
    fit, columns = ~blocks.heldout, []
    for values, _ in split(blocks, "A", "B"):
        columns.append(np.sqrt(values.var(axis=0).mean()))
    features = side_by_side(blocks, ["A", "B"]) / np.repeat(columns, [5, 4])
    probe = ProbeFits(features[fit], blocks.labels[fit], 3).at(2.0)[0]
    right = probe.predict(features[~fit]) == blocks.labels[~fit]
    measured = feature_performance(blocks, ["A", "B"], penalty=2.0)
    np.testing.assert_array_equal(measured.contributions, right)
    assert measured.value == right.mean() == measured.contributions.mean()
    assert measured.penalty == 2.0


@pytest.mark.parametrize("names", [["A"], ["B"], ["A", "B"]])
@pytest.mark.parametrize("factor", [1e-3, 1000.0])
@pytest.mark.parametrize("penalty", [None, 0.1, 1e3])
def test_the_scale_of_a_block_changes_no_prediction(names, factor, penalty):
    blocks = world(6, noise=1.0)
    scaled = with_arrays(blocks, A=factor * np.asarray(blocks["A"][:]))
    before, after = (feature_performance(b, names, penalty=penalty) for b in (blocks, scaled))
    assert before.penalty == after.penalty
    np.testing.assert_array_equal(after.contributions, before.contributions)


def test_features_that_know_the_labels_perform_and_noise_or_shuffled_labels_are_at_chance():
    blocks = world(7, fit=300, heldout=900)
    assert feature_performance(blocks, ["A"]).value > 0.7
    chance = 3 * np.sqrt(0.25 / 900)
    labels = generator(1).permutation(np.arange(1200) % 3)
    for unrelated in (
        replace(blocks, labels=labels),
        with_arrays(replace(blocks, labels=labels), A=generator(2).normal(size=(1200, 5))),
    ):
        assert abs(feature_performance(unrelated, ["A"]).value - 1 / 3) < chance


def test_feature_performance_chooses_its_penalty_on_the_fit_rows():
    blocks = world(noise=1.0)
    changed = {name: np.where(blocks.heldout[:, None], 0.0, np.asarray(blocks[name][:])) for name in blocks.arrays}
    labels = np.where(blocks.heldout, 0, blocks.labels)
    other = replace(with_arrays(blocks, **changed), labels=labels)
    assert feature_performance(other, ["A", "B"]).penalty == feature_performance(blocks, ["A", "B"]).penalty


def test_an_outlying_held_out_example_changes_the_prediction_of_no_other():
    blocks = world(6, noise=1.0)
    A = np.array(blocks["A"][:])
    A[np.flatnonzero(blocks.heldout)[0]] *= 1e6
    before, after = (feature_performance(b, ["A", "B"]) for b in (blocks, with_arrays(blocks, A=A)))
    assert after.penalty == before.penalty
    np.testing.assert_array_equal(after.contributions[1:], before.contributions[1:])


def test_float16_features_are_upcast_before_any_product():
    blocks = world()
    halves = {name: (300 * np.asarray(blocks[name][:])).astype(np.float16) for name in blocks.arrays}  # 300² overflows
    stored = with_arrays(blocks, **halves)
    upcast = with_arrays(blocks, **{name: values.astype(np.float64) for name, values in halves.items()})
    assert_same_measured(*(span_error(b, ridge_regression(b, "A", "B")) for b in (stored, upcast)), rtol=0)
    assert_same_measured(*(feature_performance(b, ["A", "B"]) for b in (stored, upcast)), rtol=0)
    found, expected = (residuals(b, ridge_regression(b, "A", "B")) for b in (stored, upcast))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    assert span_error(stored, ridge_regression(stored, "A", "B")).value == pytest.approx(
        span_error(blocks, ridge_regression(blocks, "A", "B")).value, rel=1e-2
    )
