"""Worlds of generated networks are what they say, and are measured as trained networks are."""

import numpy as np
import pytest

from overparam.error_rates.networks import NARROW, ONE, ONE_LAW, PARTS, SIGNAL
from overparam.error_rates.studies import first_replicates, record_of
from overparam.error_rates.worlds import OUTLIER, WORLDS
from overparam.errors import MeasurementError
from overparam.metrics.definitions import residuals, ridge_regression
from overparam.study.feature_blocks import M_1, M_1_PRIME, S, S_prime
from overparam.study.layout import Replicate


@pytest.mark.parametrize(
    ("world", "message"),
    [
        ("rows misaligned between blocks", "other examples than those of α = 1, or in another order"),
        ("S with half the features", "has 4 × 2 features where M_1 has 16"),
        ("one replicate copied", "has the very weights of"),
    ],
)
def test_what_is_not_measured_is_not_for_the_reason_that_is_meant(world, message):
    with pytest.raises(MeasurementError, match=message):
        record_of(WORLDS[world].study(world, 0, 3))


def blocks_of(world, number=0):
    """The blocks of the first replicate."""
    return Replicate.of(WORLDS[world].study(world, number, 1)[0]).blocks


def test_replicates_of_a_world_share_their_examples_and_worlds_do_not():
    first, second = SIGNAL.replicates(0, 2).values()
    (again,), (other,) = SIGNAL.replicates(0, 1).values(), SIGNAL.replicates(1, 1).values()
    np.testing.assert_array_equal(first[ONE].labels, second[ONE].labels)
    np.testing.assert_array_equal(first[NARROW].features, again[NARROW].features)
    assert not np.array_equal(first[ONE].labels, other[ONE].labels)
    assert not np.allclose(first[ONE].features, second[ONE].features)


def test_where_both_see_the_same_a_wide_network_is_a_concatenation():
    study = ONE_LAW.replicates(0, 5)
    wide, narrow = (np.stack([files[alpha].features for files in study.values()]) for alpha in (ONE, NARROW))
    assert wide.shape[3] == PARTS * narrow.shape[3]
    assert wide.mean() == pytest.approx(narrow.mean(), abs=0.01)
    assert wide.std() == pytest.approx(narrow.std(), rel=0.02)


def test_the_concatenation_that_replaces_m_1_is_of_another_replicate():
    drawn, replaced = SIGNAL.replicates(0, 3), WORLDS["M_1 replaced by an S"].study("x", 0, 3)
    for replicate, following in ((0, 1), (1, 2), (2, 0)):
        before, after = Replicate.of(drawn[replicate]).blocks, Replicate.of(replaced[replicate]).blocks
        np.testing.assert_array_equal(after[M_1], Replicate.of(drawn[following]).blocks[S(NARROW)][:])
        assert not np.array_equal(after[M_1], after[S(NARROW)])
        for name in (M_1_PRIME, S(NARROW), S_prime(NARROW)):
            np.testing.assert_array_equal(after[name], before[name])


def test_swapped_are_the_wide_network_and_concatenations_but_not_the_target():
    drawn, swapped = SIGNAL.replicates(0, 1)[0], WORLDS["wide and narrow swapped"].study("x", 0, 1)[0]
    before, after = Replicate.of(drawn).blocks, Replicate.of(swapped).blocks
    for name, other in ((M_1, S(NARROW)), (S(NARROW), M_1), (S_prime(NARROW), S_prime(NARROW))):
        np.testing.assert_array_equal(after[name], before[other])
    np.testing.assert_array_equal(after[M_1_PRIME], drawn[NARROW].features[:, 8:].reshape(len(before.ids), -1))


@pytest.mark.parametrize("world", ["residual replaced by noise", "rows of the residual shuffled"])
def test_what_stands_in_for_the_residual_is_as_large_and_tells_nothing(world):
    drawn, changed = blocks_of("true signal"), blocks_of(world)
    before, after = (residuals(blocks, ridge_regression(blocks, S(NARROW), M_1)) for blocks in (drawn, changed))
    assert after.std() == pytest.approx(before.std(), rel=0.05)
    assert abs(np.corrcoef(before.ravel(), after.ravel())[0, 1]) < 0.05
    np.testing.assert_array_equal(changed[S(NARROW)], drawn[S(NARROW)])


def test_features_are_stored_as_the_world_says():
    drawn, half, thousand = map(blocks_of, ("true signal", "features stored as float16", "S × 1000"))
    assert {array.dtype for array in half.arrays.values()} == {np.dtype(np.float16)}
    np.testing.assert_array_equal(thousand[S(NARROW)], 1000 * drawn[S(NARROW)])
    np.testing.assert_array_equal(thousand[M_1], drawn[M_1])


def test_an_outlier_unit_has_most_of_a_blocks_variance_and_tells_nothing():
    drawn, changed = blocks_of("true signal"), blocks_of("one outlier unit × 300")
    for name in (M_1, M_1_PRIME, S(NARROW), S_prime(NARROW)):
        before, after = drawn[name][:], changed[name][:]
        assert after[:, 0].std() == pytest.approx(OUTLIER, rel=0.05)
        np.testing.assert_array_equal(after[:, 1:], before[:, 1:])
        assert np.abs(np.corrcoef(after[:, 0], before.T)[0, 1:]).max() < 0.1


def test_an_outlier_unit_in_what_spans_leaves_the_targets_alone():
    drawn, changed = blocks_of("true signal"), blocks_of("one outlier unit × 300 in what spans")
    for name in (M_1, S_prime(NARROW)):
        np.testing.assert_array_equal(changed[name][:], drawn[name][:])
    for name in (M_1_PRIME, S(NARROW)):
        assert changed[name][:, 0].std() == pytest.approx(OUTLIER, rel=0.05)


def test_a_common_gain_moves_all_units_of_all_networks_together():
    drawn, changed = blocks_of("true signal"), blocks_of("a common gain × 100")
    added = np.hstack([changed[name][:] - drawn[name][:] for name in (M_1, M_1_PRIME, S(NARROW))])
    assert np.corrcoef(added.T).min() > 0.999
    assert added.std() > 10 * drawn[M_1][:].std()
    assert np.abs(np.corrcoef(added[:, 0], drawn.labels)[0, 1]) < 0.05


def test_shuffled_labels_are_the_same_in_every_replicate():
    study = WORLDS["labels shuffled"].study("labels shuffled", 0, 2)
    labels = [file.labels for files in study.values() for file in files.values()]
    drawn = SIGNAL.replicates(0, 1)[0][ONE].labels
    assert all(np.array_equal(labels[0], others) for others in labels)
    assert labels[0].sum() == drawn.sum()
    assert np.mean(labels[0] == drawn) < 0.6


def test_the_first_replicates_of_a_record_are_those_measured_alone():
    study = WORLDS["S badly trained"].study("S badly trained", 0, 2)
    alone, cut = record_of({0: study[0]}), first_replicates(record_of(study), 1)
    assert (cut.replicates, cut.penalties) == (alone.replicates, alone.penalties)
    for alpha in (ONE, NARROW):
        assert cut.networks[alpha]["train_accuracy"] == alone.networks[alpha]["train_accuracy"]
    assert cut.networks[ONE]["early"]["train_accuracy"] == alone.networks[ONE]["early"]["train_accuracy"]
    for name, sample in cut.samples.items():
        assert sample.quantities == alone.samples[name].quantities
        np.testing.assert_allclose(sample.values, alone.samples[name].values)
        np.testing.assert_allclose(sample.shared, alone.samples[name].shared, rtol=1e-9, atol=1e-15)
