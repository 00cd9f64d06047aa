"""Bring a task's data to ``data/``: from the hub, or from a local mirror in the hub's layout."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overparam.data import CIFAR_ROWS, read_cifar_table
from overparam.errors import DataError
from overparam.files import digest_file, write_atomically, write_json

HUB_NAME = "uoft-cs/cifar10"


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
        task: only ``cifar`` needs fetching.
        mirror: a folder that holds ``cifar10/train.parquet`` and ``cifar10/test.parquet``, as the hub does.
        root: where data goes.

    Raises:
        DataError: if there is nothing to fetch for the task, the hub is out of reach, or a check fails; what
            stood in ``root`` before is then untouched.
    """
    if task != "cifar":
        raise DataError(f"task {task!r} has nothing to fetch: only cifar has, embedded tasks bring their data")
    folder = root / "cifar10"
    staging = root / ".fetching"
    source = f"hub dataset {HUB_NAME}" if mirror is None else f"local mirror, {_encoding_of(mirror)}"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for split in CIFAR_ROWS:
            target = staging / f"{split}.parquet"
            if mirror is None:
                write_atomically(target, lambda path, split=split: _download(split, path))
            else:
                original = mirror / "cifar10" / f"{split}.parquet"
                read_cifar_table(original)
                write_atomically(target, lambda path, original=original: shutil.copyfile(original, path))
        fetched = [_check(staging / f"{split}.parquet", split) for split in CIFAR_ROWS]
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


def _download(split: str, path: Path) -> None:
    try:
        import datasets
    except ImportError:
        raise DataError(
            'fetching from the hub needs the package datasets: pip install "overparam[data]", or use --from DIR'
        ) from None
    try:
        datasets.load_dataset(HUB_NAME, split=split).to_parquet(str(path))  # pyright: ignore
    except Exception as error:
        # The hub's client raises dozens of kinds; for a person they are one: it could not be had.
        raise DataError(
            f"could not get {HUB_NAME} from the hub ({type(error).__name__}): "
            "check the network, or copy a local mirror with --from DIR"
        ) from error


def _encoding_of(mirror: Path) -> str:
    """How the mirror's images are stored, since a re-encoding is not the hub's CIFAR-10."""
    table = read_cifar_table(mirror / "cifar10" / "train.parquet")
    first = table["img"][0].as_py()["bytes"]
    return "JPEG re-encoding of CIFAR-10" if first[:2] == b"\xff\xd8" else "CIFAR-10 as PNG"


def _check(path: Path, split: str) -> FetchedSplit:
    table = read_cifar_table(path)
    counts = np.bincount(table["label"].to_numpy(), minlength=10)
    if table.num_rows != CIFAR_ROWS[split] or len(set(counts.tolist())) != 1:
        raise DataError(
            f"{path.name} has {table.num_rows:,} rows with {counts.min():,} to {counts.max():,} a class, "
            f"where CIFAR-10 has {CIFAR_ROWS[split]:,} in equal classes: use a whole copy"
        )
    columns = {field.name: str(field.type) for field in table.schema}
    return FetchedSplit(path, table.num_rows, columns, tuple(counts.tolist()), digest_file(path))
