"""Labels and masks as people have them: understood as scikit-learn does, or refused in a sentence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import type_of_target
from worlds import PROPERTY, world

from overparam.errors import MeasurementError
from overparam.metrics.definitions import feature_performance, ridge_regression, span_error
from overparam.metrics.rows import mask_of, number_classes, one_each

Y = np.arange(100) % 3
MILLIONS = np.array([7, 5_000_000, 2**62])[Y]
COLUMN = np.ma.array(Y, mask=False)

UNDERSTOOD = {
    "int8": Y.astype(np.int8),
    "uint64": Y.astype(np.uint64),
    "big-endian": Y.astype(">i4"),
    "every second of an array": np.repeat(Y, 2)[::2],
    "whole floats": Y.astype(float),
    "whole half floats": Y.astype(np.float16),
    "a column": Y[:, None],
    "a list": Y.tolist(),
    "a list of lists": Y[:, None].tolist(),
    "a tuple": tuple(Y.tolist()),
    "objects": Y.astype(object),
    "ids with gaps": 10 * Y + 3,
    "ids in the millions and beyond": MILLIONS,
    "a tensor": torch.from_numpy(Y),
    "a series with another index": pd.Series(Y, index=np.arange(100)[::-1]),
    "pandas' own integers": pd.array(Y, dtype="Int64"),
    "a category": pd.Categorical(Y),
    "a masked array without a mask": COLUMN,
}


def with_row(value, row=4, dtype=None):
    """Labels with another value in a row."""
    labels = Y.astype(dtype or np.asarray(value).dtype)
    labels[row] = value
    return labels


GONE = "1 of 100 labels are missing, first in row 4"
REFUSED = {
    "−1": (with_row(-1), rf"{GONE} \(-1\): leave those rows out of features and labels"),
    "−1 of one byte": (with_row(-1, dtype=np.int8), GONE),
    "−1.0": (with_row(-1.0), GONE),
    "−100, as PyTorch's losses have it": (with_row(-100), rf"{GONE} \(-100\)"),
    "NaN": (with_row(np.nan), rf"{GONE} \(nan\)"),
    "NaN that became a whole number": (with_row(np.iinfo(np.int64).min), GONE),
    "None": (with_row(None, dtype=object), GONE),
    "None in a list": ([0, 1, 2, 0, None, *Y[5:].tolist()], GONE),
    "None among text": (np.array([*"abca", None, *"abca" * 23, *"abc"], dtype=object), rf"{GONE} \(None\)"),
    "pandas' NA": (pd.array(with_row(None, dtype=object).tolist(), dtype="Int64"), GONE),
    "a category that is missing": (pd.Categorical(with_row(np.nan)), GONE),
    "masked": (np.ma.array(Y, mask=np.arange(100) == 4), GONE),
    "no time": (with_row(pd.NaT, dtype=object), GONE),
    "all missing": (np.full(100, -1), "100 of 100 labels are missing, first in row 0"),
    "text": (np.array(["cat", "dog", "cow"])[Y], "type <U3 where whole numbers belong: number the classes, such as"),
    "text of numbers": (Y.astype(str), "where whole numbers belong"),
    "text that came from a missing value": (np.array(["cat", np.nan] * 50), "of 100 labels are missing|whole numbers"),
    "bytes": (Y.astype("S1"), r"type \|S1 where whole numbers belong"),
    "mixed objects": (np.array([0, "dog"] * 50, dtype=object), "where whole numbers belong"),
    "complex numbers": (Y.astype(complex), "type complex128 where"),
    "dates": (Y.astype("datetime64[D]"), r"type datetime64\[D\] where"),
    "records": (Y.astype([("class", int)]), "where whole numbers belong"),
    "a regression target": (Y + 0.25, "label 0.25 of row 0 is no whole number: give the class of each example"),
    "one number that is not whole": (with_row(0.5), "label 0.5 of row 4 is no whole number"),
    "infinity": (with_row(np.inf), "label inf of row 4 is no whole number"),
    "one-hot": (np.eye(3)[Y], r"labels have shape \(100, 3\) where \(100,\) belongs: .* labels.argmax\(axis=1\)"),
    "several labels an example": (np.ones((100, 4), dtype=bool), r"shape \(100, 4\) where"),
    "a row instead of a column": (Y[None], r"shape \(1, 100\) where"),
    "three axes": (Y[:, None, None], r"shape \(100, 1, 1\) where"),
    "one number for all": (np.array(3), r"shape \(\) where"),
    "a sparse matrix": (scipy.sparse.eye(100, format="csr"), r"shape \(\) where"),
    "a dictionary": ({"label": Y}, r"shape \(\) where"),
    "one too few": (Y[1:], "there are 99 labels for 100 examples: align them"),
    "one too many": ([*Y, 0], "there are 101 labels for 100 examples: align them"),
    "none at all": ([], "there are 0 labels for 100 examples"),
    "rows of unequal length": ([[0], [0, 1]] * 50, "a list cannot be made an array"),
    "a tensor without numbers": (torch.zeros(100, device="meta"), "a Tensor cannot be made an array"),
}


@pytest.mark.parametrize("labels", UNDERSTOOD.values(), ids=UNDERSTOOD.keys())
def test_labels_that_say_one_class_an_example_are_understood(labels):
    found = number_classes(labels, 100)
    assert (found.shape, found.dtype.kind) == ((100,), "i")
    np.testing.assert_array_equal(found, Y)


@pytest.mark.parametrize(("labels", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_labels_that_do_not_are_refused_in_a_sentence(labels, message):
    with pytest.raises(MeasurementError, match=message):
        number_classes(labels, 100)


@pytest.mark.parametrize("labels", UNDERSTOOD.values(), ids=UNDERSTOOD.keys())
def test_a_probe_does_not_see_how_labels_are_written(labels):
    blocks = world()
    expected = feature_performance(replace(blocks, labels=Y), ["A"], penalty=1.0)
    found = feature_performance(replace(blocks, labels=labels), ["A"], penalty=1.0)
    np.testing.assert_array_equal(found.contributions, expected.contributions)


@pytest.mark.parametrize(("labels", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_blocks_take_no_labels_that_are_refused(labels, message):
    with pytest.raises(MeasurementError, match=message):
        replace(world(), labels=labels)


def test_booleans_are_two_classes():
    np.testing.assert_array_equal(number_classes([True, False, True], 3), [1, 0, 1])
    np.testing.assert_array_equal(number_classes(np.array([False, False]), 2), [0, 0])


NUMBERS = st.one_of(
    arrays.arrays(st.sampled_from([np.uint8, np.int16, np.int64, bool]), 30),
    arrays.arrays(np.float64, 30, elements=st.sampled_from([0.0, 1.0, 2.0, 5e6, 0.5, 2.75])),
    arrays.arrays(np.int64, (30, 1), elements=st.integers(0, 2**62)),
    arrays.arrays(np.int64, (30, 2), elements=st.integers(0, 3)),
)


@given(labels=NUMBERS)
@PROPERTY
def test_classes_are_those_of_scikit_learn_but_for_missing_ones(labels):
    one_column = type_of_target(labels) in ("binary", "multiclass")
    if one_column and (labels >= 0).all():
        np.testing.assert_array_equal(number_classes(labels, 30), LabelEncoder().fit_transform(labels.ravel()))
    else:
        with pytest.raises(MeasurementError):
            number_classes(labels, 30)


@given(rows=st.sets(st.integers(0, 99), min_size=1), value=st.sampled_from([-1, -100, np.nan, None]))
@PROPERTY
def test_missing_labels_are_counted_and_the_first_is_named(rows, value):
    labels = Y.astype(object)
    labels[list(rows)] = value
    with pytest.raises(MeasurementError, match=f"^{len(rows)} of 100 labels are missing, first in row {min(rows)} "):
        number_classes(labels, 100)


@pytest.mark.parametrize("labels", [with_row(-1), with_row(np.nan), np.array(["cat", "dog"] * 50)])
def test_labels_that_only_pass_through_may_be_missing(labels):
    np.testing.assert_array_equal(one_each(labels, 100), labels)
    np.testing.assert_array_equal(one_each(labels[:, None], 100), labels)


HELD = np.arange(100) % 4 == 0
MASKS = {
    "booleans": HELD,
    "a list of booleans": HELD.tolist(),
    "bytes": HELD.astype(np.uint8),
    "two bytes": HELD.astype(np.uint16),
    "int8": HELD.astype(np.int8),
    "int64": HELD.astype(np.int64),
    "big-endian": HELD.astype(">u4"),
    "a list of 0 and 1": HELD.astype(int).tolist(),
    "objects": HELD.astype(object),
    "a tensor of bytes": torch.from_numpy(HELD.astype(np.uint8)),
    "a series": pd.Series(HELD, index=np.arange(100)[::-1]),
    "pandas' own booleans": pd.array(HELD, dtype="boolean"),
}
NO_MASKS = {
    "0 and 255, as of a picture": 255 * HELD.astype(np.uint8),
    "0 and 2": 2 * HELD.astype(int),
    "0 and −1": -HELD.astype(int),
    "floats": HELD.astype(float),
    "text": np.where(HELD, "test", "train"),
    "a flag too few": HELD[1:],
    "a flag too many": np.r_[HELD, False],
    "a column": HELD[:, None],
    "row numbers": np.flatnonzero(HELD),
    "all row numbers": np.arange(100),
    "a flag that is missing": [None, *HELD[1:].tolist()],
    "a flag that is masked": np.ma.array(HELD, mask=np.arange(100) == 4),
    "one flag for all": np.array(True),
    "none": [],
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_a_mask_measures_on_the_rows_that_booleans_would(mask):
    np.testing.assert_array_equal(mask_of(mask, 100), HELD)
    measured = [
        span_error(blocks, ridge_regression(blocks, "A", "B"))
        for blocks in (replace(world(), heldout=HELD), replace(world(), heldout=mask))
    ]
    np.testing.assert_array_equal(measured[1].contributions, measured[0].contributions)
    assert len(measured[0].contributions) == 25


@pytest.mark.parametrize("values", NO_MASKS.values(), ids=NO_MASKS.keys())
def test_blocks_take_nothing_else_for_a_mask(values):
    assert mask_of(values, 100) is None
    with pytest.raises(MeasurementError, match=r"heldout is no mask of the 100 rows: give \(100,\) booleans"):
        replace(world(), heldout=values)


def test_0_and_1_of_two_rows_is_the_second():
    np.testing.assert_array_equal(mask_of([0, 1], 2), [False, True])
