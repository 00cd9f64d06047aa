"""Images: scikit-learn's digits, embedded, and CIFAR-10."""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from overparam.constants import SEED
from overparam.data.examples import Dataset, Examples, Normalisation, draw
from overparam.data.hub import HubDataset, is_picture
from overparam.errors import DataError
from overparam.io.reading import one_line


def load_digits(train_examples: int | None) -> Dataset:
    """Scikit-learn's 1,797 digits of 8×8 pixels, 1,000 of them for training, the others held out."""
    from sklearn import datasets

    pixels, labels = datasets.load_digits(return_X_y=True)
    inputs = np.asarray(pixels, np.uint8).reshape(-1, 1, 8, 8)  # values 0 to 16
    labels = np.asarray(labels, np.int64)
    ids = np.random.default_rng(SEED).permutation(len(inputs))
    train, heldout = (Examples(part, inputs[part], labels[part]) for part in (np.sort(ids[:1000]), np.sort(ids[1000:])))
    return _dataset("scikit-learn digits, embedded", {}, train.subset(train_examples), heldout)


def _encoding(tables: Mapping[str, pa.Table]) -> str:
    """How the images are stored, since a re-encoding is not the hub's CIFAR-10."""
    first = tables["train"]["img"][0].as_py()["bytes"]
    return "JPEG re-encoding of CIFAR-10" if first[:2] == b"\xff\xd8" else "CIFAR-10 as PNG"


CIFAR = HubDataset(
    task="cifar",
    title="CIFAR-10",
    hub_name="uoft-cs/cifar10",
    subset=None,
    folder="cifar10",
    rows={"train": 50_000, "test": 10_000},
    columns=("img", "label"),
    is_input=is_picture,
    classes=10,
    partial=False,
    describe=_encoding,
    examples=lambda table, path: (pixels.tobytes() for pixels in _pictures(table, range(table.num_rows), path)),
)


def load_cifar(root: Path, train_examples: int | None) -> Dataset:
    """CIFAR-10; test ids follow the training ids."""
    opened, folder = CIFAR.open(root), root / CIFAR.folder
    train, heldout = opened.tables["train"], opened.tables["test"]
    dataset = _dataset(
        opened.note.source,
        opened.note.sha256,
        _decode(train, train_examples, first_id=0, where=folder / "train.parquet"),
        _decode(heldout, None, first_id=train.num_rows, where=folder / "test.parquet"),
    )
    return replace(dataset, content=opened.note.content)


def _dataset(source: str, sha256: dict[str, str], train: Examples, heldout: Examples) -> Dataset:
    channels, normalisation = train.inputs.shape[1], Normalisation.of(train.inputs)
    return Dataset(source, sha256, 10, channels, train, train, heldout, normalisation)


def _decode(table: pa.Table, count: int | None, *, first_id: int, where: Path) -> Examples:
    """Decode ``count`` drawn images of one split (all for None) to uint8, (examples, 3, 32, 32)."""
    rows = draw(table.num_rows, count)
    inputs = np.empty((len(rows), 3, 32, 32), np.uint8)
    for place, pixels in enumerate(_pictures(table, rows.tolist(), where)):
        inputs[place] = pixels
    labels = table["label"].to_numpy()[rows].astype(np.int64)
    return Examples(first_id + rows, inputs, labels)


def _pictures(table: pa.Table, rows: Iterable[int], where: Path) -> Iterator[np.ndarray]:
    """The pictures in some rows, uint8 (3, 32, 32) each."""
    pictures = table["img"].combine_chunks().field("bytes")
    for row in rows:
        try:
            yield _pixels(pictures[row].as_py())
        except Exception as error:  # a damaged picture makes its decoder raise nearly anything
            raise DataError(f"{where} has no 32×32 image in row {row} ({one_line(error)}): fetch it again") from None


def _pixels(encoded: bytes) -> np.ndarray:
    """(3, 32, 32) uint8, unpacked only once the size is known."""
    with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG")) as image:
        if image.size != (32, 32):
            raise ValueError(f"it has {image.width}×{image.height} pixels")
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1)
