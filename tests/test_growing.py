from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import PROPERTY

from overparam.errors import StorageError
from overparam.io.files import write_folder
from overparam.io.growing import GrowingArray


@given(
    sizes=st.lists(st.integers(0, 300), min_size=1, max_size=5), width=st.integers(1, 9), kind=st.sampled_from("efd")
)
@PROPERTY
def test_what_was_appended_is_read_as_one_array(tmp_path_factory, sizes, width, kind):
    path = tmp_path_factory.mktemp("growing") / "a.npy"
    parts = [np.full((size, width), k, dtype=kind) for k, size in enumerate(sizes)]
    with GrowingArray(path) as growing:
        for part in parts:
            growing.append(part)
    expected = np.concatenate(parts)
    found = np.load(path)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.load(path, mmap_mode="r"), expected)


def test_rows_that_do_not_lie_side_by_side_are_written_in_their_order(tmp_path):
    rows = np.arange(12.0).reshape(3, 4).T
    with GrowingArray(tmp_path / "a.npy") as growing:
        growing.append(rows)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), rows)


def test_files_of_a_folder_are_there_when_all_are_whole(tmp_path):
    (tmp_path / "old.npy").write_text("old")
    with write_folder(tmp_path) as folder:
        (folder / "a.npy").write_text("a")
        (folder / "old.npy").write_text("new")
        assert not (tmp_path / "a.npy").exists()
        assert (tmp_path / "old.npy").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "old.npy"]
    assert (tmp_path / "old.npy").read_text() == "new"


def test_an_error_leaves_a_folder_as_it_was(tmp_path):
    (tmp_path / "a.npy").write_text("old")
    with pytest.raises(KeyError), write_folder(tmp_path) as folder:  # noqa: PT012
        (folder / "a.npy").write_text("new")
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
    assert (tmp_path / "a.npy").read_text() == "old"


def test_a_disk_that_refuses_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="could not write .*file"), write_folder(tmp_path / "file"):
        pass


def test_a_disk_that_fills_is_one_sentence():
    with pytest.raises(StorageError, match="could not write /dev/full"), GrowingArray(Path("/dev/full")) as growing:
        growing.append(np.zeros((100_000, 8)))


def test_an_error_of_another_disk_is_not_told_as_one_of_this(tmp_path):
    with pytest.raises(FileNotFoundError), write_folder(tmp_path):
        (tmp_path / "gone").read_bytes()
