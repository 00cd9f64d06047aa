"""Data come into place whole, also where several fetch at once, and what stood there stays if they do not."""

import errno
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from test_data import ROWS, table

from overparam.data import data_at_hand, fetch, load_dataset
from overparam.data.images import CIFAR
from overparam.errors import DataError, StorageError
from overparam.io.files import alone

# Fetches from a mirror as often as it is told, or reads what is there until a file says that all is done.
PROGRAM = """
import sys
from pathlib import Path
from overparam.data.fetch import fetch
from overparam.data.images import CIFAR
CIFAR.rows.update(train=40, test=20)
word, root, other = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
if word == "fetch":
    for _ in range(12):
        fetch("cifar", mirror=other, root=root)
else:
    while not other.exists():
        tables = CIFAR.open(root).tables
        first = tables["train"]["label"][0].as_py(), tables["test"]["label"][0].as_py()
        assert first in ((0, 0), (9, 9)), first
"""


def write_mirror(folder: Path, turned: int) -> Path:
    """A mirror whose labels are turned by so much, which tells it from others."""
    (folder / "cifar10").mkdir(parents=True)
    for split, rows in ROWS.items():
        content = table(rows, label=[(row + turned) % 10 for row in range(rows)])
        pq.write_table(content, folder / "cifar10" / f"{split}.parquet")
    return folder


@pytest.fixture
def mirrors(tmp_path, monkeypatch):
    for split, rows in ROWS.items():
        monkeypatch.setitem(CIFAR.rows, split, rows)
    return [write_mirror(tmp_path / f"mirror-{turned}", turned) for turned in (0, 9)]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_that_fetch_side_by_side_and_one_that_reads_see_whole_data(tmp_path, mirrors):
    root, done = tmp_path / "data", tmp_path / "done"
    fetch.fetch("cifar", mirror=mirrors[0], root=root)

    def start(*words):
        command = [sys.executable, "-c", PROGRAM, *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    fetching = [start("fetch", root, mirror) for mirror in (*mirrors, mirrors[0])]
    reading = start("read", root, done)
    assert [(process.communicate()[1], process.returncode) for process in fetching] == [("", 0)] * 3
    done.touch()
    assert (reading.communicate()[1], reading.returncode) == ("", 0)
    assert len(load_dataset("cifar", root=root).train) == 40
    assert {path.name for path in root.iterdir()} <= {"cifar10", ".cifar10.lock"}


def test_data_that_another_fetch_puts_in_place_meanwhile_are_replaced(tmp_path, mirrors, monkeypatch):
    root, check, others = tmp_path / "data", fetch._check, []

    def slow(*arguments):
        if not others:
            others.append(fetch.fetch)
            others[0]("cifar", mirror=mirrors[1], root=root)
        return check(*arguments)

    monkeypatch.setattr(fetch, "_check", slow)
    fetch.fetch("cifar", mirror=mirrors[0], root=root)
    assert load_dataset("cifar", root=root).train.labels[0] == 0


def test_what_is_fetched_is_named_where_it_lies(tmp_path, mirrors):
    splits = fetch.fetch("cifar", mirror=mirrors[0], root=tmp_path / "data")
    assert [split.path for split in splits] == [tmp_path / "data/cifar10" / f"{name}.parquet" for name in ROWS]
    assert all(split.path.exists() for split in splits)


def test_what_is_not_of_the_dataset_stays(tmp_path, mirrors):
    folder = tmp_path / "data" / "cifar10"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / ".gitignore").write_text("/train.parquet")
    for mirror in mirrors:
        fetch.fetch("cifar", mirror=mirror, root=tmp_path / "data")
    assert (folder / "notes.txt").read_text() == "mine"
    assert set(content(folder)) == {"train.parquet", "test.parquet", "source.json", "notes.txt", ".gitignore"}


def test_behind_a_link_data_come_to_where_it_leads(tmp_path, mirrors):
    (tmp_path / "disk" / "pictures").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cifar10").symlink_to(tmp_path / "disk" / "pictures")
    fetch.fetch("cifar", mirror=mirrors[0], root=tmp_path / "data")
    assert (tmp_path / "data" / "cifar10").is_symlink()
    assert (tmp_path / "disk" / "pictures" / "train.parquet").exists()


@pytest.mark.parametrize("strikes", [0, 1, 2, 3])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_on_the_way_leaves_what_stood_there(tmp_path, mirrors, monkeypatch, strikes, error):
    """A full disk, or Ctrl-C: at the first renaming, the second, and so on."""
    root, rename, calls = tmp_path / "data", Path.rename, []
    fetch.fetch("cifar", mirror=mirrors[0], root=root)
    before = content(root / "cifar10")

    def failing(path, target):
        calls.append(path)
        if len(calls) == strikes + 1:
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    if strikes > 1:  # two renamings put everything in place
        fetch.fetch("cifar", mirror=mirrors[1], root=root)
        assert content(root / "cifar10") != before
        return
    with pytest.raises(StorageError if isinstance(error, OSError) else KeyboardInterrupt):
        fetch.fetch("cifar", mirror=mirrors[1], root=root)
    assert content(root / "cifar10") == before
    assert {path.name for path in root.iterdir()} <= {"cifar10", ".cifar10.lock"}


def test_a_file_in_the_folders_place_is_left_and_named(tmp_path, mirrors):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cifar10").write_text("mine")
    with pytest.raises(StorageError, match=r"could not put CIFAR-10 into .*cifar10 \(Not a directory\)"):
        fetch.fetch("cifar", mirror=mirrors[0], root=tmp_path / "data")
    assert (tmp_path / "data" / "cifar10").read_text() == "mine"


@pytest.mark.parametrize(
    "noted",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"sha256": {}}',
        '{"source": 1, "sha256": {}}',
        '{"source": "", "sha256": [1]}',
    ],
)
def test_a_damaged_note_of_the_source_is_a_sentence(tmp_path, mirrors, noted):
    fetch.fetch("cifar", mirror=mirrors[0], root=tmp_path / "data")
    (tmp_path / "data/cifar10/source.json").write_text(noted)
    with pytest.raises(DataError, match="source.json is damaged: run `overparam data fetch cifar` again"):
        load_dataset("cifar", root=tmp_path / "data")


@pytest.mark.parametrize("noted", ['{"source": "x", "sha256": {}}', '{"source": "x", "sha256": {"train": "0"}}'])
def test_a_note_of_other_files_is_a_sentence(tmp_path, mirrors, noted):
    fetch.fetch("cifar", mirror=mirrors[0], root=tmp_path / "data")
    (tmp_path / "data/cifar10/source.json").write_text(noted)
    with pytest.raises(DataError, match="train.parquet is missing, truncated or not the file that was fetched"):
        load_dataset("cifar", root=tmp_path / "data")


@pytest.mark.parametrize("look", [data_at_hand, load_dataset])
def test_who_looks_while_data_are_put_in_place_waits_for_them(tmp_path, mirrors, look):
    root = tmp_path / "data"
    fetch.fetch("cifar", mirror=mirrors[0], root=root)
    with ThreadPoolExecutor() as threads:
        with alone(root / "cifar10"):
            (root / "cifar10").rename(root / "aside")
            looking = threads.submit(look, "cifar", root=root)
            with pytest.raises(TimeoutError):
                looking.result(timeout=0.5)
            (root / "aside").rename(root / "cifar10")
        assert looking.result()


def test_where_nothing_may_be_locked_what_is_wrong_with_the_data_is_said(tmp_path, mirrors, monkeypatch):
    @contextmanager
    def refused(path):
        raise StorageError(f"could not lock {path}")
        yield

    fetch.fetch("cifar", mirror=mirrors[0], root=tmp_path / "data")
    (tmp_path / "data/cifar10/test.parquet").unlink()
    monkeypatch.setattr("overparam.data.hub.alone", refused)
    with pytest.raises(DataError, match="test.parquet is missing"):
        load_dataset("cifar", root=tmp_path / "data")


def test_reading_what_was_never_fetched_leaves_nothing(tmp_path):
    assert not data_at_hand("cifar", tmp_path / "data")
    with pytest.raises(DataError, match="there is no CIFAR-10"):
        load_dataset("cifar", root=tmp_path / "data")
    assert not (tmp_path / "data").exists()
