import pickle
from contextlib import suppress

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import PROPERTY, SEEDS, generator

from overparam.errors import ArtifactError, SpecError
from overparam.io.arrays import read_array


def write_columns(path, array):
    columns = {f"feature {k}": column for k, column in enumerate(array.T)}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def write_lists(path, array):
    pyarrow.parquet.write_table(pyarrow.table({"features": list(array)}), path)


WRITERS = {
    "npy": ("a.npy", np.save),
    "npz": ("a.npz", lambda path, array: np.savez(path, features=array)),
    "npz, compressed": ("a.npz", lambda path, array: np.savez_compressed(path, features=array)),
    "safetensors": ("a.safetensors", lambda path, array: safetensors.numpy.save_file({"features": array}, path)),
    "parquet, a column a feature": ("a.parquet", write_columns),
    "parquet, a column of lists": ("a.parquet", write_lists),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
@given(seed=SEEDS, rows=st.integers(1, 5), columns=st.integers(2, 4))
@PROPERTY
def test_what_was_written_is_read(tmp_path_factory, writer, dtype, seed, rows, columns):
    name, write = WRITERS[writer]
    array = (10 * generator(seed).normal(size=(rows, columns))).astype(dtype)
    path = tmp_path_factory.mktemp("arrays") / name
    write(path, array)
    found = read_array(path)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("writer", ["npy", "npz", "safetensors", "parquet, a column of lists"])
def test_labels_have_one_axis(tmp_path, writer):
    name, write = WRITERS[writer]
    write(tmp_path / name, np.arange(5))
    np.testing.assert_array_equal(read_array(tmp_path / name), np.arange(5))


def test_bfloat16_is_read_as_float32(tmp_path):
    path = tmp_path / "a.safetensors"
    safetensors.torch.save_file({"features": torch.tensor([[1.5, 2.0]], dtype=torch.bfloat16)}, path)
    found = read_array(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[1.5, 2.0]])


class Trap:
    """Unpickled, it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def save_trap(path):
    np.save(path, np.array([Trap(path.with_name("sprung"))], dtype=object), allow_pickle=True)


def table(**columns):
    return lambda path: pyarrow.parquet.write_table(pyarrow.table(columns), path)


@pytest.mark.parametrize(
    ("name", "write", "error", "sentence"),
    [
        ("a.csv", lambda path: path.write_text("1,2"), SpecError, "save it as .npy, .npz, .safetensors, .parquet"),
        ("a.npy", lambda path: None, ArtifactError, "there is no file"),
        ("a.parquet", lambda path: None, ArtifactError, "there is no file"),
        ("a.safetensors", lambda path: None, ArtifactError, "there is no file"),
        ("a.npy", lambda path: path.mkdir(), ArtifactError, "damaged or holds no plain array"),
        ("a.npy", lambda path: path.write_bytes(b""), ArtifactError, "damaged or holds no plain array"),
        ("a.npy", lambda path: path.write_bytes(b"no array at all"), ArtifactError, "damaged or holds no plain array"),
        (
            "a.npz",
            lambda path: path.write_bytes(b"PK\x03\x04 cut off"),
            ArtifactError,
            "damaged or holds no plain array",
        ),
        ("a.safetensors", lambda path: path.write_bytes(b"cut"), ArtifactError, "damaged or holds no plain array"),
        ("a.parquet", lambda path: path.write_bytes(b"PAR1"), ArtifactError, "damaged or holds no plain array"),
        ("a.npy", save_trap, ArtifactError, "allow_pickle=False"),
        ("a.npy", lambda path: path.write_bytes(pickle.dumps(Trap(path.with_name("sprung")))), ArtifactError, "pickle"),
        (
            "a.npz",
            lambda path: np.savez(path, a=np.ones(2), b=np.ones(2)),
            ArtifactError,
            "holds 2 arrays (a, b) where",
        ),
        ("a.npz", lambda path: np.savez(path), ArtifactError, "holds 0 arrays where one belongs"),
        (
            "a.safetensors",
            lambda path: safetensors.numpy.save_file({"a": np.ones(2), "b": np.ones(2)}, path),
            ArtifactError,
            "holds 2 arrays (a, b) where one belongs",
        ),
        (
            "a.safetensors",
            lambda path: safetensors.torch.save_file({"a": torch.ones(2).to(torch.float8_e4m3fn)}, path),
            ArtifactError,
            "float8",
        ),
        ("a.parquet", table(x=[0.5], label=[1]), ArtifactError, "columns differ in type: x is double, label is int64"),
        ("a.parquet", table(x=[[1.0, 2.0], [3.0]]), ArtifactError, "same shape"),
    ],
)
def test_what_is_no_single_plain_array_is_one_sentence(tmp_path, name, write, error, sentence):
    path = tmp_path / name
    write(path)
    with pytest.raises(error) as raised:
        read_array(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("writer", WRITERS)
@given(share=st.floats(0, 0.99), seed=SEEDS)
@PROPERTY
def test_a_file_that_was_cut_off_is_never_half_an_array(tmp_path_factory, writer, share, seed):
    name, write = WRITERS[writer]
    path = tmp_path_factory.mktemp("arrays") / name
    write(path, generator(seed).normal(size=(20, 3)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ArtifactError):
        read_array(path)


@pytest.mark.parametrize("writer", WRITERS)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
@settings(PROPERTY, max_examples=200)
def test_a_file_with_a_wrong_byte_gives_an_array_or_one_sentence(tmp_path_factory, writer, place, byte):
    name, write = WRITERS[writer]
    path = tmp_path_factory.mktemp("arrays") / name
    write(path, generator().normal(size=(20, 3)))
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] = byte
    path.write_bytes(content)
    with suppress(ArtifactError):
        assert isinstance(read_array(path), np.ndarray)
