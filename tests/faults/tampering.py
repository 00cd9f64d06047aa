"""Every field of what is written edited by hand, once as it is and once sealed again: what notices it.

`python tests/faults/tampering.py` writes the table of docs/reliability.md from what it finds.
"""

import copy
import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from readers import READERS

sys.path.insert(0, str(Path(__file__).parents[1]))

from records import ONE, QUARTER, synthetic_record
from test_pins import RECORD, write_pins

from overparam.errors import OverparamError
from overparam.io.files import digest_file
from overparam.io.files import write_sealed as write_sealed_json
from overparam.io.sealed import read_sealed, write_sealed
from overparam.pipeline.dvc_pins import pinned_outs, stale_reason
from overparam.report.tables.markdown import replace_section, table
from overparam.study.record import read_record
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.recorded import Baseline

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
SEAL, PINS = "its own seal", "`dvc.lock`, which pins it"
DVC = "`dvc status` alone, by the MD5 that `dvc.lock` pins"


@dataclass(frozen=True)
class Edit:
    """One field of a file edited: what notices it, None if nothing does."""

    file: str
    how: str
    entry: str
    noticed: str | None


def edits(place: Path) -> Iterator[Edit]:
    """Every edit of every kind of file."""
    for n, kind in enumerate((_of_records, _of_arrays, _of_locks, _of_margins, _of_baselines)):
        folder = place / str(n)
        folder.mkdir()
        yield from kind(folder)


def _other(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}0"
        case list():
            return [*value, *value[:1]] if value else [0]
        case dict():
            return {**value, "another": 0}
    return "another"


def _refused(read: Callable[[], object], by: str) -> str | None:
    try:
        read()
    except OverparamError:
        return by
    return None


def _of_records(folder: Path) -> Iterator[Edit]:
    record = synthetic_record(alphas=(ONE, QUARTER), replicates=2)
    write_pins(folder, record)
    path = folder / RECORD
    whole = json.loads(path.read_text(encoding="utf-8"))
    for entry in whole:
        edited = {**copy.deepcopy(whole), entry: _other(whole[entry])}
        path.write_text(json.dumps(edited), encoding="utf-8")
        yield Edit("a record", "as it is", entry, _refused(lambda: read_record(path), SEAL))
        if entry == "sha256":
            continue
        del edited["sha256"]
        write_sealed_json(path, edited)
        stale = PINS if stale_reason(record, path, folder) else None
        yield Edit("a record", "sealed again", entry, stale)


def _of_arrays(folder: Path) -> Iterator[Edit]:
    for name, file in (("checkpoints", "a checkpoint"), ("features", "a feature file")):
        (folder / name).mkdir()
        path = READERS[name].goods[0](folder / name)
        arrays, said = read_sealed(path, remedy="")
        good, md5 = path.read_bytes(), digest_file(path, "md5")
        for k in range(0, len(good), max(1, len(good) // 200)):
            path.write_bytes(good[:k] + bytes([good[k] ^ 1]) + good[k + 1 :])
            yield Edit(file, "as it is", "any byte", _refused(lambda: READERS[name].use(path), SEAL))  # noqa: B023
        pinned = [out for out in pinned_outs(PAGE.parents[1]) if out.startswith(f"artifacts/{name}/")]
        for entry in (*arrays, *said):
            array = arrays.get(entry)
            edited = {**arrays} if array is None else {**arrays, entry: ~array if array.dtype == bool else array + 1}
            write_sealed(path, edited, {**said, entry: _other(said[entry])} if entry in said else said)
            assert digest_file(path, "md5") != md5
            yield Edit(file, "sealed again", entry if entry in said else "an array", DVC if pinned else None)


def _of_locks(folder: Path) -> Iterator[Edit]:
    record = synthetic_record(alphas=(ONE, QUARTER), replicates=2)
    write_pins(folder, record)
    lock = folder / "dvc.lock"
    whole = yaml.safe_load(lock.read_text(encoding="utf-8"))
    stage = next(name for name, one in whole["stages"].items() if one.get("outs") and "md5" in one["outs"][0])
    for entry in (*whole["stages"][stage]["outs"][0], "cmd"):
        edited = copy.deepcopy(whole)
        at = edited["stages"][stage] if entry == "cmd" else edited["stages"][stage]["outs"][0]
        at[entry] = _other(at[entry])
        lock.write_text(yaml.safe_dump(edited), encoding="utf-8")
        by = (
            "the record, which names what it was measured on" if stale_reason(record, folder / RECORD, folder) else None
        )
        yield Edit("`dvc.lock`", "as it is", entry, by)


def _of_margins(folder: Path) -> Iterator[Edit]:
    path = READERS["margins"].goods[0](folder)
    good = path.read_text(encoding="utf-8")
    digest = load_preregistration(path).sha256
    for section in tomllib.loads(good).values():
        for entry, value in section.items():
            path.write_text(good.replace(f"{entry} = {value}", f"{entry} = {value / 2}"), encoding="utf-8")
            by = (
                "every recorded verdict, which names their digest"
                if load_preregistration(path).sha256 != digest
                else None
            )
            yield Edit("the margins", "as it is", entry, by)


def _of_baselines(folder: Path) -> Iterator[Edit]:
    path = READERS["verdicts"].goods[0](folder)
    good = path.read_text(encoding="utf-8")
    taken = [*Baseline.read(path).rows.values()]
    for entry, value in json.loads(good)[0].items():
        lines = json.loads(good)
        other = {"holds": "refuted"}.get(value, "holds") if entry == "verdict" else _other(value)
        lines[0][entry] = other
        path.write_text(json.dumps(lines), encoding="utf-8")
        noticed = any(map(Baseline.read(path).complaint, taken))
        yield Edit("the baseline", "as it is", entry, "the verdict, which is taken again" if noticed else None)


WHY = {
    "`dvc.lock`": "`dvc status` tells; no number depends on it",
    "the baseline": "for readers alone: verdicts, margins and cells are compared, numbers vary with the machine",
}


def written_of(found: list[Edit]) -> str:
    """The table of the documents."""
    groups: dict[tuple[str, str, str | None], list[str]] = {}
    for edit in found:
        names = groups.setdefault((edit.file, edit.how, edit.noticed), [])
        names += [edit.entry] if edit.entry not in names else []
    rows = [
        [file, how, ", ".join(f"`{n}`" if " " not in n else n for n in names), by or f"**nothing**: {WHY[file]}"]
        for (file, how, by), names in groups.items()
    ]
    return table(["of", "edited", "entries", "noticed by"], rows, words=4)


def found() -> list[Edit]:
    """What notices each edit."""
    with TemporaryDirectory() as folder:
        return [*edits(Path(folder))]


if __name__ == "__main__":
    replace_section(PAGE, "tampering", written_of(found()))
