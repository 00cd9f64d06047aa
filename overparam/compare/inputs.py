"""Networks of one's own: from arrays of features, or the files that hold them, to replicates that can be measured."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from overparam.errors import ArtifactError, MeasurementError, SpecError
from overparam.io.arrays import read_array
from overparam.metrics.blocks import Blocks
from overparam.metrics.rows import check_features, number_classes, plain_array, rows_of
from overparam.study.feature_blocks import M_1, M_1_PRIME, S, S_matched, S_prime
from overparam.study.layout import Replicate


@dataclass(frozen=True)
class NetworkFeatures:
    """Features of the networks of one replicate, on the same examples in the same order.

    Attributes:
        wide: (examples, features) of M_1.
        baseline: (examples, features) of M_1′, as wide as M_1.
        narrow: U, 2U or U² arrays (examples, features / U), one a network M_α with α = 1/U, of any widths 1/U. The
            first U of a width make S_α, the next U make S_α′, and U² make S_α^(1/α²).
        ids: by name of a network, as in `named`, (examples,) whole numbers or text that say what each of its rows is.
        labels: by name of a network, (examples,) labels of its rows, as they were extracted with its features.
    """

    wide: np.ndarray
    baseline: np.ndarray
    narrow: Sequence[np.ndarray]
    ids: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)

    def named(self) -> dict[str, np.ndarray]:
        """Give every network's features by the name of its file."""
        narrow = {f"narrow-{k}": array for k, array in enumerate(self.narrow)}
        return {"wide": self.wide, "baseline": self.baseline, **narrow}

    def by_width(self) -> dict[Fraction, list[np.ndarray]]:
        """Give narrow networks by α, the share of M_1's features that each of them has, from the widest down."""
        wide = self.wide.shape[1]
        widths = sorted({features.shape[1] for features in self.narrow}, reverse=True)
        return {Fraction(width, wide): [f for f in self.narrow if f.shape[1] == width] for width in widths}


def read_folder(folder: Path) -> tuple[dict[str, NetworkFeatures], Path | None]:
    """Replicates by name, and the file of labels if there is one.

        FOLDER/labels.npy                     (examples,), as `number_classes` takes them
        FOLDER/r0/wide.npy                    (examples, features) of M_1
        FOLDER/r0/baseline.npy                of M_1′, as wide as M_1
        FOLDER/r0/narrow-0.npy, narrow-1.npy  of U, 2U or U² networks M_α of a width, in any order of widths
        FOLDER/r1/...                         other networks from seeds of their own, on the same examples

    Any file may be of any kind that `read_array` reads, and have ids and labels of its rows beside it, as
    `read_networks` takes them. Other files, such as DVC's ``wide.npy.dvc``, are let be.

    Raises:
        ArtifactError: if there is no replicate, or a file is missing, damaged or there twice.
    """
    places = _by_number(place for place in folder.glob("r[0-9]*") if place.is_dir())
    if not places:
        raise ArtifactError(f"there is no replicate in {folder}: make a folder {folder / 'r0'} with wide.npy and so on")
    replicates = {
        place.name: read_networks(
            _only(place, "wide"),
            _only(place, "baseline"),
            [_only(place, path.stem) for path in _by_number(place.glob("narrow-*.*")) if "." not in path.stem],
        )
        for place in places
    }
    return replicates, _only(folder, "labels") if _named(folder, "labels") else None


def read_networks(wide: Path, baseline: Path, narrow: Sequence[Path]) -> NetworkFeatures:
    """Features of one replicate; and ids and labels of a file's rows, as far as they lie beside it.

    Beside ``wide.npy`` these are ``wide.ids.npy`` and ``wide.labels.npy``, (examples,) each.

    Raises:
        ArtifactError: if a file is missing, damaged or there twice.
    """
    paths = {"wide": wide, "baseline": baseline, **{f"narrow-{k}": path for k, path in enumerate(narrow)}}
    arrays = [read_array(path) for path in paths.values()]
    beside = {
        what: {name: array for name, path in paths.items() if (array := read_beside(path, what)) is not None}
        for what in ("ids", "labels")
    }
    return NetworkFeatures(arrays[0], arrays[1], arrays[2:], **beside)


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


def build_replicates(
    networks: Mapping[str, NetworkFeatures], classes: np.ndarray | None, heldout: np.ndarray
) -> list[Replicate]:
    """Lay out networks as `Replicate.of` does, but without S_α′ where there are only U narrow ones.

    Args:
        networks: by name of the replicate.
        classes: (examples,) from 0, or None where they are not known.
        heldout: (examples,) bool.

    Raises:
        MeasurementError: if features are no finite numbers (examples, features) of these examples, S_α or M_1′ has
            not as many as M_1, or a network appears twice.
    """
    owner: dict[str, str] = {}
    for where, features in named_features(networks).items():
        check_features(where, features, len(heldout))
        digest = digest_array(features.astype(np.float64) + 0.0)  # copies as another type, or of −0, are copies
        if owner.setdefault(digest, where) != where and np.ptp(features, axis=0).any():  # dead networks are alike
            raise MeasurementError(
                f"{where} has the very features of {owner[digest]}: copies tell nothing, give networks from own seeds"
            )
    return [_lay_out(replicate, members, classes, heldout) for replicate, members in networks.items()]


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


def classes_of(networks: Mapping[str, NetworkFeatures], labels: np.ndarray | None, count: int) -> np.ndarray | None:
    """Classes from 0, (examples,): of ``labels``, else of the first that lie beside features; None without either.

    Raises:
        MeasurementError: as `number_classes`.
    """
    found = [labels] if labels is not None else [*beside_features(networks, "labels").values()]
    return number_classes(found[0], count) if found else None


def digest_array(array: np.ndarray) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _lay_out(replicate: str, members: NetworkFeatures, classes: np.ndarray | None, heldout: np.ndarray) -> Replicate:
    wide = members.wide.shape[1]
    if members.baseline.shape[1] != wide:
        raise MeasurementError(
            f"baseline of {replicate} has {members.baseline.shape[1]} features where wide has {wide}: "
            "the comparison needs equal numbers"
        )
    if not members.narrow:
        raise MeasurementError(f"{replicate} has no narrow networks: give two or more of one width")
    arrays = {M_1: members.wide, M_1_PRIME: members.baseline}
    by_width = members.by_width()
    for alpha, narrow in by_width.items():
        U, features = alpha.denominator, narrow[0].shape[1]
        if alpha.numerator != 1 or alpha == 1:
            raise MeasurementError(
                f"narrow networks of {replicate} have {features} features where wide has {wide}: "
                "two or more of one width must have just as many together"
            )
        if len(narrow) not in (U, 2 * U, U * U):
            raise MeasurementError(
                f"narrow networks of {replicate} have {len(narrow)} × {features} features where wide has {wide}: "
                f"give {U} of them, {2 * U} to hold as many out, or {U * U} for as many parameters"
            )
        arrays[S(alpha)] = np.hstack(narrow[:U])
        if len(narrow) > U:
            arrays[S_prime(alpha)] = np.hstack(narrow[U : 2 * U])
        if len(narrow) == U * U:
            arrays[S_matched(alpha)] = np.hstack(narrow)
    return Replicate(Blocks(arrays, np.arange(len(heldout)), classes, heldout), tuple(by_width), ())


def split_examples(heldout: float | np.ndarray, count: int, seed: int) -> np.ndarray:
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
