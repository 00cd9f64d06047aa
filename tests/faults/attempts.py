"""Files gone wrong, read one after the other in a process of their own: what came of each.

`python tests/faults/attempts.py params.yaml 0 2000` prints a line of JSON for every file that falls short, and at the
end how many there were. A file that takes too long ends the process, as does one on which a library aborts; whoever
started the process sees by what, and goes on behind it.
"""

import json
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from mutations import NEVER, mutate
from readers import READERS, Reader

from overparam.errors import OverparamError

SECONDS = 5  # of processor time that a file may take
PATIENCE = 60  # seconds by the clock, for one that waits
MEMORY = 4 * 2**30  # bytes that a file may ask for, before it is told that there are no more
Came = Literal["refused", "understood", "accepted", "wrong", "traceback", "hang", "end of the process"]
SHORT = ("wrong", "traceback", "hang", "end of the process")


@dataclass(frozen=True)
class Attempt:
    """What came of one file: ``refused`` in a sentence; ``understood``, the content as it was; ``accepted``, another
    content that may be meant; ``wrong``, another content where none may be; or worse.

    Attributes:
        reader: of the file.
        number: the seed of its mutation.
        mutation: its name.
        came: what came of it.
        said: by the reader.
        megabytes: that memory grew by meanwhile.
    """

    reader: str
    number: int
    mutation: str
    came: Came
    said: str
    megabytes: int


def attempts(name: str, first: int, last: int) -> Iterator[Attempt]:
    """Read so many files gone wrong in this process."""
    reader = READERS[name]
    with TemporaryDirectory() as place:
        goods = []
        for k, make in enumerate(reader.goods):
            folder = Path(place, str(k))
            folder.mkdir()
            path = make(folder)
            data = path.read_bytes()
            goods.append((path, data, print_of(reader.use(path))))
        for number in range(first, last):
            path, data, before = goods[number % len(goods)]
            mutation, changed = mutate(f"{name} {number}", reader.mutations, data)
            path.write_bytes(changed)
            since = _begin(number)
            came, said = _tried(reader, path, before, mutation)
            _end()
            yield Attempt(name, number, mutation.__name__, came, said, (_peak() - since) // 2**20)


def _tried(reader: Reader, path: Path, before: str, mutation: Any) -> tuple[Came, str]:
    try:
        value = reader.use(path)
    except OverparamError as error:
        said = str(error)
        return ("refused" if is_a_sentence(said) else "wrong"), said
    except BaseException as error:
        return "traceback", f"{type(error).__name__}: {error}"
    found = print_of(value)
    if mutation in NEVER:
        return "wrong", "a key that stands twice"
    if found == before:
        return "understood", ""
    return ("wrong" if reader.sealed and mutation not in reader.forged else "accepted"), ""


def is_a_sentence(said: str) -> bool:
    """One line of a length that a person reads, all of it printable."""
    return said.isprintable() and 20 < len(said) < 700


def print_of(value: Any) -> str:
    """A digest that equal values share, arrays by all of their bytes."""
    digest = sha256()
    for part in _parts(value):
        digest.update(part)
    return digest.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        yield value.tobytes()
    elif is_dataclass(value) and not isinstance(value, type):
        for entry in fields(value):
            yield from _parts(getattr(value, entry.name))
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield repr(key).encode()
            yield from _parts(entry)
    elif isinstance(value, list | tuple):
        yield b"["
        for entry in value:
            yield from _parts(entry)
        yield b"]"
    else:
        yield repr(value).encode("utf-8", "backslashreplace")


def _begin(number: int) -> int:
    print(number, file=sys.stderr, flush=True)  # by which it is known, should it end the process
    Path("/proc/self/clear_refs").write_text("5")  # the most memory so far is that of now
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(PATIENCE)
    return _peak()


def _end() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.alarm(0)


def _peak() -> int:
    """The most memory that this process had at once, in bytes."""
    return _of_process("VmHWM")


def _of_process(entry: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(entry))


@dataclass
class Tally:
    """What came of how many files of a kind, the attempts that fell short, and the most megabytes that one took."""

    came: Counter[str] = field(default_factory=Counter)
    short: list[Attempt] = field(default_factory=list)
    megabytes: int = 0


def tried(name: str, count: int) -> Tally:
    """Let other processes read so many files, a new one behind each that ended one."""
    tally, first = Tally(), 0
    while first < count:
        command = [sys.executable, "-W", "ignore", __file__, name, str(first), str(count)]
        done = subprocess.run(command, capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode == 0:
            summary = lines.pop()
            tally.came.update(summary["came"])
            tally.megabytes = max(tally.megabytes, summary["megabytes"])
        tally.short += [Attempt(**line) for line in lines]
        if done.returncode == 0:
            break
        begun = [int(line) for line in done.stderr.splitlines() if line.isdigit()]
        if done.returncode > 0 or not begun:
            raise RuntimeError(f"{command} failed: {done.stderr[-2000:]}")
        ended = signal.Signals(-done.returncode)
        came: Came = "hang" if ended in (signal.SIGPROF, signal.SIGALRM) else "end of the process"
        tally.short.append(Attempt(name, begun[-1], "", came, ended.name, 0))
        tally.came.update({"refused": begun[-1] - first, came: 1})
        first = begun[-1] + 1
    return tally


def main() -> None:
    """Read the files whose numbers the command line names."""
    name, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    came: Counter[Came] = Counter()
    most = 0
    for attempt in attempts(name, first, last):
        if not came:  # what the first has loaded is there
            limit = _of_process("VmSize") + MEMORY
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        came[attempt.came] += 1
        most = max(most, attempt.megabytes)
        if attempt.came in SHORT:
            print(json.dumps(asdict(attempt)), flush=True)
    print(json.dumps({"came": came, "megabytes": most}), flush=True)


if __name__ == "__main__":
    main()
