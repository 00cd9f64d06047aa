"""Files that are either whole or not there: atomic writes, digests, canonical JSON."""

import ast
import glob
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from overparam.errors import StorageError
from overparam.io.reading import read_json

if sys.platform != "win32":
    import fcntl

PART = ".part"  # of the names of what is not yet whole

# By kind of sealed file, an entry that only files of this kind have.
KINDS = {
    "record of a study": "samples",
    "record of the toy": "spec",
    "trial of the judge": "rows",
    "fit of networks": "cross_entropy",
}


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it into place.

    A reader sees the old file or the new one, never a part of either.

    Raises:
        StorageError: if the disk refuses the write (full, read-only); the old file is untouched.
    """
    try:
        with _temporary(path.parent, path.name, _new_file) as temporary:
            write(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"could not write {path} ({error.strerror or error}); nothing that stood there was changed: "
            "free some space or make the folder writable, then run the same command again"
        ) from error


@contextmanager
def write_folder(folder: Path) -> Iterator[Path]:
    """Let files be written into a temporary folder, and on leaving rename each into ``folder``; on an error, none.

    Raises:
        StorageError: if the disk refuses a folder.
    """
    with ExitStack() as stack:
        with refusals_told(folder):
            temporary = stack.enter_context(temporary_folder(folder, "writing"))
        yield temporary
        with refusals_told(folder):
            for file in sorted(temporary.iterdir()):
                file.replace(folder / file.name)


@contextmanager
def temporary_folder(place: Path, name: str) -> Iterator[Path]:
    """A new folder in ``place`` that is gone on leaving; raises OSError if the disk refuses it."""
    with _temporary(place, name, _new_folder) as made:
        yield made


@contextmanager
def _temporary(place: Path, name: str, make: Callable[[Path, str], Path]) -> Iterator[Path]:
    """What is new in ``place`` and gone on leaving, with whatever killed processes left there by that name."""
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob(f".{glob.escape(name)}.*{PART}"):
        with suppress(OSError), _held(left):
            _remove(left)
    with ExitStack() as stack:
        made = _made(place, name, make, stack)
        stack.callback(_remove, made)
        yield made


def _made(place: Path, name: str, make: Callable[[Path, str], Path], stack: ExitStack) -> Path:
    """What is new, and held; before it is held, another process may take it for left, and then another is made."""
    while True:
        made = make(place, f".{name}.")
        with suppress(BlockingIOError, FileNotFoundError):
            stack.enter_context(_held(made))
            if made.exists():
                return made


def _new_file(place: Path, prefix: str) -> Path:
    handle, name = tempfile.mkstemp(dir=place, prefix=prefix, suffix=PART)
    os.close(handle)
    return Path(name)


def _new_folder(place: Path, prefix: str) -> Path:
    return Path(tempfile.mkdtemp(dir=place, prefix=prefix, suffix=PART))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold what is there as long as this process lives; raises BlockingIOError while another holds it.

    Windows does not let go of what is held, so there nothing is, and nothing is taken for left.
    """
    if sys.platform == "win32":
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@contextmanager
def refusals_told(path: Path) -> Iterator[None]:
    """Raise StorageError where the disk refuses what is done to ``path`` (full, read-only)."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"could not write {path} ({error.strerror or error}): free some space or make the folder writable, then "
            "run the same again"
        ) from error


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON with a final newline, atomically."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write ``text`` in UTF-8, atomically."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` as JSON together with its own SHA-256, so that an edit shows."""
    write_json(path, {**content, "sha256": digest_json(content)})


def read_sealed(path: Path, kind: str) -> dict[str, Any]:
    """What `write_sealed` wrote.

    Args:
        path: the file.
        kind: what it must be, one of `KINDS`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: as `read_json`; or if it was edited, or is of another kind.
    """
    try:
        content = read_json(path)
        if not isinstance(content, dict) or content.pop("sha256", None) != digest_json(content):
            raise ValueError("its content does not match its own SHA-256")
    except RecursionError:  # by the digest, which goes deeper than what reads
        raise ValueError("it is nested too deeply") from None
    found = next((name for name, entry in KINDS.items() if entry in content), "file of another kind")
    if found != kind:
        raise ValueError(f"it is a {found}, where a {kind} belongs")
    return content


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only process that makes ``path``: another one waits here, and then finds it made.

    Raises:
        StorageError: if no lock can be put beside ``path``.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise StorageError(
            f"could not lock {path} ({error.strerror or error}): make the folder {path.parent} writable"
        ) from error
    try:
        yield
    finally:
        lock.release()


def digest_file(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def digest_json(content: Any) -> str:
    """SHA-256 of ``content`` in canonical JSON (sorted keys, no spaces): equal content, equal digest."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def digest_source(*names: str) -> str:
    """SHA-256 over the code of the package's modules ``names`` (``"data"``, ``"metrics/ridge"``): the code version.

    Comments, docstrings and layout do not count, so that editing them makes nothing stale.
    """
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for name in sorted(names):
        place = package / name
        files = sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                    node.body = node.body[1:] or [ast.Pass()]
            digest.update(ast.unparse(tree).encode("utf-8"))
    return digest.hexdigest()
