"""Commands that are killed at each moment at which they change a file, run twice at once, or find the disk full.

Each runs in a process that is forked from one which has loaded everything, in a repository that trains in a second, and
is compared with what it writes undisturbed: `python tests/faults/interruptions.py '{"kill": 3, ...}'` prints what came
of how many, as JSON.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from networks import tiny_repository

STUDY = ("digits", "resnet18")
# In the order in which each needs what those before it made.
COMMANDS = {
    "data fetch": ("data", "fetch", "mnli", "--from", "{root}/mirror"),
    "train": ("train", *STUDY, "1/4", "0"),
    "features": ("features", *STUDY, "1/4", "0"),
    "study": ("study", *STUDY),
    "measure": ("measure", *STUDY),
    "judge": ("judge", "digits", "--verdicts", "{root}/verdicts.json"),
    "badges": ("badges", "--to", "{root}/badges"),
    "report": ("report", "--to", "{root}/report"),
}
UNCOUNTED = ("study",)  # it shares out work, so that its moments come in no order
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "shutil.copyfile", "tempfile.mkstemp")


@dataclass
class Tally:
    """How many runs were disturbed, and how many of them fell short, by kind; and how, in words."""

    tried: Counter[str] = field(default_factory=Counter)
    fell: Counter[str] = field(default_factory=Counter)
    short: list[str] = field(default_factory=list)


def run(root: Path, words: tuple[str, ...], *, kill_at: int | None = None, count: Path | None = None) -> int:
    """Run a command to its end, or kill it and its workers at its change of that number; give its process's number."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    with (root.parent / f"{os.getpid()}.out").open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    code = 1
    try:
        changes = 0

        def notice(event: str, details: tuple) -> None:
            nonlocal changes
            if event in CHANGES or (event == "open" and isinstance(details[1], str) and set(details[1]) & set("wax+")):
                if str(root) not in str(details[0]):
                    return
                changes += 1
                if changes == kill_at:
                    os.killpg(0, signal.SIGKILL)

        sys.addaudithook(notice)
        from overparam import cli

        sys.argv = ["overparam", *(word.format(root=root) for word in words), "--root", str(root)]
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        if count:
            count.write_text(str(changes))
    finally:
        sys.stdout.flush()
        os._exit(code)


def ended(child: int) -> int:
    """Wait for a process; its exit code, negative if it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def said_by(root: Path, child: int) -> str:
    return (root.parent / f"{child}.out").read_text()


def files_in(root: Path) -> dict[str, bytes]:
    """What a reader may find, by its place: not what is only being written, nor locks."""
    found = (path for path in root.rglob("*") if path.is_file())
    places = ((path.relative_to(root), path) for path in found)
    return {str(place): path.read_bytes() for place, path in places if not any(p[0] == "." for p in place.parts)}


@dataclass
class World:
    """By command: the repository before it and after it, undisturbed; and how often it changes a file."""

    place: Path
    changes: dict[str, int] = field(default_factory=dict)

    def before(self, command: str) -> Path:
        return self.place / "before" / command.replace(" ", "-") / "repository"

    def after(self, command: str) -> Path:
        return self.place / "after" / command.replace(" ", "-") / "repository"

    @contextmanager
    def anew(self, command: str) -> Iterator[Path]:
        """A copy of the repository as it was before a command."""
        with TemporaryDirectory(dir=self.place) as folder:
            yield Path(shutil.copytree(self.before(command), Path(folder, "repository")))


def make(place: Path) -> World:
    """Run every command undisturbed, one after the other."""
    world, root = World(place), place / "made" / "repository"
    root.mkdir(parents=True)
    tiny_repository(root)
    mirror = root / "mirror" / "mnli"
    mirror.mkdir(parents=True)
    columns = {name: [f"{name} number {row}" for row in range(30)] for name in ("premise", "hypothesis")}
    for split in ("train", "validation_matched"):
        pq.write_table(pa.table({**columns, "label": [row % 3 for row in range(30)]}), mirror / f"{split}.parquet")
    for command, words in COMMANDS.items():
        shutil.copytree(root, world.before(command))
        child = run(root, words, count=place / "count")
        if ended(child):
            raise RuntimeError(f"{words} fails undisturbed: {said_by(root, child)}")
        world.changes[command] = int((place / "count").read_text())
        shutil.copytree(root, world.after(command))
    return world


def kill(world: World, command: str, moment: int) -> str | None:
    """Kill a command at one of its changes, look, and run it again; what fell short, if anything did."""
    before, after = files_in(world.before(command)), files_in(world.after(command))
    with world.anew(command) as root:
        if ended(run(root, COMMANDS[command], kill_at=moment)) != -signal.SIGKILL:
            return None  # it made no such change this time, as where another thread was faster
        for place, content in files_in(root).items():
            if content not in (before.get(place), after.get(place)) and not place.endswith(".resume"):
                return f"{command} killed at {moment}: {place} is neither what it was nor what it becomes"
        lost = [place for place in before if place not in files_in(root) and place in after]
        if lost and command != "data fetch":  # between two renames, for which readers wait
            return f"{command} killed at {moment}: {lost[0]} is lost"
        return _as_undisturbed(world, command, root, f"{command} killed at {moment} and run again")


def _as_undisturbed(world: World, command: str, root: Path, of: str) -> str | None:
    child = run(root, COMMANDS[command])
    if ended(child):
        return f"{of}: {said_by(root, child)[-300:]}"
    return _differs(world, command, root, of)


def _differs(world: World, command: str, root: Path, of: str) -> str | None:
    found, after = files_in(root), files_in(world.after(command))
    other = [place for place in found.keys() | after.keys() if found.get(place) != after.get(place)]
    if other:
        place = sorted(other)[0]
        return f"{of}: {place} is not what an undisturbed run writes{_first_other(found.get(place), after.get(place))}"
    left = [*root.rglob(".*.part")]
    return f"{of}: {left[0].name} is left" if left else None


def _first_other(found: bytes | None, after: bytes | None) -> str:
    """Where two files differ first, in both."""
    if found is None or after is None:
        return f", but {'lacking' if found is None else 'there'}"
    place = next((k for k, (one, other) in enumerate(zip(found, after, strict=False)) if one != other), 0)
    return f", at byte {place}: {found[place - 60 : place + 60]} in place of {after[place - 60 : place + 60]}"


def twice(world: World, command: str) -> str | None:
    """Run a command twice at once; what fell short, if anything did."""
    with world.anew(command) as root:
        children = [run(root, COMMANDS[command]) for _ in range(2)]
        for child in children:
            if ended(child):
                return f"{command} twice at once: {said_by(root, child)[-300:]}"
        return _differs(world, command, root, f"{command} twice at once")


def no_room(world: World, command: str, room: int) -> str | None:
    """Run a command where a disk has so many bytes left, then where it has enough; what fell short, if anything did."""
    before = files_in(world.before(command))
    with world.anew(command) as root, small_disk(root, room) as disk:
        child = run(disk, COMMANDS[command])
        code, said = ended(child), said_by(disk, child)
        if code not in (0, 1) or "Traceback" in said:
            return f"{command} with {room:,} bytes left: exit code {code}, {said[-300:]}"
        lost = [place for place, content in before.items() if files_in(disk).get(place) != content]
        if code and lost:
            return f"{command} with {room:,} bytes left: {lost[0]} is lost"
        subprocess.run(["mount", "-o", "remount,size=1g", str(disk.parent)], check=True)
        return _as_undisturbed(world, command, disk, f"{command} where there was no room")


@contextmanager
def small_disk(root: Path, room: int) -> Iterator[Path]:
    """A copy of a repository on a file system of its own with so many bytes left; PermissionError where none may be."""
    place = root.parent / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(place)], capture_output=True).returncode:
        raise PermissionError("no file system may be mounted")
    try:
        shutil.copytree(root, place / "repository")
        used = sum(-(-path.stat().st_size // 4096) * 4096 for path in place.rglob("*"))
        subprocess.run(["mount", "-o", f"remount,size={used + room}", str(place)], check=True)
        yield place / "repository"
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def disturb(kills: int, pairs: int, disks: int, seed: int = 0) -> Tally:
    """Kill so many commands at moments drawn by a seed; run so many twice at once, and as many without room."""
    tally, draw = Tally(), random.Random(seed)
    with TemporaryDirectory() as folder:
        world = make(Path(folder))
        moments = [(c, m) for c in COMMANDS if c not in UNCOUNTED for m in range(1, world.changes[c] + 1)]
        for command, moment in draw.sample(moments, min(kills, len(moments))):
            _count(tally, "killed", lambda: kill(world, command, moment))  # noqa: B023
        for command in draw.sample([*COMMANDS], min(pairs, len(COMMANDS))):
            _count(tally, "twice at once", lambda: twice(world, command))  # noqa: B023
        for command in draw.choices([*COMMANDS], k=disks):
            room = draw.choice((0, 4096, 65536, 2**20))
            try:
                _count(tally, "full disk", lambda: no_room(world, command, room))  # noqa: B023
            except PermissionError:
                break
    return tally


def _count(tally: Tally, kind: str, attempt: Callable[[], str | None]) -> None:
    short = attempt()
    print(kind, short or "", file=sys.stderr, flush=True)
    tally.tried[kind] += 1
    if short:
        tally.fell[kind] += 1
        tally.short.append(short)


def disturbed(**asked: int) -> Tally:
    """The same in a process of its own, which loads everything and has one thread."""
    command = [sys.executable, "-W", "ignore", __file__, json.dumps(asked)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return Tally(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    print(json.dumps(vars(disturb(**json.loads(sys.argv[1])))))
