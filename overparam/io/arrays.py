"""One array from the files that features are kept in; nothing in them is run."""

import os
import re
import zipfile
from collections.abc import Callable, Mapping
from io import BufferedReader
from pathlib import Path

import numpy as np
import pyarrow
from safetensors import deserialize, safe_open

from overparam.errors import ArtifactError, SpecError
from overparam.io.parquet import read_parquet
from overparam.io.reading import check_growth, one_line, opened

# What people and libraries call columns that stand beside features: polars and pandas write the last three.
NO_FEATURE = re.compile(r"(ids?|idx|labels?|targets?|class|index|Unnamed: \d+|__index_level_\d+__)", re.IGNORECASE)


def read_array(path: Path) -> np.ndarray:
    """The one array in a ``.npy``, ``.npz``, ``.safetensors`` or ``.parquet`` file.

    Parquet columns of one type of number stand side by side, (examples, columns); a single column gives (examples,), or
    (examples, length) where it holds lists. An index that pandas wrote is no column: the file's own metadata names it.
    Reading takes the memory of the array twice.

    Raises:
        SpecError: for another suffix.
        ArtifactError: if the file is missing, damaged, pickled, or holds several arrays; or if it would grow to more
            than memory, or a hundredfold.
    """
    if path.suffix not in READERS:
        raise SpecError(f"{path} cannot be read: save it as {', '.join(READERS)}")
    try:
        with opened(path) as file:
            arrays = READERS[path.suffix](path, file)
    except FileNotFoundError:
        raise ArtifactError(f"there is no file {path}: check its name") from None
    except Exception as error:  # a damaged file makes its reader raise nearly anything
        raise ArtifactError(
            f"{path} is damaged or holds no plain array ({one_line(error)}): save the array again"
        ) from None
    if len(arrays) != 1:
        found = f" ({', '.join(arrays)})" if arrays else ""
        raise ArtifactError(f"{path} holds {len(arrays)} arrays{found} where one belongs: give each a file of its own")
    (array,) = arrays.values()
    return array


def _numpy(path: Path, file: BufferedReader) -> Mapping[str, np.ndarray]:
    size = os.fstat(file.fileno()).st_size
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            check_growth(size, sum(member.file_size for member in archive.infolist()))
    else:
        check_growth(size, size)
    file.seek(0)
    loaded = np.load(file, allow_pickle=False)
    arrays = {path.stem: loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array")
    return arrays


def _safetensors(path: Path, plain: BufferedReader) -> Mapping[str, np.ndarray]:
    size = os.fstat(plain.fileno()).st_size
    check_growth(size, size)
    with safe_open(path, framework="np") as file:
        halves = [name for name in file.keys() if file.get_slice(name).get_dtype() == "BF16"]  # noqa: SIM118
        arrays = {name: file.get_tensor(name) for name in file.keys() if name not in halves}  # noqa: SIM118
    stored = dict(deserialize(plain.read())) if halves else {}
    return arrays | {name: _from_bfloat16(stored[name]["data"]).reshape(stored[name]["shape"]) for name in halves}


def _from_bfloat16(data: bytes) -> np.ndarray:
    """NumPy has no bfloat16: it is the upper half of a float32."""
    return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")


def _parquet(path: Path, file: BufferedReader) -> Mapping[str, np.ndarray]:
    table = read_parquet(file)
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    # A range is an index that has no column.
    table = table.drop_columns([name for name in index if name in table.column_names])
    # A column of labels among the features would be one of them.
    kinds = {str(field.type): field.name for field in table.schema}
    if len(kinds) > 1:
        examples = ", ".join(f"{name} is {kind}" for kind, name in kinds.items())
        raise ValueError(f"its columns differ in type: {examples}")
    for field in table.schema:
        if table.num_columns > 1 and NO_FEATURE.fullmatch(field.name):
            raise ValueError(f"a column is called {field.name}, as no feature is: leave it out")
        if table.num_columns > 1 and not _is_number(field.type):
            raise ValueError(f"column {field.name} is {field.type}, no number: leave it out")
    if table.num_columns == 0:
        return {}
    if table.num_columns > 1:
        return {path.stem: _side_by_side(table)}
    column = table.column(0).to_numpy()
    return {path.stem: np.stack(list(column)) if column.dtype == object else column}


def _side_by_side(table: pyarrow.Table) -> np.ndarray:
    """One column after the other, so that all stand in memory no more than twice."""
    kind = np.result_type(*(column.to_numpy().dtype for column in table.columns))
    array = np.empty((table.num_rows, table.num_columns), kind)
    for place, column in enumerate(table.columns):
        array[:, place] = column.to_numpy()
    return array


def _is_number(kind: pyarrow.DataType) -> bool:
    return pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)


READERS: Mapping[str, Callable[[Path, BufferedReader], Mapping[str, np.ndarray]]] = {
    ".npy": _numpy,
    ".npz": _numpy,
    ".safetensors": _safetensors,
    ".parquet": _parquet,
}
