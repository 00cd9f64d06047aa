"""Networks of one's own: their features as arrays, or in the files that hold them, with what lies beside these."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from overparam.compare.fit import read_fit
from overparam.errors import ArtifactError, SpecError
from overparam.io.arrays import read_array
from overparam.metrics.rows import Array, Column, number_classes, plain_array, rows_of


@dataclass(frozen=True, init=False)
class NetworkFeatures:
    """Features of the networks of one replicate, on the same examples in the same order.

    Arrays are of NumPy, or what NumPy makes arrays of: memory maps, tensors, data frames.

    Attributes:
        wide: (examples, features) of M_1.
        baseline: (examples, features) of M_1′, as wide as M_1; None where there is none.
        narrow: arrays (examples, fewer features), one a network M_α, of any widths α. With U = 1/α rounded up, the
            first U of a width make S_α, the next U make S_α′, and 1/α² make S_α^(1/α²).
        ids: by name of a network, as in `named`, (examples,) whole numbers or text that say what each of its rows is.
        labels: by name of a network, (examples,) labels of its rows, as they were extracted with its features.
        train_accuracy: by name of a network, in [0, 1], as far as known.

    Raises:
        MeasurementError: for what cannot be made an array.
    """

    wide: np.ndarray
    baseline: np.ndarray | None
    narrow: Sequence[np.ndarray]
    ids: Mapping[str, Column]
    labels: Mapping[str, Column]
    train_accuracy: Mapping[str, float]

    def __init__(
        self,
        wide: Array,
        baseline: Array | None,
        narrow: Sequence[Array],
        ids: Mapping[str, Column] = MappingProxyType({}),
        labels: Mapping[str, Column] = MappingProxyType({}),
        train_accuracy: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        plain = None if baseline is None else plain_array(baseline)
        given = {"wide": plain_array(wide), "baseline": plain, "narrow": [plain_array(array) for array in narrow]}
        for name, value in {**given, "ids": ids, "labels": labels, "train_accuracy": train_accuracy}.items():
            object.__setattr__(self, name, value)

    def named(self) -> dict[str, np.ndarray]:
        """Give every network's features by the name of its file."""
        baseline = {} if self.baseline is None else {"baseline": self.baseline}
        return {"wide": self.wide, **baseline, **{f"narrow-{k}": array for k, array in enumerate(self.narrow)}}

    def by_width(self) -> dict[Fraction, list[np.ndarray]]:
        """Give narrow networks by α, the share of M_1's features that each of them has, from the widest down."""
        wide = self.wide.shape[1]
        widths = sorted({features.shape[1] for features in self.narrow}, reverse=True)
        return {Fraction(width, wide): [f for f in self.narrow if f.shape[1] == width] for width in widths}

    def train_accuracies(self, alpha: Fraction) -> list[float]:
        """Give those of the networks of one width, M_1 and M_1′ for α = 1, in their order; NaN where not known."""
        width = alpha * self.wide.shape[1]
        names = [name for name, features in self.named().items() if features.shape[1] == width]
        return [float(self.train_accuracy.get(name, np.nan)) for name in names]


def read_folder(folder: Path) -> tuple[dict[str, NetworkFeatures], Path | None]:
    """Replicates by name, and the file of labels if there is one.

        FOLDER/labels.npy                     (examples,), as `number_classes` takes them
        FOLDER/r0/wide.npy                    (examples, features) of M_1
        FOLDER/r0/baseline.npy                of M_1′, as wide as M_1, if there is one
        FOLDER/r0/narrow-0.npy, narrow-1.npy  of networks M_α, in any order of widths
        FOLDER/r0/meta.json                   how well they fit, if known, as `read_fit` reads it
        FOLDER/r1/...                         other networks from seeds of their own, on the same examples

    Any file may be of any kind that `read_array` reads, and have ids and labels of its rows beside it, as
    `read_networks` takes them. Other files, such as DVC's ``wide.npy.dvc``, are let be.

    Raises:
        ArtifactError: if there is no replicate, or a file is missing, damaged or there twice.
    """
    places = _by_number(place for place in folder.glob("r[0-9]*") if place.is_dir())
    if not places:
        raise ArtifactError(f"there is no replicate in {folder}: make a folder {folder / 'r0'} with wide.npy and so on")
    replicates = {place.name: _read_replicate(place) for place in places}
    return replicates, _only(folder, "labels") if _named(folder, "labels") else None


def _read_replicate(place: Path) -> NetworkFeatures:
    narrow = [_only(place, path.stem) for path in _by_number(place.glob("narrow-*.*")) if "." not in path.stem]
    called = {"wide": "wide", "baseline": "baseline", **{path.stem: f"narrow-{k}" for k, path in enumerate(narrow)}}
    train_accuracy = read_fit(place / "meta.json")
    if unknown := [name for name in train_accuracy if name not in called]:
        raise ArtifactError(f"{place / 'meta.json'} tells of {unknown[0]}, of which {place} has no features: rename it")
    return read_networks(
        _only(place, "wide"),
        _only(place, "baseline") if _named(place, "baseline") else None,
        narrow,
        {called[name]: accuracy for name, accuracy in train_accuracy.items()},
    )


def read_networks(
    wide: Path,
    baseline: Path | None,
    narrow: Sequence[Path],
    train_accuracy: Mapping[str, float] = MappingProxyType({}),
) -> NetworkFeatures:
    """Features of one replicate; and ids and labels of a file's rows, as far as they lie beside it.

    Beside ``wide.npy`` these are ``wide.ids.npy`` and ``wide.labels.npy``, (examples,) each.

    Raises:
        ArtifactError: if a file is missing, damaged or there twice.
    """
    others = {f"narrow-{k}": path for k, path in enumerate(narrow)}
    paths = {"wide": wide, **({} if baseline is None else {"baseline": baseline}), **others}
    arrays = {name: read_array(path) for name, path in paths.items()}
    beside = {
        what: {name: array for name, path in paths.items() if (array := read_beside(path, what)) is not None}
        for what in ("ids", "labels")
    }
    narrow_arrays = [arrays[name] for name in others]
    return NetworkFeatures(
        arrays["wide"], arrays.get("baseline"), narrow_arrays, **beside, train_accuracy=train_accuracy
    )


def read_beside(path: Path, what: str) -> np.ndarray | None:
    """The array in ``NAME.what.npy``, or in another file that can be read, beside ``NAME.npy``; None if there is none.

    Raises:
        ArtifactError: if it is damaged or there twice.
    """
    name = f"{path.stem}.{what}"
    return read_array(_only(path.parent, name)) if _named(path.parent, name) else None


def _only(folder: Path, name: str) -> Path:
    found = _named(folder, name)
    if len(found) != 1:
        raise ArtifactError(f"{folder} has {len(found)} files {name}.* where one belongs, such as {name}.npy")
    return found[0]


def _named(folder: Path, name: str) -> list[Path]:
    """Files of that very name, whatever their suffix."""
    return [path for path in folder.iterdir() if path.stem == name and path.suffix]


def _by_number(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: (len(path.stem), path.name))


def named_features(networks: Mapping[str, NetworkFeatures]) -> dict[str, np.ndarray]:
    """Every network's features, by a name such as "wide of r0"."""
    return {
        f"{name} of {replicate}": features
        for replicate, members in networks.items()
        for name, features in members.named().items()
    }


def beside_features(networks: Mapping[str, NetworkFeatures], what: Literal["ids", "labels"]) -> dict[str, np.ndarray]:
    """Ids or labels of the rows of those networks that have any, by a name such as "wide of r0"."""
    return {
        f"{name} of {replicate}": plain_array(values)
        for replicate, members in networks.items()
        for name, values in getattr(members, what).items()
    }


def classes_of(networks: Mapping[str, NetworkFeatures], labels: Column | None, count: int) -> np.ndarray | None:
    """Classes from 0, (examples,): of ``labels``, else of the first that lie beside features; None without either.

    Raises:
        MeasurementError: as `number_classes`.
    """
    found = [labels] if labels is not None else [*beside_features(networks, "labels").values()]
    return number_classes(found[0], count) if found else None


def digest_array(array: np.ndarray) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def split_examples(heldout: float | Column, count: int, seed: int) -> np.ndarray:
    """Which examples are held out, (examples,) bool.

    Args:
        heldout: their share, drawn with ``seed``; or which they are, as `rows_of` takes them.
        count: number of examples.
        seed: of the draw.

    Raises:
        SpecError: if the share does not lie between 0 and 1.
        MeasurementError: for an array that is neither.
    """
    if isinstance(heldout, float | int | np.number):
        share = float(heldout)
        if not 0 < share < 1:
            raise SpecError(f"the held-out share {share:g} does not lie between 0 and 1")
        drawn = np.random.default_rng(seed).permutation(count)[: round(share * count)]
        return np.isin(np.arange(count), drawn)
    return rows_of(heldout, count)


def heldout_of(text: str) -> float | np.ndarray:
    """A share of the examples, or the array of a file that says which they are: what `split_examples` takes.

    Raises:
        SpecError: for a file of no known kind.
        ArtifactError: if it is missing or damaged.
    """
    try:
        return float(text)
    except ValueError:
        return read_array(Path(text))
