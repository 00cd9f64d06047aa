from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import PROPERTY, SEEDS, generator, reordered, side_by_side, with_arrays, world

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.metrics.moments import FOLDS, Group, Moments

CUTS = st.lists(st.integers(0, 50), min_size=1, max_size=6)


def rows(seed: int = 0, count: int = 50, *, scale: float = 1.0, shift: float = 3.0) -> np.ndarray:
    rng = generator(seed)
    return scale * (rng.normal(size=(count, 4)) @ rng.normal(size=(4, 4)) + shift * rng.normal(size=4))


def assert_same(a: Group, b: Group, *, rtol: float = 1e-10) -> None:
    assert a.count == b.count
    size = np.abs(b.scatter).max() + b.count * np.abs(b.mean).max() ** 2
    np.testing.assert_allclose(a.mean, b.mean, rtol=rtol, atol=rtol * np.abs(b.mean).max())
    np.testing.assert_allclose(a.scatter, b.scatter, rtol=rtol, atol=rtol * size)


def assert_same_moments(a: Moments, b: Moments) -> None:
    assert dict(a.columns) == dict(b.columns)
    for one, other in zip(a.groups, b.groups, strict=True):
        assert_same(one, other)


def in_batches(blocks: Blocks, size: int) -> Blocks:
    class Small(Blocks):
        def batches(self, names, size=size):
            return super().batches(names, size)

    return Small(blocks.arrays, blocks.ids, blocks.labels, blocks.heldout)


def empty() -> Group:
    return Group.of(np.empty((0, 4)))


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("count", [2, 50])
def test_a_group_has_the_mean_and_covariance_that_numpy_finds(scale, count):
    values = rows(count=count, scale=scale)
    group = Group.of(values)
    assert group.count == count
    np.testing.assert_allclose(group.mean, np.mean(values, axis=0), rtol=1e-12)
    np.testing.assert_allclose(group.scatter / (count - 1), np.cov(values.T), rtol=1e-10, atol=1e-12 * scale**2)


def test_one_row_has_no_scatter_and_no_row_is_nothing():
    one = Group.of(rows(count=1))
    assert (one.count, np.abs(one.scatter).max()) == (1, 0)
    assert (empty().count, empty().mean.shape, empty().scatter.shape) == (0, (4,), (4, 4))


@PROPERTY
@given(SEEDS, CUTS)
def test_groups_of_shards_add_up_to_the_group_of_all_rows_in_any_order_and_bracketing(seed, cuts):
    values = rows(seed)
    shards = [Group.of(part) for part in np.split(values, sorted(cuts))]
    whole = Group.of(values)
    from_left, from_right = empty(), empty()
    for shard in shards:
        from_left = from_left + shard
    for shard in reversed(shards):
        from_right = shard + from_right
    shuffled = empty()
    for index in generator(seed).permutation(len(shards)):
        shuffled = shuffled + shards[index]
    for total in (from_left, from_right, shuffled):
        assert_same(total, whole)


@PROPERTY
@given(SEEDS)
def test_groups_are_a_commutative_monoid(seed):
    a, b, c = (Group.of(rows(seed + k, count)) for k, count in enumerate((1, 17, 40)))
    assert_same(a + (b + c), (a + b) + c)
    assert_same(a + b, b + a)
    for same in (a + empty(), empty() + a):
        assert_same(same, a, rtol=0)
    assert_same(empty() + empty(), empty(), rtol=0)


def test_adding_changes_neither_side():
    a, b = Group.of(rows(0)), Group.of(rows(1))
    before = [array.copy() for group in (a, b) for array in (group.mean, group.scatter)]
    _ = a + b, a.about(b.mean, slice(0, 2), slice(2, 4))
    for array, old in zip((a.mean, a.scatter, b.mean, b.scatter), before, strict=True):
        np.testing.assert_array_equal(array, old)


@PROPERTY
@given(SEEDS)
def test_second_moments_about_another_centre_are_those_of_the_rows(seed):
    values, centre = rows(seed), generator(seed + 1).normal(size=4)
    left, right = slice(0, 1), slice(1, 4)
    group, moved = Group.of(values), values - centre
    expected = moved[:, left].T @ moved[:, right]
    np.testing.assert_allclose(group.about(centre, left, right), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(group.about(group.mean, left, right), group.scatter[left, right], rtol=1e-12)


def test_each_fold_and_the_held_out_rows_are_a_group_over_all_columns():
    blocks = world()
    moments, folds = Moments.of(blocks), blocks.folds(FOLDS)
    values = side_by_side(blocks, ["A", "B"])
    assert dict(moments.columns) == {"A": slice(0, 5), "B": slice(5, 9)}
    assert len(moments.folds) == FOLDS
    for number, group in enumerate(moments.folds):
        assert_same(group, Group.of(values[folds == number]))
    assert_same(moments.heldout, Group.of(values[blocks.heldout]))
    assert_same(moments.fit, Group.of(values[~blocks.heldout]))


def test_named_blocks_alone_are_measured_in_the_order_of_their_names():
    blocks = with_arrays(world(), C=np.full((100, 1), np.nan))
    moments = Moments.of(blocks, ["B", "A"])
    assert dict(moments.columns) == {"B": slice(0, 4), "A": slice(4, 9)}
    assert_same(moments.fit, Group.of(side_by_side(blocks, ["B", "A"])[~blocks.heldout]))


@pytest.mark.parametrize("size", [1, 3, 33, 100])
def test_streaming_in_small_batches_equals_one_batch(size):
    blocks = world()
    assert_same_moments(Moments.of(in_batches(blocks, size)), Moments.of(blocks))


def test_more_folds_than_fit_rows_leave_some_folds_empty():
    moments = Moments.of(world(fit=3))
    assert sum(group.count == 0 for group in moments.folds) >= 2
    assert moments.fit.count == 3


def test_float16_is_upcast_before_any_product():
    blocks = world()
    halves = {name: (300 * np.asarray(blocks[name][:])).astype(np.float16) for name in blocks.arrays}  # 300² overflows
    doubles = {name: values.astype(np.float64) for name, values in halves.items()}
    for a, b in zip(
        Moments.of(with_arrays(blocks, **halves)).groups, Moments.of(with_arrays(blocks, **doubles)).groups, strict=True
    ):
        np.testing.assert_array_equal(a.scatter, b.scatter)


@PROPERTY
@given(SEEDS, st.integers(1, 4))
def test_moments_of_shards_add_up_on_the_fit_and_on_the_held_out_split(seed, count):
    blocks = world(fit=80, heldout=60)
    shards = np.array_split(generator(seed).permutation(140), count)
    total, *others = (Moments.of(reordered(blocks, shard)) for shard in shards)
    for other in others:
        total = total + other
    whole = Moments.of(blocks)
    assert_same(total.fit, whole.fit)
    assert_same(total.heldout, whole.heldout)


@PROPERTY
@given(SEEDS)
def test_moments_are_a_commutative_monoid(seed):
    a, b, c = (Moments.of(world(seed + k, fit=20 + k)) for k in range(3))
    assert_same_moments(a + (b + c), (a + b) + c)
    assert_same_moments(a + b, b + a)
    nothing = replace(a, groups=tuple(Group.of(np.empty((0, 9))) for _ in a.groups))
    assert_same_moments(a + nothing, a)
    assert_same_moments(nothing + a, a)


OTHERS = {
    "other names": lambda: Moments.of(with_arrays(world(), C=np.ones((100, 4))), ["A", "C"]),
    "other widths": lambda: Moments.of(world(target=3)),
    "another order": lambda: Moments.of(world(), ["B", "A"]),
    "fewer blocks": lambda: Moments.of(world(), ["A"]),
    "fewer folds": lambda: replace(Moments.of(world()), groups=Moments.of(world()).groups[1:]),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_moments_of_different_blocks_do_not_add_up(other):
    for a, b in ((Moments.of(world()), other()), (other(), Moments.of(world()))):
        with pytest.raises(MeasurementError, match="moments of different blocks do not add up"):
            _ = a + b


def test_a_block_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(MeasurementError, match="there are no moments of block C: there are A, B"):
        Moments.of(world(), ["A", "B"]).block("C")


def test_moments_of_shards_add_up_fold_by_fold():
    blocks = world()
    parts = [
        Blocks({n: blocks[n][rows] for n in blocks.arrays}, blocks.ids[rows], blocks.labels[rows], blocks.heldout[rows])
        for rows in (slice(0, None, 2), slice(1, None, 2))
    ]
    added, whole = Moments.of(parts[0]) + Moments.of(parts[1]), Moments.of(blocks)
    for one, other in zip(added.groups, whole.groups, strict=True):
        assert one.count == other.count
        np.testing.assert_allclose(one.mean, other.mean, atol=1e-12)
        np.testing.assert_allclose(one.scatter, other.scatter, atol=1e-10)
