"""Named blocks of features over the same examples, side by side: what every measurement takes."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, overload

import numpy as np

from overparam.constants import SEED
from overparam.errors import MeasurementError
from overparam.metrics.rows import Array, Column, mask_of, number_classes, plain_array

Name = Hashable  # of a block; its text names it in messages
K = TypeVar("K", bound=Hashable)


class Rows(Protocol):
    """Anything with a shape (examples, features) that gives rows by slice: an array, a memory map, a file's slice."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    def __getitem__(self, rows: slice, /) -> Array: ...


@dataclass(frozen=True, init=False)
class Blocks:
    """Feature blocks of the same examples in the same order, for many pairs or for data larger than memory.

    Of two arrays, `overparam.span_error` and its like make one themselves.

    Attributes:
        arrays: name to (examples, features), any floating format; rows are read in slices, so they may lie on disk.
        ids: (examples,) whole number that says what each row is; all different.
        labels: (examples,) class of each row, as `number_classes` takes it; kept as numbers from 0. None where only
            spans are measured.
        heldout: (examples,) bool, or 0 and 1, as `mask_of` takes it; kept as bool. True rows are measured on, False
            rows fit ridge maps and probes.

    Raises:
        MeasurementError: if rows do not match, ids repeat, a label is missing or no class, held-out rows are told by
            no mask, or fewer than two rows fit or are held out.
    """

    arrays: Mapping[Name, Rows]
    ids: np.ndarray
    labels: np.ndarray | None
    heldout: np.ndarray

    @overload
    def __init__(self, arrays: Mapping[K, Rows], ids: Column, *, heldout: Column) -> None: ...

    @overload
    def __init__(self, arrays: Mapping[K, Rows], ids: Column, labels: Column | None, heldout: Column) -> None: ...

    def __init__(
        self, arrays: Mapping[K, Rows], ids: Column, labels: Column | None = None, heldout: Column = ()
    ) -> None:
        ids = plain_array(ids)
        if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
            raise MeasurementError("example ids must be whole numbers, one a row: number the examples")
        count = len(ids)
        if not arrays:
            raise MeasurementError("there are no feature blocks to measure: give at least one")
        for name, array in arrays.items():
            if len(array.shape) != 2 or array.shape[1] == 0:
                raise MeasurementError(f"block {name} has shape {array.shape} where (examples, features) belongs")
            if array.shape[0] != count:
                raise MeasurementError(
                    f"{name} has {array.shape[0]} rows where there are {count} example ids: align them"
                )
        if len(np.unique(ids)) != count:
            raise MeasurementError("example ids repeat, so fit and held-out rows may be the same: make them unique")
        mask = mask_of(heldout, count)
        if mask is None:
            raise MeasurementError(f"heldout is no mask of the {count} rows: give ({count},) booleans")
        if min(np.sum(mask), np.sum(~mask)) < 2:
            raise MeasurementError("fewer than two rows are held out or left to fit: give at least two of each")
        classes = None if labels is None else number_classes(labels, count)
        for name, value in {"arrays": arrays, "ids": ids, "labels": classes, "heldout": mask}.items():
            object.__setattr__(self, name, value)

    @property
    def classes(self) -> np.ndarray:
        """The labels, for a probe: (examples,) whole numbers from 0.

        Raises:
            MeasurementError: if there are none.
        """
        if self.labels is None:
            raise MeasurementError("there are no labels, and a probe needs the class of each example: give labels")
        return self.labels

    @property
    def classified(self) -> bool:
        """Whether there are labels, and of two or more classes."""
        return self.labels is not None and bool(np.ptp(self.labels) > 0)

    def __getitem__(self, name: Name) -> Rows:
        if name not in self.arrays:
            raise MeasurementError(f"there is no feature block {name}: there are {', '.join(map(str, self.arrays))}")
        return self.arrays[name]

    def batches(self, names: Sequence[Name], size: int = 4096) -> Iterator[tuple[slice, dict[Name, np.ndarray]]]:
        """Give all rows in order, ``size`` at a time, of the named blocks in float64.

        Raises:
            MeasurementError: at the first feature that is not finite, naming its block and example id.
        """
        for start in range(0, len(self.ids), size):
            rows = slice(start, min(start + size, len(self.ids)))
            yield rows, {name: self._read(name, rows) for name in names}

    def _read(self, name: Name, rows: slice) -> np.ndarray:
        values = np.asarray(self[name][rows], dtype=np.float64)
        broken = ~np.isfinite(values).all(axis=1)
        if broken.any():
            example = self.ids[rows][np.argmax(broken)]
            raise MeasurementError(f"block {name} has features that are NaN or infinite, first at example id {example}")
        return values

    def folds(self, count: int) -> np.ndarray:
        """Give the cross-validation fold of each fit row in [0, count), and ``count`` for held-out rows, (examples,).

        Decided by each row's id alone, as if drawn at random: neither the order of rows nor what other rows there are
        matters, so shards of the same examples agree.
        """
        # The finaliser of SplitMix64 (Steele, Lea and Flood 2014) scatters consecutive ids.
        mixed = np.asarray(self.ids).astype(np.uint64) + np.uint64(SEED)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
        return np.where(self.heldout, count, (mixed % np.uint64(count)).astype(np.int64))
