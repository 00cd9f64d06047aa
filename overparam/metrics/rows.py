"""What is told of each row, its features, class, or whether it is held out, from the forms in which people have it."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from overparam.errors import MeasurementError


class Array(Protocol):
    """Anything with a shape that NumPy makes an array of: its own, memory maps, PyTorch's tensors, pandas' frames."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    def __array__(self) -> np.ndarray: ...


Column = Array | Sequence[float]  # one number or boolean a row, (rows,) or (rows, 1)

MISSING = ("None", "nan", "<NA>", "NaT")  # as missing values of NumPy, pandas and Python are printed


def number_classes(labels: Any, count: int) -> np.ndarray:
    """Labels as classes numbered from 0 in ascending order, (examples,): `sklearn.preprocessing.LabelEncoder`.

    Labels are whole numbers of any size and type, booleans and floats among them, as `one_each` takes them. A missing
    one is no class and no class is guessed: None, NaN, masked or negative (−1 in Hugging Face's datasets and in
    scikit-learn's semi-supervised learning, −100 in PyTorch's losses).

    Raises:
        MeasurementError: unless there are ``count`` such labels and none is missing.
    """
    labels = one_each(labels, count)
    if labels.dtype.kind in "biuf":
        missing = np.isnan(labels) | (labels < 0)
    else:
        missing = np.array([str(label) in MISSING for label in labels.tolist()], dtype=bool)
    if missing.any():
        row = np.argmax(missing)
        raise MeasurementError(
            f"{missing.sum():,} of {count:,} labels are missing, first in row {row} ({labels[row]}): leave those rows "
            "out of features and labels; if a negative number is a class, number classes from 0"
        )
    if labels.dtype.kind not in "biuf":
        raise MeasurementError(
            f"labels are of type {labels.dtype} where whole numbers belong: number the classes, "
            "such as np.unique(labels, return_inverse=True)[1]"
        )
    whole = np.isfinite(labels) & (np.floor(labels) == labels)
    if not whole.all():
        row = np.argmin(whole)
        raise MeasurementError(f"label {labels[row]} of row {row} is no whole number: give the class of each example")
    return np.unique(labels, return_inverse=True)[1]


def one_each(labels: Any, count: int) -> np.ndarray:
    """Labels as an array (examples,), missing ones among them, from any array, list or column (examples, 1).

    These are the shapes that `sklearn.utils.validation.column_or_1d` takes.

    Raises:
        MeasurementError: if they have another shape, as one-hot labels have, or are not ``count``.
    """
    array = plain_array(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise MeasurementError(
            f"labels have shape {array.shape} where ({count},) belongs: give one class an example, "
            "such as labels.argmax(axis=1) of one-hot labels"
        )
    if len(array) != count:
        raise MeasurementError(f"there are {len(array):,} labels for {count:,} examples: align them")
    return array


def mask_of(values: Any, count: int) -> np.ndarray | None:
    """Which of ``count`` rows are meant, (count,) bool, or None if ``values`` are no mask.

    A mask is (count,) booleans, or as many whole numbers of any type that are all 0 or 1, as PyTorch's byte masks and
    tables have them. So ``[0, 1]`` of two rows is the second, never both.
    """
    array = plain_array(values)
    zeros_and_ones = array.dtype.kind in "biu" and np.isin(array, (0, 1)).all()
    return array.astype(bool) if zeros_and_ones and array.shape == (count,) else None


def rows_of(values: Any, count: int) -> np.ndarray:
    """Which of ``count`` rows are meant, (count,) bool, by a mask as `mask_of` takes it, or by row numbers, each once.

    Raises:
        MeasurementError: for anything else.
    """
    mask = mask_of(values, count)
    if mask is not None:
        return mask
    rows = plain_array(values)
    numbers = rows.dtype.kind in "iu" and rows.ndim == 1
    if not numbers or not np.isin(rows, np.arange(count)).all() or len(np.unique(rows)) < len(rows):
        raise MeasurementError(
            f"held-out examples are {rows.dtype} of shape {rows.shape}: give ({count},) booleans, "
            f"or row numbers from 0 to {count - 1}, each once"
        )
    return np.isin(np.arange(count), rows)


def check_features(where: str, features: np.ndarray, count: int) -> None:
    """Raise MeasurementError unless features are finite numbers (examples, features) of ``count`` examples.

    Args:
        where: what they are called in the error.
        features: of any type.
        count: how many rows there must be.
    """
    if features.dtype.kind not in "fiu" or features.ndim != 2 or 0 in features.shape:
        axes = tuple(range(2, features.ndim))
        pool = f": pool each feature to one number an example, such as features.mean({axes})" if axes else ""
        raise MeasurementError(
            f"{where} is {features.dtype} of shape {features.shape} where numbers (examples, features) belong{pool}"
        )
    if len(features) != count:
        raise MeasurementError(f"{where} has {len(features)} rows for {count} examples: align them")
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise MeasurementError(f"{where} has features that are NaN or infinite, first in row {np.argmin(finite)}")


def plain_array(values: Any) -> np.ndarray:
    """Any kind of sequence as an array, (rows, …); objects as the numbers or text that they are, masked ones as NaN.

    Tensors may require gradients. NumPy has no bfloat16, so that it becomes float32, which holds all of its numbers.

    Raises:
        MeasurementError: if it is none, as rows of unequal length or a tensor on another device.
    """
    try:
        if isinstance(values, np.ma.MaskedArray):
            values = np.ma.filled(values.astype(object), np.nan)
        if hasattr(values, "detach"):  # a tensor of PyTorch, which is not loaded for this
            values = values.detach().float() if str(values.dtype) == "torch.bfloat16" else values.detach()
        array = np.asarray(values)
        return np.array(array.tolist()) if array.dtype == object else array
    except (TypeError, ValueError, RuntimeError) as error:
        raise MeasurementError(f"a {type(values).__name__} cannot be made an array ({error})") from None
