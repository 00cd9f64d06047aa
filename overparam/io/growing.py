"""An array on disk that rows are appended to, so that memory does not grow with them."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from overparam.io.files import refusals_told


class GrowingArray:
    """A ``.npy`` file of rows (rows, …) that all have the shape and the type of the first; whole once it is closed.

    NumPy pads its header for as many rows as there can be, so that their number is written over it at the end.

    Args:
        path: of the file; one that is there is written over.

    Raises:
        StorageError: there and below, if the disk refuses the write.
    """

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._path = path
        with refusals_told(path):
            self._file = path.open("wb")
        self._like: np.ndarray | None = None

    def append(self, rows: np.ndarray) -> None:
        """Write more rows (rows, …)."""
        if self._like is None:
            self._like = rows[:0]
            self._write_header()
        with refusals_told(self._path):
            self._file.write(np.ascontiguousarray(rows).tobytes())
        self.rows += len(rows)

    def _write_header(self) -> None:
        if self._like is not None:
            self._file.seek(0)
            shape, kind = (self.rows, *self._like.shape[1:]), np.lib.format.dtype_to_descr(self._like.dtype)
            np.lib.format.write_array_header_1_0(self._file, {"descr": kind, "fortran_order": False, "shape": shape})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with refusals_told(self._path), self._file:
            self._write_header()
