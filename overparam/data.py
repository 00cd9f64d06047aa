"""From a task's name to its examples: embedded digits, CIFAR-10 from ``data/``; splits are fixed and carry ids."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from overparam.config import SEED
from overparam.errors import DataError
from overparam.files import digest_file


@dataclass(frozen=True)
class Examples:
    """Examples in a fixed order.

    Attributes:
        ids: (examples,) int64, unique within the task; they travel with every feature array.
        inputs: (examples, channels, height, width) uint8.
        labels: (examples,) int64 in [0, classes).
    """

    ids: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, count: int | None) -> "Examples":
        """``count`` of them drawn by the split seed, in their old order; all of them for None."""
        if count is None:
            return self
        chosen = draw(len(self), count)
        return Examples(self.ids[chosen], self.inputs[chosen], self.labels[chosen])


def draw(total: int, count: int | None) -> np.ndarray:
    """``count`` of ``total`` rows drawn by the split seed, in ascending order; all of them for None."""
    if count is None:
        return np.arange(total)
    if not 1 <= count <= total:
        raise DataError(f"{count} examples were asked for where there are {total}: ask for 1 to {total}")
    return np.sort(np.random.default_rng(SEED).permutation(total)[:count])


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel over the training images, in units of a pixel value."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, inputs: np.ndarray) -> "Normalisation":
        """From (examples, channels, height, width)."""
        mean = inputs.mean(axis=(0, 2, 3), dtype=np.float64)
        square = np.stack([np.square(inputs[:, c], dtype=np.float32).mean(dtype=np.float64) for c in range(len(mean))])
        return cls(tuple(mean.tolist()), tuple(np.sqrt(square - mean**2).tolist()))


@dataclass(frozen=True)
class Dataset:
    """A task's examples.

    Networks train on ``train``; ridge maps and probes fit on ``fit``, a part of it; everything is measured on
    ``heldout``, which no fit ever sees.
    """

    source: str
    sha256: dict[str, str]
    classes: int
    train: Examples
    fit: Examples
    heldout: Examples
    normalisation: Normalisation

    @property
    def channels(self) -> int:
        """Input channels of an image."""
        return self.train.inputs.shape[1]


def load_dataset(
    task: str,
    *,
    train_examples: int | None = None,
    fit_examples: int | None = None,
    root: Path = Path("data"),
) -> Dataset:
    """The examples of ``task``, with as many for training and for fitting as asked (None: all).

    Raises:
        DataError: for an unknown task, or data that is missing, damaged or not what was fetched.
    """
    if task not in TASKS:
        raise DataError(f"there is no data for task {task!r}: there is {', '.join(TASKS)}")
    source, sha256, classes, train, heldout = TASKS[task](root, train_examples)
    return Dataset(source, sha256, classes, train, train.subset(fit_examples), heldout, Normalisation.of(train.inputs))


Loaded = tuple[str, dict[str, str], int, Examples, Examples]


def _load_digits(root: Path, train_examples: int | None) -> Loaded:
    """Scikit-learn's 1,797 digits of 8×8 pixels, 1,000 of them for training, the others held out."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    inputs = np.asarray(pixels, np.uint8).reshape(-1, 1, 8, 8)  # values 0 to 16
    ids = np.random.default_rng(SEED).permutation(len(inputs))
    train, heldout = np.sort(ids[:1000]), np.sort(ids[1000:])
    labels = np.asarray(labels, np.int64)
    return (
        "scikit-learn digits, embedded",
        {},
        10,
        Examples(train, inputs[train], labels[train]).subset(train_examples),
        Examples(heldout, inputs[heldout], labels[heldout]),
    )


CIFAR_ROWS = {"train": 50_000, "test": 10_000}
CIFAR_CLASSES = 10


def _load_cifar(root: Path, train_examples: int | None) -> Loaded:
    """CIFAR-10 from ``data/cifar10``, as `overparam.fetch.fetch` left it there; test ids follow the training ids."""
    folder = root / "cifar10"
    try:
        pinned = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"there is no CIFAR-10 in {folder}: get it with `overparam data fetch cifar`, "
            "or from a local mirror with `overparam data fetch cifar --from DIR`"
        ) from None
    tables = {}
    for split in CIFAR_ROWS:
        path = folder / f"{split}.parquet"
        if not path.exists() or digest_file(path) != pinned["sha256"][split]:
            raise DataError(
                f"{path} is missing, truncated or not the file that was fetched: run `overparam data fetch cifar` again"
            )
        tables[split] = read_cifar_table(path)
    train = _decode(tables["train"], train_examples, first_id=0, where=folder / "train.parquet")
    heldout = _decode(tables["test"], None, first_id=CIFAR_ROWS["train"], where=folder / "test.parquet")
    return pinned["source"], pinned["sha256"], CIFAR_CLASSES, train, heldout


TASKS: dict[str, Callable[[Path, int | None], Loaded]] = {"digits": _load_digits, "cifar": _load_cifar}


def data_at_hand(task: str, root: Path = Path("data")) -> bool:
    """Whether a task's data can be read here; embedded data always can."""
    return task != "cifar" or (root / "cifar10" / "source.json").exists()


def read_cifar_table(path: Path) -> pa.Table:
    """The columns ``img`` and ``label`` of one split in the hub's layout, labels checked.

    Raises:
        DataError: if the file is missing, no parquet (truncated, say), lacks a column, or has a label outside 0 to 9.
    """
    try:
        table = pq.read_table(path, columns=["img", "label"])
    except FileNotFoundError:
        raise DataError(f"there is no {path}: the folder must hold cifar10/train.parquet and test.parquet") from None
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} cannot be read as CIFAR-10 in parquet ({reason}): fetch it again") from None
    if table.column_names != ["img", "label"]:
        raise DataError(f"{path} has columns {table.column_names} where img and label belong: fetch it again")
    labels = table["label"].to_numpy()
    wrong = np.flatnonzero(~((labels >= 0) & (labels < CIFAR_CLASSES)))
    if len(wrong):
        raise DataError(
            f"{path} has labels that are missing or outside 0 to 9, first in row {wrong[0]}: fetch it again"
        )
    return table


def _decode(table: pa.Table, count: int | None, *, first_id: int, where: Path) -> Examples:
    """Decode ``count`` drawn images of one split (all for None) to uint8, (examples, 3, 32, 32)."""
    rows = draw(table.num_rows, count)
    pictures = table["img"].combine_chunks().field("bytes")
    inputs = np.empty((len(rows), 3, 32, 32), np.uint8)
    for place, row in enumerate(rows.tolist()):
        try:
            image = np.asarray(Image.open(io.BytesIO(pictures[row].as_py())).convert("RGB"))
            inputs[place] = image.transpose(2, 0, 1)
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{where} has no 32×32 image in row {row} ({error}): fetch it again") from None
    labels = table["label"].to_numpy()[rows].astype(np.int64)
    return Examples(first_id + rows, inputs, labels)
