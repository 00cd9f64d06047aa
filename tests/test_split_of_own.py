"""Which examples of one's own are held out: a share, a mask, or row numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import PROPERTY, SEEDS, generator

from overparam.compare.inputs import split_examples
from overparam.errors import MeasurementError, SpecError

COUNT = 12


@given(count=st.integers(4, 200), share=st.floats(0.01, 0.99), seed=SEEDS)
@PROPERTY
def test_a_share_of_the_examples_is_held_out_by_seed(count, share, seed):
    split = split_examples(share, count, seed)
    assert (split.dtype, split.shape, split.sum()) == (bool, (count,), round(share * count))
    np.testing.assert_array_equal(split, split_examples(share, count, seed))


def test_another_seed_holds_out_others():
    splits = np.array([split_examples(0.5, 100, seed) for seed in range(50)])
    assert len(np.unique(splits, axis=0)) == 50
    assert (np.abs(splits.mean(axis=0) - 0.5) < 0.35).all()


@given(count=st.integers(2, 100), seed=SEEDS)
@PROPERTY
def test_booleans_and_row_numbers_say_the_same(count, seed):
    wanted = generator(seed).random(count) < 0.4
    wanted[:2] = True, False  # two rows 0 and 1 of two are a mask
    rows = generator(seed).permutation(np.flatnonzero(wanted))
    for form in (
        wanted,
        wanted.astype(np.uint8),
        wanted.astype(np.int64),
        wanted.tolist(),
        rows,
        rows.astype(np.uint8),
    ):
        np.testing.assert_array_equal(split_examples(form, count, 0), wanted)


@pytest.mark.parametrize(
    ("heldout", "error", "sentence"),
    [
        (0.0, SpecError, "the held-out share 0 does not lie between 0 and 1"),
        (1, SpecError, "the held-out share 1 does not lie between 0 and 1"),
        (float("nan"), SpecError, "the held-out share nan does not lie"),
        (
            np.ones(11, dtype=bool),
            MeasurementError,
            "bool of shape (11,): give (12,) booleans, or row numbers from 0 to 11",
        ),
        (np.array([0, 12]), MeasurementError, "row numbers from 0 to 11, each once"),
        (np.array([-1]), MeasurementError, "row numbers from 0 to 11, each once"),
        (np.array([3, 3]), MeasurementError, "row numbers from 0 to 11, each once"),
        (np.arange(12) % 3, MeasurementError, "held-out examples are int64 of shape (12,): give (12,) booleans"),
        (np.arange(13) % 2, MeasurementError, "held-out examples are int64 of shape (13,): give (12,) booleans"),
        (np.arange(12) % 2 / 1, MeasurementError, "held-out examples are float64 of shape (12,)"),
        (np.array(["0", "3"]), MeasurementError, "held-out examples are <U1 of shape (2,)"),
        (np.array(3), MeasurementError, "held-out examples are int64 of shape ()"),
        ([], MeasurementError, "held-out examples are float64 of shape (0,)"),
        (np.float32(1.5), SpecError, "the held-out share 1.5 does not lie between 0 and 1"),
        (True, SpecError, "the held-out share 1 does not lie between 0 and 1"),
        (np.array([0.5]), MeasurementError, "held-out examples are float64"),
        (np.array([[1, 2]]), MeasurementError, "of shape (1, 2)"),
    ],
)
def test_held_out_examples_that_are_none_are_one_sentence(heldout, error, sentence):
    with pytest.raises(error) as raised:
        split_examples(heldout, COUNT, 0)
    assert sentence in str(raised.value)
