"""Bring a task's data to ``data/``: from the hub, or from a local mirror in the hub's layout."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overparam.data import HUB_DATASETS, HubDataset
from overparam.errors import DataError
from overparam.files import digest_file, write_atomically, write_json


@dataclass(frozen=True)
class FetchedSplit:
    """What was checked of one split: its rows, columns, examples of each class, and SHA-256."""

    path: Path
    rows: int
    columns: Mapping[str, str]
    class_counts: tuple[int, ...]
    sha256: str


def fetch(task: str, *, mirror: Path | None = None, root: Path = Path("data")) -> list[FetchedSplit]:
    """Fetch ``task`` from the hub, or copy it from ``mirror``, check it, and note its source beside it.

    Args:
        task: one that is not embedded.
        mirror: a folder that holds the task's parquet files as the hub does, such as ``cifar10/train.parquet``.
        root: where data goes.

    Raises:
        DataError: if there is nothing to fetch for the task, the hub is out of reach, or a check fails; what
            stood in ``root`` before is then untouched.
    """
    if task not in HUB_DATASETS:
        names = " and ".join(HUB_DATASETS)
        raise DataError(f"task {task!r} has nothing to fetch: only {names} have, embedded tasks bring their data")
    dataset = HUB_DATASETS[task]
    folder = root / dataset.folder
    staging = root / ".fetching"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for split in dataset.rows:
            target = staging / f"{split}.parquet"
            if mirror is None:
                write_atomically(target, lambda path, split=split: _download(dataset, split, path))
            else:
                original = mirror / dataset.folder / target.name
                dataset.read(original)
                write_atomically(target, lambda path, original=original: shutil.copyfile(original, path))
        fetched = [_check(dataset, staging / f"{split}.parquet", split) for split in dataset.rows]
        tables = {split.path.stem: dataset.read(split.path) for split in fetched}
        source = f"hub dataset {dataset.hub_name}" if mirror is None else f"local mirror, {dataset.describe(tables)}"
        folder.mkdir(parents=True, exist_ok=True)
        for split in fetched:
            split.path.replace(folder / split.path.name)
        write_json(
            folder / "source.json",
            {"source": source, "sha256": {split.path.stem: split.sha256 for split in fetched}},
        )
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return fetched


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
    return FetchedSplit(path, table.num_rows, columns, tuple(counts.tolist()), digest_file(path))
