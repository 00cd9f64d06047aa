"""The way in for what is read: a plain file, no larger than such a file may be, in which no key stands twice."""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

WRITTEN_BY_HAND = 2**18  # bytes of a file that people write; the longest here has nine thousand
RECORDED = 2**23  # bytes of text that a command writes; the longest here has nine hundred thousand
EXPANSION = 100  # times that a compressed file may grow, where arrays here grow by less than twenty
FREE = 2**26  # bytes that any file may grow to


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A plain file, to be read. A pipe, which would wait for its writer, a device or a folder is refused.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is none, or may not be read.
    """
    try:
        # Without waiting for a writer; Windows has no such pipes, and reads text unless it is told otherwise.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("Is no plain file")
        yield file


def read_bytes(path: Path, most: int) -> bytes:
    """What stands in a file of at most so many bytes; raises as `opened`, and ValueError for more."""
    with opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it has more than the {most:,} bytes that such a file may have")
    return data


def read_text(path: Path, most: int) -> str:
    """Text in UTF-8; raises as `read_bytes`, and ValueError for what is no such text."""
    return read_bytes(path, most).decode("utf-8")


def read_json(path: Path, most: int = RECORDED) -> Any:
    """What a file of JSON says; raises as `read_text` and `parse_json`."""
    return parse_json(read_text(path, most))


def parse_json(text: str) -> Any:
    """What a text says; raises ValueError for no JSON, a key that stands twice, or too deep a nest."""
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"key {twice!r} stands twice")
    return entries


def one_line(error: object) -> str:
    """What an error of a library says, as a part of a sentence: in one line, no longer than a person reads."""
    said = " ".join(str(error).split()) or type(error).__name__
    return "".join(letter if letter.isprintable() else "�" for letter in f"{said:.240}")


def check_growth(size: int, grown: int) -> None:
    """Raise ValueError if a file of ``size`` bytes says that it holds more than it may, or than memory does."""
    if grown > max(FREE, EXPANSION * size):
        raise ValueError(f"{size:,} bytes would grow to {grown:,}, more than any array does that is worth its place")
    if grown > memory():
        raise ValueError(f"it holds {grown:,} bytes, more than the memory of this machine")


def memory() -> int:
    """The bytes of memory that this machine has; where it does not say, as on Windows, more than any has."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return 2**62
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
