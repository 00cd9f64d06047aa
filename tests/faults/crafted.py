"""Files of arrays that are whole, but of others than a reader expects; with the greatest sizes that they can claim."""

import io
import json
import struct
import zipfile
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mutations import ODD, change_tree

KINDS = ("<f4", ">f4", "<f8", "<f2", "<i8", "<u1", "?", "<c8", "<U3", "S3", "V4", "<M8[s]", "O")


def odd_array(random: Random, like: np.ndarray) -> np.ndarray:
    """Another kind, shape, layout or value."""
    array = np.array(like)
    match random.randrange(7):
        case 0:
            return array.astype(random.choice(KINDS[:-3]), casting="unsafe")
        case 1:
            return array[..., None]
        case 2:
            return array.reshape(-1)[: random.randrange(array.size + 1)]
        case 3:
            return array[:0] if array.ndim else array[None]
        case 4:
            return np.zeros((2,) * random.choice((0, 3, 12)), np.int8)
        case 5 if array.dtype.kind == "f" and array.size:
            array.reshape(-1)[0] = random.choice((np.nan, np.inf, 1e30))
            return array
        case _:
            return array[::-1] if array.ndim else array[None]


def npy(kind: str, shape: tuple[int, ...], data: bytes = b"") -> bytes:
    """A file whose header claims what it will."""
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def safetensors(header: object, data: bytes = b"") -> bytes:
    """A file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def zeros(count: int, members: int = 1) -> bytes:
    """A small archive of so many bytes of zeros."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(members):
            with archive.open(f"features{k or ''}.npy", "w", force_zip64=True) as member:
                member.write(npy("|u1", (count,)))
                for _ in range(count // 2**20):
                    member.write(bytes(2**20))
    return file.getvalue()


def runs(rows: int, kind: pa.DataType | None = None) -> bytes:
    """A small parquet of so many equal rows, stored as runs."""
    file = io.BytesIO()
    kind = kind or pa.float64()
    value = pa.scalar(1.5 if pa.types.is_floating(kind) else "a sentence", kind)
    part = pa.table({name: pa.repeat(value, 2**20) for name in ("a", "b")})
    with pq.ParquetWriter(file, part.schema, compression="zstd") as writer:
        for _ in range(rows // 2**20):
            writer.write_table(part)
    return file.getvalue()


def arrays_changed(random: Random, data: bytes) -> bytes:
    """Another array, or the claim of a great one, in the format of the file."""
    great = random.choice(((10**12,), (2**62, 4), (10**6, 10**6), (0,), (0, 2**62), (-1,), (2**40,) * 20, ()))
    shape = random.choice(((6, 4), (24,), great))
    if data[:6] == b"\x93NUMPY":
        return npy(random.choice(KINDS), shape, data[-96:])
    if data[:2] == b"PK":
        file = io.BytesIO()
        with zipfile.ZipFile(
            file, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
        ) as to:
            for _ in range(random.choice((0, 1, 1, 2))):
                name = random.choice(("features.npy", "features", "../features.npy", "a/b.npy", " "))
                to.writestr(name, random.choice((npy(random.choice(KINDS), shape, bytes(96)), b"bytes", b"")))
        return file.getvalue()
    if data[:4] == b"PAR1":
        return tables_changed(random, data)
    kind = random.choice(("F32", "F64", "BF16", "I64", "BOOL", "F8_E4M3", "U16", "C64", "X"))
    offsets = random.choice(([0, 96], [0, 0], [96, 0], [0, 2**62], [-1, 96], [0, 97], [0]))
    entry = {"dtype": kind, "shape": list(shape), "data_offsets": offsets}
    name = random.choice(("features", "", "__metadata__", "α"))
    return safetensors(random.choice(({name: entry}, {}, [], {name: entry, "more": entry}, b"{" * 5_000)), bytes(96))


def members_changed(data: bytes, random: Random) -> tuple[dict[str, np.ndarray], object]:
    """The arrays of a sealed file and what it says, one of them odd."""
    from overparam.io.sealed import read_sealed

    with TemporaryDirectory() as folder:
        path = Path(folder, "file.safetensors")
        path.write_bytes(data)
        arrays, said = read_sealed(path, remedy="")
    name, other = random.choice(list(arrays)), random.choice(list(arrays))
    match random.randrange(6):
        case 0:
            arrays[name] = odd_array(random, arrays[name])
        case 1:
            arrays[name], arrays[other] = arrays[other], arrays[name]
        case 2:
            del arrays[name]
        case 3:
            arrays["extra"] = arrays[name]
        case _:
            return arrays, change_tree(random, said) if random.random() < 0.8 else random.choice(ODD)
    return arrays, said


def sealed_arrays_changed(random: Random, data: bytes) -> bytes:
    """Sealed again by one who knows how."""
    import safetensors.numpy

    from overparam.io.sealed import ENTRY, _digest

    arrays, said = members_changed(data, random)
    arrays = {name: np.asarray(value, order="C") for name, value in arrays.items() if value.dtype.kind in "fiub"}
    arrays = {name: value.astype(value.dtype.newbyteorder("=")) for name, value in arrays.items()}
    try:
        text = json.dumps(said, sort_keys=True)
        return safetensors.numpy.save(arrays, {ENTRY: f"{_digest(arrays, text)} {text}"})
    except (UnicodeEncodeError, ValueError):
        return data[:-1]


def tables_changed(random: Random, data: bytes) -> bytes:
    """A table of the same columns, one of them odd."""
    table = pq.read_table(io.BytesIO(data))
    rows, place = table.num_rows, random.randrange(table.num_columns)
    columns = {
        "null": pa.nulls(rows), "text": pa.array(["a"] * rows), "blank": pa.array([" "] * rows),
        "large text": pa.array(["\u2003"] * rows, pa.large_string()), "floats": pa.array([0.5] * rows),
        "whole floats": pa.array([1.0] * rows), "NaN": pa.array([np.nan] * rows), "bytes": pa.array([b"a"] * rows),
        "whole": pa.array(range(rows)), "negative": pa.array([-1] * rows),
        "unsigned": pa.array([2**64 - 1] * rows, pa.uint64()),
        "decimals": pa.array([1] * rows).cast(pa.decimal128(38, 2)), "times": pa.array([0] * rows, pa.timestamp("s")),
        "halves": pa.array(np.ones(rows, np.float16)), "booleans": pa.array([True] * rows),
        "lists": pa.array([[1.0, 2.0]] * rows), "ragged lists": pa.array([[1.0] * k for k in range(rows)]),
        "nested lists": pa.array([[[1.0]]] * rows), "structs": pa.array([{"bytes": b"a", "path": None}] * rows),
        "structs of text": pa.array([{"bytes": "a"}] * rows), "empty structs": pa.array([{"bytes": None}] * rows),
        "a null struct": pa.array([None] * rows, pa.struct({"bytes": pa.binary()})),
        "dictionary": pa.array(["a"] * rows).dictionary_encode(),
        "dictionary of numbers": pa.array([1] * rows).dictionary_encode(),
        "maps": pa.array([[("a", 1)]] * rows, pa.map_(pa.string(), pa.int64())),
        "a null among them": pa.concat_arrays([pa.nulls(1, table.schema.field(place).type)] * rows),
    }  # fmt: skip
    name = table.column_names[place]
    match random.randrange(8):
        case 0:
            changed = table.drop_columns([name])
        case 1:
            changed = table.slice(0, 0)
        case 2:
            changed = table.rename_columns([random.choice((name, "label", "img", "", "a")) for _ in table.column_names])
        case 3:
            changed = table.append_column(random.choice((name, "label", "extra")), random.choice([*columns.values()]))
        case _:
            changed = table.set_column(place, name, random.choice([*columns.values()]))
    file = io.BytesIO()
    try:
        pq.write_table(changed, file)
    except pa.ArrowException:
        return data[:-1]
    return file.getvalue()
