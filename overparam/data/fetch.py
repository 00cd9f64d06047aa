"""Bring a task's data to ``data/``: from the hub, or from a local mirror in the hub's layout."""

import errno
import os
import shutil
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from overparam.config.tasks import TASKS
from overparam.data.hub import NOTE, HubDataset
from overparam.data.tasks import hub_dataset
from overparam.errors import DataError, StorageError
from overparam.io.files import alone, digest_file, temporary_folder, write_atomically, write_json


@dataclass(frozen=True)
class FetchedSplit:
    """What was checked of one split: its rows, columns, examples of each class, and SHA-256 of file and examples."""

    path: Path
    rows: int
    columns: Mapping[str, str]
    class_counts: tuple[int, ...]
    sha256: str
    content: str


def fetch(task: str, *, mirror: Path | None = None, root: Path = Path("data")) -> list[FetchedSplit]:
    """Fetch ``task`` from the hub, or copy it from ``mirror``, check it, and note its source beside it.

    Args:
        task: one that is not embedded.
        mirror: a folder that holds the task's parquet files as the hub does, such as ``cifar10/train.parquet``.
        root: where data goes.

    Raises:
        DataError: if there is nothing to fetch for the task, the hub is out of reach, or a check fails; what
            stood in ``root`` before is then untouched.
        StorageError: if the disk refuses a write; likewise.
    """
    dataset = hub_dataset(task)
    if dataset is None:
        names = " and ".join(name for name, data in TASKS.items() if data.hub)
        raise DataError(f"task {task!r} has nothing to fetch: only {names} have, embedded tasks bring their data")
    folder = (root / dataset.folder).resolve()  # beside what a link leads to, renaming is possible
    try:
        # Of two runs side by side each has a folder of its own, and the later one stays.
        with temporary_folder(folder.parent, folder.name) as staging:
            fetched = _fetch_into(staging / "new", dataset, mirror)
            _put_in_place(staging / "new", folder, staging)
    except OSError as error:
        raise StorageError(
            f"could not put {dataset.title} into {folder} ({error.strerror or error}); what stood there was not "
            "changed: free some space or make the folder writable, then run the same command again"
        ) from error
    return [replace(split, path=folder / split.path.name) for split in fetched]


def _fetch_into(new: Path, dataset: HubDataset, mirror: Path | None) -> list[FetchedSplit]:
    for split in dataset.rows:
        target = new / f"{split}.parquet"
        if mirror is None:
            write_atomically(target, lambda path, split=split: _download(dataset, split, path))
        else:
            original = mirror / dataset.folder / target.name
            dataset.read(original)
            write_atomically(target, lambda path, original=original: shutil.copyfile(original, path))
    fetched = [_check(dataset, new / f"{split}.parquet", split) for split in dataset.rows]
    tables = {split.path.stem: dataset.read(split.path) for split in fetched}
    source = f"hub dataset {dataset.hub_name}" if mirror is None else f"local mirror, {dataset.describe(tables)}"
    digests = {part: {split.path.stem: getattr(split, part) for split in fetched} for part in ("sha256", "content")}
    write_json(new / NOTE, {"source": source, **digests})
    return fetched


def _put_in_place(new: Path, folder: Path, aside: Path) -> None:
    """Rename ``new`` to ``folder``; what stood there is moved ``aside`` first, and back again if that fails."""
    own, old = {path.name for path in new.iterdir()}, aside / "old"
    with alone(folder):
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        try:
            if folder.exists():
                folder.rename(old)
                _carry(old, new, own)
            new.rename(folder)
        except BaseException:
            if old.exists() and not folder.exists():
                _carry(new, old, own)
                old.rename(folder)
            raise


def _carry(source: Path, target: Path, own: Set[str]) -> None:
    """Move what is not of the dataset, which stays wherever the data come from."""
    for path in source.iterdir():
        if path.name not in own:
            path.rename(target / path.name)


def _download(dataset: HubDataset, split: str, path: Path) -> None:
    try:
        import datasets
    except ImportError:
        raise DataError(
            'fetching from the hub needs the package datasets: pip install "overparam[data]", or use --from DIR'
        ) from None
    try:
        datasets.load_dataset(dataset.hub_name, dataset.subset, split=split).to_parquet(str(path))  # pyright: ignore
    except Exception as error:
        # The hub's client raises dozens of kinds; for a person they are one: it could not be had.
        raise DataError(
            f"could not get {dataset.hub_name} from the hub ({type(error).__name__}): "
            "check the network, or copy a local mirror with --from DIR"
        ) from error


def _check(dataset: HubDataset, path: Path, split: str) -> FetchedSplit:
    table, whole = dataset.read(path), dataset.rows[split]
    counts = np.bincount(table[dataset.columns[-1]].to_numpy(), minlength=dataset.classes)
    if not dataset.partial and (table.num_rows != whole or len(set(counts.tolist())) != 1):
        raise DataError(
            f"{path.name} has {table.num_rows:,} rows with {counts.min():,} to {counts.max():,} a class, "
            f"where {dataset.title} has {whole:,} in equal classes: use a whole copy"
        )
    if not 0 < table.num_rows <= whole or counts.min() == 0:
        raise DataError(
            f"{path.name} has {table.num_rows:,} rows with {counts.min():,} to {counts.max():,} a class, "
            f"where {dataset.title} has {whole:,} and some of each class: use a copy of it"
        )
    columns = {field.name: str(field.type) for field in table.schema}
    content = dataset.content(table, path)
    return FetchedSplit(path, table.num_rows, columns, tuple(counts.tolist()), digest_file(path), content)
