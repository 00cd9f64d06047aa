from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from worlds import PROPERTY, SEEDS, blocks_of, generator, reordered, with_arrays, world

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import feature_performance, ridge_regression
from overparam.metrics.moments import Moments

COUNT = 100


def held(count: int, total: int = COUNT) -> np.ndarray:
    return np.arange(total) < count


# What is wrong with the blocks, how it is made from good ones, and what the message must say.
BROKEN = {
    "a block with a row too few": (
        lambda good: with_arrays(good, B=good["B"][1:]),
        f"B has {COUNT - 1} rows where there are {COUNT}",
    ),
    "a block with a row too many": (
        lambda good: with_arrays(good, B=np.vstack([good["B"][:], good["B"][:1]])),
        f"B has {COUNT + 1} rows where there are {COUNT}",
    ),
    "an id too few": (lambda good: replace(good, ids=good.ids[1:]), f"A has {COUNT} rows where there are {COUNT - 1}"),
    "a label too few": (
        lambda good: replace(good, labels=good.labels[1:]),
        f"there are {COUNT - 1} labels for {COUNT} examples",
    ),
    "a held-out flag too few": (
        lambda good: replace(good, heldout=good.heldout[1:]),
        f"heldout is no mask of the {COUNT} rows",
    ),
    "an axis of ids too many": (lambda good: replace(good, ids=good.ids[:, None]), "whole numbers, one a row"),
    "one id for all": (lambda good: replace(good, ids=3), "whole numbers, one a row"),
    "an id that repeats": (
        lambda good: replace(good, ids=np.r_[good.ids[:-1], good.ids[0]]),
        "example ids repeat",
    ),
    "no blocks": (lambda good: replace(good, arrays={}), "no feature blocks"),
    "no rows": (lambda good: reordered(good, np.arange(0)), "fewer than two rows"),
    "a block without features": (
        lambda good: with_arrays(good, B=np.empty((COUNT, 0))),
        r"B has shape \(100, 0\)",
    ),
    "a block of one axis": (lambda good: with_arrays(good, B=np.ones(COUNT)), r"block B has shape \(100,\)"),
    "a block of three axes": (
        lambda good: with_arrays(good, B=np.ones((COUNT, 2, 2))),
        r"B has shape \(100, 2, 2\)",
    ),
    "no held-out row": (lambda good: replace(good, heldout=held(0)), "fewer than two rows"),
    "one held-out row": (lambda good: replace(good, heldout=held(1)), "fewer than two rows"),
    "one fit row": (lambda good: replace(good, heldout=held(COUNT - 1)), "fewer than two rows"),
    "no fit row": (lambda good: replace(good, heldout=held(COUNT)), "fewer than two rows"),
}


@pytest.mark.parametrize(("broken", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_blocks_that_would_measure_something_else_are_refused(broken, message):
    with pytest.raises(MeasurementError, match=message):
        broken(world())


@pytest.mark.parametrize("heldout", [2, COUNT - 2])
def test_two_rows_to_fit_and_two_held_out_are_enough(heldout):
    good = replace(world(), heldout=held(heldout))
    assert len(good.ids) == COUNT


def test_an_unknown_block_is_refused_with_the_names_that_there_are():
    with pytest.raises(MeasurementError, match="no feature block C: there are A, B"):
        world()["C"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("row", [0, 57, COUNT - 1])
def test_a_feature_that_is_not_finite_is_refused_with_its_block_and_example_id(value, kind, row):
    good = world()
    broken = np.array(good["B"][:], dtype=kind)
    broken[row, 2] = value
    broken[row + 1 :, 0] = np.nan  # the first is named, not a later one
    with pytest.raises(MeasurementError, match=rf"block B .* first at example id {good.ids[row]}$"):
        list(with_arrays(good, B=broken).batches(["A", "B"], size=10))


@pytest.mark.parametrize(
    "measure",
    [Moments.of, lambda b: ridge_regression(b, "A", "B"), lambda b: feature_performance(b, ["A", "B"], penalty=1.0)],
)
@pytest.mark.parametrize("heldout", [False, True])
def test_no_measurement_passes_over_a_feature_that_is_not_finite(measure, heldout):
    good = world()
    row = np.flatnonzero(good.heldout == heldout)[0]
    broken = np.array(good["B"][:])
    broken[row, 0] = np.nan
    with pytest.raises(MeasurementError, match=f"block B .* example id {good.ids[row]}$"):
        measure(with_arrays(good, B=broken))


def test_a_broken_block_that_is_not_asked_for_does_not_matter():
    good = world()
    broken = with_arrays(good, C=np.full((COUNT, 1), np.nan))
    assert len(list(broken.batches(["A", "B"]))) == 1


@pytest.mark.parametrize("size", [1, 7, COUNT, 4096])
def test_batches_give_all_rows_in_order_in_float64(size):
    good = world()
    halves = with_arrays(good, A=np.asarray(good["A"][:], dtype=np.float16))
    batches = list(halves.batches(["A", "B"], size=size))
    assert [rows.start for rows, _ in batches] == list(range(0, COUNT, size))
    assert {batch[name].dtype for _, batch in batches for name in batch} == {np.dtype(np.float64)}
    for name in ("A", "B"):
        np.testing.assert_array_equal(np.concatenate([batch[name] for _, batch in batches]), halves[name][:])
    for rows, batch in batches:
        np.testing.assert_array_equal(batch["B"], good["B"][rows])


def test_blocks_on_disk_measure_as_blocks_in_memory(tmp_path):
    good = world()
    for name in good.arrays:
        np.save(tmp_path / f"{name}.npy", good[name][:])
    lying = replace(good, arrays={name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in good.arrays})
    assert ridge_regression(lying, "A", "B").penalty == ridge_regression(good, "A", "B").penalty
    np.testing.assert_array_equal(Moments.of(lying).fit.scatter, Moments.of(good).fit.scatter)


@pytest.mark.parametrize("stride", [1, 5, 1000])
@pytest.mark.parametrize("count", [2, 5])
def test_folds_are_nearly_of_one_size_and_leave_the_held_out_rows_out(stride, count):
    ids = stride * np.arange(3000)
    blocks = Blocks({"A": np.ones((3000, 1))}, ids, np.zeros(3000, int), np.arange(3000) >= 2500)
    folds = blocks.folds(count)
    np.testing.assert_array_equal(folds == count, blocks.heldout)
    sizes = np.bincount(folds[~blocks.heldout], minlength=count)
    assert len(sizes) == count
    assert sizes.min() > 0.9 * 2500 / count


@pytest.mark.parametrize("rows", [slice(None, None, 2), slice(None, None, 3)])
def test_shards_of_the_same_examples_agree_on_their_folds(rows):
    blocks = world()
    shard = Blocks({"A": blocks["A"][rows]}, blocks.ids[rows], blocks.labels[rows], blocks.heldout[rows])
    np.testing.assert_array_equal(shard.folds(5), blocks.folds(5)[rows])


def test_ids_that_are_no_whole_numbers_are_refused():
    with pytest.raises(MeasurementError, match="example ids must be whole numbers"):
        Blocks({"A": np.ones((4, 1))}, np.arange(4) / 2, np.zeros(4, int), np.arange(4) > 1)


@PROPERTY
@given(SEEDS)
def test_a_rows_fold_depends_on_ids_alone_and_not_on_the_order_of_the_rows(seed):
    blocks, rng = world(), generator(seed)
    order = rng.permutation(COUNT)
    np.testing.assert_array_equal(reordered(blocks, order).folds(5), blocks.folds(5)[order])
    others = Blocks({"C": rng.normal(size=(COUNT, 1))}, blocks.ids, rng.permutation(blocks.labels), blocks.heldout)
    np.testing.assert_array_equal(others.folds(5), blocks.folds(5))


def test_folds_are_mixed_and_the_same_every_time():
    blocks = blocks_of(heldout=held(10, 1010), A=np.ones((1010, 1)))
    folds = blocks.folds(5)
    np.testing.assert_array_equal(folds, blocks.folds(5))
    by_id = folds[~blocks.heldout][np.argsort(blocks.ids[~blocks.heldout])]
    assert not np.array_equal(by_id, np.sort(by_id))
    assert not np.array_equal(by_id, np.arange(1000) % 5)  # neither runs of ids nor every fifth id
    assert np.bincount(by_id[:500], minlength=5).min() > 60
