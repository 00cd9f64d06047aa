"""Datasets of the hub as parquet files in ``data/``: their layout, and the checks of what was fetched."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from overparam.errors import DataError, StorageError
from overparam.io.files import alone
from overparam.io.parquet import read_parquet
from overparam.io.reading import WRITTEN_BY_HAND, one_line, opened, parse_json, read_text

NOTE = "source.json"  # beside the files of each dataset

Read = TypeVar("Read")


class Source(BaseModel):
    """What a fetch notes beside the files.

    Attributes:
        source: where they come from, in words.
        sha256: by split, of the file.
        content: by split, of the examples, whatever file holds them; none of a fetch of long ago.
    """

    source: str
    sha256: dict[str, str]
    content: dict[str, str] = {}


@dataclass(frozen=True)
class Opened:
    """A dataset that was read: its note, and the table of each split."""

    note: Source
    tables: dict[str, pa.Table]


@dataclass(frozen=True)
class HubDataset:
    """A dataset of the hub as far as a task uses it.

    Attributes:
        task: that it serves.
        title: its name for people.
        hub_name: its name on the hub.
        subset: which of the hub's configurations, None for the only one.
        folder: below ``data/``, and in a mirror, with one parquet file a split.
        rows: by split, the training split first, all rows of the hub's.
        columns: that are read, the label last.
        is_input: whether a column before the label may be of this type.
        classes: number of classes.
        partial: whether a mirror may hold a part of the rows; else all must be there, classes in equal numbers.
        describe: what a copy holds, in words that become part of every result, from its splits.
        examples: of a split and its path, what each example is whatever file holds it, in order, the label apart.
    """

    task: str
    title: str
    hub_name: str
    subset: str | None
    folder: str
    rows: Mapping[str, int]
    columns: tuple[str, ...]
    is_input: Callable[[pa.DataType], bool]
    classes: int
    partial: bool
    describe: Callable[[Mapping[str, pa.Table]], str]
    examples: Callable[[pa.Table, Path], Iterable[bytes]]

    def content(self, table: pa.Table, path: Path) -> str:
        """The SHA-256 of the examples and labels of a split in their order, whatever file holds them.

        Raises:
            DataError: for an example that is none, with the path that it was read from.
        """
        digest = hashlib.sha256(table[self.columns[-1]].to_numpy().astype("<i8").tobytes())
        for example in self.examples(table, path):
            digest.update(example)
        return digest.hexdigest()

    def open(self, root: Path) -> Opened:
        """The note and the table of each split, as `overparam.data.fetch.fetch` left them below ``root``.

        Raises:
            DataError: if they are missing, or not the files that were fetched.
        """
        return self._settled(root, self._open)

    def noted(self, root: Path) -> Source | None:
        """What `overparam.data.fetch.fetch` noted below ``root``; None if it left nothing."""
        try:
            return self._settled(root, self._noted)
        except DataError:
            return None

    def _settled(self, root: Path, read: Callable[[Path], Read]) -> Read:
        """What ``read`` finds in the folder, if need be while no fetch is putting other files in place."""
        folder = root / self.folder
        try:
            return read(folder)
        except DataError as error:
            if not root.is_dir():
                raise
            try:
                with alone(folder.resolve()):
                    return read(folder)
            except StorageError:
                raise error from None

    def _open(self, folder: Path) -> Opened:
        noted, tables = self._noted(folder), {}
        for split in self.rows:
            path = folder / f"{split}.parquet"
            # Opened once, so that what is read is what was examined, whatever is put in place meanwhile.
            with _opened(path) as file:
                if file is None or hashlib.file_digest(file, "sha256").hexdigest() != noted.sha256.get(split):
                    raise DataError(
                        f"{path} is missing, truncated or not the file that was fetched: "
                        f"run `overparam data fetch {self.task}` again"
                    )
                tables[split] = self._read(path, file)
        return Opened(noted, tables)

    def _noted(self, folder: Path) -> Source:
        try:
            return Source.model_validate(parse_json(self._note(folder)))
        except ValueError:
            raise DataError(f"{folder / NOTE} is damaged: run `overparam data fetch {self.task}` again") from None

    def _note(self, folder: Path) -> str:
        path = folder / NOTE
        try:
            return read_text(path, WRITTEN_BY_HAND)
        except FileNotFoundError:
            raise DataError(
                f"there is no {self.title} in {folder}: get it with `overparam data fetch {self.task}`, "
                f"or from a local mirror with `overparam data fetch {self.task} --from DIR`"
            ) from None
        except ValueError:
            raise DataError(f"{path} cannot be read: run `overparam data fetch {self.task}` again") from None

    def read(self, path: Path) -> pa.Table:
        """The columns of one split, checked: nothing missing, no sentence empty, and labels int64 in [0, classes).

        Raises:
            DataError: if the file is missing, no parquet (truncated, say), or lacks a column, a value or a label, or
                has one of another type.
        """
        with _opened(path) as file:
            if file is None:
                names = " and ".join(f"{split}.parquet" for split in self.rows)
                raise DataError(f"there is no {path}: the folder must hold {self.folder}/ with {names}")
            return self._read(path, file)

    def _read(self, path: Path, file: BufferedReader) -> pa.Table:
        columns = list(self.columns)
        try:
            table = read_parquet(file, columns)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(
                f"{path} cannot be read as {self.title} in parquet ({one_line(error)}): fetch it again"
            ) from None
        except KeyError as error:
            wanted = ", ".join(columns)
            raise DataError(f"{path} has {error.args[0]} where {wanted} belong: fetch it again") from None
        *inputs, label = columns
        for column in inputs:
            if not self.is_input(table[column].type):
                kind = table[column].type
                raise DataError(f"{path} has {kind} in column {column}, unlike {self.title}: fetch it again")
            _refuse(path, _empty(table[column]), f"no {column}")
        kind, labels = table[label].type, table[label].to_numpy()
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise DataError(f"{path} has {kind} in column {label} where whole numbers belong: fetch it again")
        wrong = ~np.isin(labels, range(self.classes))
        _refuse(path, wrong, f"labels that are missing or not whole numbers from 0 to {self.classes - 1}")
        return table.set_column(len(inputs), label, pa.array(labels.astype(np.int64)))


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds sentences."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_picture(kind: pa.DataType) -> bool:
    """Whether a column holds encoded pictures, as the library `datasets` stores them."""
    return pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader | None]:
    """A plain file to read, or None where there is none."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(opened(path))
        except (FileNotFoundError, ValueError):
            file = None
        yield file


def _empty(values: pa.ChunkedArray) -> np.ndarray:
    """Where there is no value, or a sentence of blanks."""
    if is_text(values.type):
        return np.array([not (sentence or "").strip() for sentence in values.to_pylist()])
    return values.is_null().to_numpy()


def _refuse(path: Path, wrong: np.ndarray, what: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        named = ", ".join(map(str, rows[:5].tolist())) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
        raise DataError(f"{path} has {what} in row {named}: fetch it again")
