"""Parquet tables, read to the end before the call returns."""

from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(source: Path | BufferedReader, columns: Sequence[str] | None = None) -> pa.Table:
    """The named columns in that order, all by default, read by this thread alone.

    With ``pyarrow.parquet.read_table`` threads that read ahead may outlive the call, and abort a process that ends
    then, or hang it (Apache Arrow, issues 34314 and 50482).

    Raises:
        pyarrow.ArrowInvalid, OSError: if the source is no parquet, truncated or cannot be read.
        KeyError: if a column is missing; says which columns there are.
    """
    with pq.ParquetFile(source, pre_buffer=False) as file:
        if columns is None:
            return file.read(use_threads=False)
        found = file.schema_arrow.names
        if not set(columns) <= set(found):
            raise KeyError(f"columns {found}")
        return file.read(columns, use_threads=False).select(columns)
