"""Parquet tables, read to the end before the call returns."""

import os
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from overparam.io.reading import EXPANSION, FREE, check_growth


def read_parquet(source: Path | BufferedReader, columns: Sequence[str] | None = None) -> pa.Table:
    """The named columns in that order, all by default, read by this thread alone.

    With ``pyarrow.parquet.read_table`` threads that read ahead may outlive the call, and abort a process that ends
    then, or hang it (Apache Arrow, issues 34314 and 50482).

    Raises:
        pyarrow.ArrowInvalid, OSError: if the source is no parquet, truncated or cannot be read.
        ValueError: if it would grow beyond what `check_growth` lets be.
        KeyError: if a column is missing; says which columns there are.
    """
    size = os.stat(source if isinstance(source, Path) else source.fileno()).st_size
    with pq.ParquetFile(source, pre_buffer=False) as file:
        found = file.schema_arrow.names
        if columns is not None and not set(columns) <= set(found):
            raise KeyError(f"columns {found}")
        groups = [file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups)]
        check_growth(size, sum(groups))
        kinds = [field.type for field in file.schema_arrow if columns is None or field.name in columns]
        if all(map(_is_fixed, kinds)):
            check_growth(size, file.metadata.num_rows * sum(kind.bit_width for kind in kinds) // 8)
            table = _one_by_one(file) if columns is None else file.read(columns, use_threads=False)
        else:
            table = _in_parts(file, columns, size, max([*groups, 1]))
        table.validate(full=True)  # text may be no UTF-8
        return table if columns is None else table.select(columns)


def _is_fixed(kind: pa.DataType) -> bool:
    return pa.types.is_primitive(kind)


def _one_by_one(file: pq.ParquetFile) -> pa.Table:
    """Read every column, none of which is nested; all at once take several times their size."""
    columns = [file.reader.read_column(place) for place in range(len(file.schema_arrow))]
    return pa.Table.from_arrays(columns, schema=file.schema_arrow)


def _in_parts(file: pq.ParquetFile, columns: Sequence[str] | None, size: int, largest: int) -> pa.Table:
    """Read some rows at a time, of which no value is larger than a group of rows is in the file.

    A run of equal texts takes no room in the file, and what it grows to stands nowhere.
    """
    parts, grown = [], 0
    rows = min(2**16, max(1, max(FREE, EXPANSION * size) // largest))
    for part in file.iter_batches(rows, columns=columns, use_threads=False):
        grown += part.nbytes
        check_growth(size, grown)
        parts.append(part)
    return pa.Table.from_batches(parts) if parts else file.read(columns, use_threads=False)
