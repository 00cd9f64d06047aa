import errno
import hashlib
import json
import os
import stat
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overparam.errors import StorageError
from overparam.io import files
from overparam.io.files import (
    KINDS,
    alone,
    digest_file,
    digest_json,
    digest_source,
    read_sealed,
    write_atomically,
    write_json,
    write_sealed,
)

PROPERTY = settings(max_examples=30, deadline=None, derandomize=True)
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | st.text(max_size=5)
content = st.dictionaries(st.text(max_size=3), leaves | st.lists(leaves, max_size=3), max_size=4)


def full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fail_half_way(temporary):
    temporary.write_text("half of what was to be wri")
    full_disk()


# Where a full disk can strike: in the writer, making the temporary file, flushing it, renaming it.
STRIKES = {"writing": None, "making": "tempfile.mkstemp", "flushing": "os.fsync", "renaming": "Path.replace"}


@pytest.mark.parametrize("target", STRIKES.values(), ids=STRIKES)
@pytest.mark.parametrize("before", ["what stood there", None])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, target, before):
    path = tmp_path / "record.json"
    if before is not None:
        path.write_text(before)
    if target is not None:
        owner, name = target.split(".")
        monkeypatch.setattr(getattr(files, owner), name, full_disk)
    write = fail_half_way if target is None else lambda temporary: temporary.write_text("new")
    with pytest.raises(StorageError, match="No space left on device") as caught:
        write_atomically(path, write)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ([] if before is None else ["record.json"])
    assert before is None or path.read_text() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_write_leaves_the_old_file_and_the_error_as_it_was(tmp_path, error):
    def interrupted(temporary):
        temporary.write_text("half")
        raise error

    path = tmp_path / "record.json"
    path.write_text("old")
    with pytest.raises(error):
        write_atomically(path, interrupted)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_fills_a_file_beside_the_target_and_readers_see_it_only_whole(tmp_path):
    path = tmp_path / "deep" / "folder" / "file.txt"

    def write(temporary):
        assert temporary.parent == path.parent
        assert not path.exists()
        temporary.write_text("all of it")

    write_atomically(path, write)
    assert path.read_text() == "all of it"
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    write_atomically(path, lambda temporary: temporary.write_text("another"))
    assert path.read_text() == "another"


def test_a_parent_that_is_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "parent").write_text("a file")
    with pytest.raises(StorageError, match=r"could not write .*parent/record\.json"):
        write_json(tmp_path / "parent" / "record.json", {})


def test_json_is_indented_readable_and_ends_with_a_newline(tmp_path):
    path = tmp_path / "record.json"
    write_json(path, {"name": "M_1′", "values": [0.1, 1e-300]})
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert '\n "name": "M_1′"' in text
    assert json.loads(text) == {"name": "M_1′", "values": [0.1, 1e-300]}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_json_does_not_have_and_keeps_the_old_file(tmp_path, value):
    path = tmp_path / "record.json"
    write_json(path, [1])
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, [value])
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_json([value])
    assert json.loads(path.read_text()) == [1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("holds", [*KINDS, None])
def test_a_sealed_file_is_read_as_what_it_is_and_as_nothing_else(tmp_path, kind, holds):
    path = tmp_path / "file.json"
    content = {KINDS[holds]: {}, "name": "M_1′"} if holds else {"name": "M_1′"}
    write_sealed(path, content)
    if holds == kind:
        assert read_sealed(path, kind) == content
        return
    with pytest.raises(ValueError, match=f"it is a {holds or 'file of another kind'}, where a {kind} belongs"):
        read_sealed(path, kind)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "does not match its own SHA-256"),
        ("null", "does not match its own SHA-256"),
        ('{"spec": {}}', "does not match its own SHA-256"),
        ('{"spec": {}, "sha256": null}', "does not match its own SHA-256"),
        ('{"spec": NaN, "sha256": "0"}', "not JSON compliant"),
        ('{"spec": "\\ud800", "sha256": "0"}', "surrogates not allowed"),
        ('{"spec": ' + "9" * 5000 + "}", "Exceeds the limit"),
        ("[" * 9999, "nested too deeply"),
        ('{"spec": ' + "[" * 900 + "]" * 900 + "}", "nested too deeply|does not match its own SHA-256"),
    ],
)
def test_what_is_not_sealed_says_why(tmp_path, content, reason):
    (tmp_path / "file.json").write_text(content)
    with pytest.raises(ValueError, match=reason):
        read_sealed(tmp_path / "file.json", "record of the toy")


def test_a_folder_in_a_files_place_says_so_and_a_missing_file_is_missing(tmp_path):
    with pytest.raises(ValueError, match="Is a directory"):
        read_sealed(tmp_path, "record of the toy")
    with pytest.raises(FileNotFoundError):
        read_sealed(tmp_path / "file.json", "record of the toy")


def test_one_process_at_a_time_makes_what_stands_for_itself(tmp_path):
    """Each adds its line twice with a pause between; no other line may come in between."""
    path = tmp_path / "new" / "made"
    program = f"""
import sys, time
from pathlib import Path
from overparam.io.files import alone
for _ in range(5):
    with alone(Path({str(path)!r})):
        for _ in range(2):
            with open({str(path)!r}, "a") as file:
                file.write(sys.argv[1])
            time.sleep(0.01)
"""
    started = [subprocess.Popen([sys.executable, "-c", program, name]) for name in "abc"]
    assert [process.wait() for process in started] == [0, 0, 0]
    lines = path.read_text()
    assert sorted(lines) == sorted("aabbcc" * 5)
    assert all(first == second for first, second in zip(lines[::2], lines[1::2], strict=True))


def test_where_no_lock_can_be_put_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with (
        pytest.raises(StorageError, match="could not lock .*file/made .*: make the folder .* writable"),
        alone(tmp_path / "file" / "made"),
    ):
        pass


def test_an_error_inside_is_the_error_and_the_lock_is_free_again(tmp_path):
    for _ in range(2):
        with pytest.raises(OSError, match="of mine"), alone(tmp_path / "made"):
            raise OSError("of mine")


@PROPERTY
@given(content)
def test_the_digest_of_content_survives_json_and_any_order_of_keys(value):
    digest = digest_json(value)
    assert digest_json(json.loads(json.dumps(value))) == digest
    assert digest_json(dict(reversed(value.items()))) == digest
    assert digest_json({**value, "more": 1}) != digest


def test_the_digest_of_content_is_that_of_its_canonical_json():
    assert digest_json({"b": [1, 0.5], "a": "′"}) == hashlib.sha256('{"a":"′","b":[1,0.5]}'.encode()).hexdigest()


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path, algorithm):
    path = tmp_path / "file"
    path.write_bytes(np.random.default_rng(0).bytes(300_000))
    assert digest_file(path, algorithm) == hashlib.new(algorithm, path.read_bytes()).hexdigest()
    assert digest_file(path) == digest_file(path, "sha256")


def test_the_digest_of_source_covers_modules_and_packages_in_any_order(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    sources = {name: tmp_path / name for name in ("a.py", "b.py", "models/c.py", "models/d.py")}
    for name, path in sources.items():
        path.write_text(name)
    monkeypatch.setattr(files, "__file__", str(tmp_path / "io" / "files.py"))
    digest = digest_source("a", "models")
    assert digest_source("models", "a") == digest
    sources["b.py"].write_text("not asked for")
    assert digest_source("a", "models") == digest
    for name in ("a.py", "models/c.py", "models/d.py"):
        sources[name].write_text("changed")
        assert digest_source("a", "models") != digest
        sources[name].write_text(name)
    assert digest_source("a", "models") == digest


KILLED = """
import os, signal, sys
from pathlib import Path
from overparam.io.files import temporary_folder, write_atomically, write_folder
path = Path(sys.argv[1])
def die(temporary):
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "file":
    write_atomically(path, die)
with (temporary_folder(path.parent, path.name) if sys.argv[2] == "folder" else write_folder(path.parent)) as folder:
    die(folder / "a.txt")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is held there")
@pytest.mark.parametrize("kind", ["file", "folder", "files"])
def test_what_a_killed_process_left_is_gone_once_the_next_one_writes_there(tmp_path, kind):
    path = tmp_path / "record.json"
    subprocess.run([sys.executable, "-c", KILLED, path, kind])
    (left,) = tmp_path.iterdir()
    if kind == "files":
        with files.write_folder(tmp_path) as folder:
            (folder / "record.json").write_text("whole")
    else:
        write_json(path, {})
    assert not left.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["record.json"]


@pytest.mark.parametrize("make", [files._new_file, files._new_folder])
def test_what_is_being_written_is_not_taken_for_left(tmp_path, make):
    with (
        files._temporary(tmp_path, "record.json", make) as own,
        files._temporary(tmp_path, "record.json", make) as other,
    ):
        assert own.exists()
        assert other.exists()
        assert own != other
        assert len([*tmp_path.iterdir()]) == 2
    assert not [*tmp_path.iterdir()]


def test_what_another_takes_for_left_before_it_is_held_is_made_anew(tmp_path):
    made = []

    def swept(place, prefix):
        made.append(files._new_file(place, prefix))
        if len(made) == 1:
            made[0].unlink()
        return made[-1]

    with files._temporary(tmp_path, "record.json", swept) as own:
        assert own == made[1]
