"""Networks of one's own: from arrays of features, or the files that hold them, to replicates that can be measured."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from overparam.arrays import read_array
from overparam.blocks import Blocks
from overparam.errors import ArtifactError, MeasurementError, SpecError
from overparam.quantities import M_1, M_1_PRIME, S, S_matched, S_prime
from overparam.replicates import Replicate


@dataclass(frozen=True)
class NetworkFeatures:
    """Features of the networks of one replicate, on the same examples in the same order.

    Attributes:
        wide: (examples, features) of M_1.
        baseline: (examples, features) of M_1′, as wide as M_1.
        narrow: U, 2U or U² arrays (examples, features / U), one a network M_α with α = 1/U, of any widths 1/U. The
            first U of a width make S_α, the next U make S_α′, and U² make S_α^(1/α²).
    """

    wide: np.ndarray
    baseline: np.ndarray
    narrow: Sequence[np.ndarray]

    def named(self) -> dict[str, np.ndarray]:
        """Every network's features by the name of its file."""
        narrow = {f"narrow-{k}": array for k, array in enumerate(self.narrow)}
        return {"wide": self.wide, "baseline": self.baseline, **narrow}

    def by_width(self) -> dict[Fraction, list[np.ndarray]]:
        """Narrow networks by α, the share of M_1's features that each of them has, from the widest down."""
        wide = self.wide.shape[1]
        widths = sorted({features.shape[1] for features in self.narrow}, reverse=True)
        return {Fraction(width, wide): [f for f in self.narrow if f.shape[1] == width] for width in widths}


def read_folder(folder: Path) -> tuple[dict[str, NetworkFeatures], np.ndarray | None]:
    """Replicates by name, and labels if there are any.

        FOLDER/labels.npy                     (examples,), whole numbers
        FOLDER/r0/wide.npy                    (examples, features) of M_1
        FOLDER/r0/baseline.npy                of M_1′, as wide as M_1
        FOLDER/r0/narrow-0.npy, narrow-1.npy  of U, 2U or U² networks M_α of a width, in any order of widths
        FOLDER/r1/...                         other networks from seeds of their own, on the same examples

    Any file may be of any kind that `read_array` reads.

    Raises:
        ArtifactError: if there is no replicate, or a file is missing, damaged or there twice.
    """
    places = _by_number(place for place in folder.glob("r[0-9]*") if place.is_dir())
    if not places:
        raise ArtifactError(f"there is no replicate in {folder}: make a folder {folder / 'r0'} with wide.npy and so on")
    replicates = {
        place.name: NetworkFeatures(
            read_array(_only(place, "wide")),
            read_array(_only(place, "baseline")),
            [read_array(path) for path in _by_number(place.glob("narrow-*"))],
        )
        for place in places
    }
    labelled = any(folder.glob("labels.*"))
    return replicates, read_array(_only(folder, "labels")) if labelled else None


def _only(folder: Path, name: str) -> Path:
    found = sorted(folder.glob(f"{name}.*"))
    if len(found) != 1:
        raise ArtifactError(f"{folder} has {len(found)} files {name}.* where one belongs, such as {name}.npy")
    return found[0]


def _by_number(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: (len(path.stem), path.name))


def build_replicates(
    networks: Mapping[str, NetworkFeatures], classes: np.ndarray, heldout: np.ndarray
) -> list[Replicate]:
    """Lay out networks as `Replicate.of` does, but without S_α′ where there are only U narrow ones.

    Args:
        networks: by name of the replicate.
        classes: (examples,) from 0.
        heldout: (examples,) bool.

    Raises:
        MeasurementError: if features are no finite numbers (examples, features) of these examples, S_α or M_1′ has
            not as many as M_1, or a network appears twice.
    """
    owner: dict[str, str] = {}
    for where, features in named_features(networks).items():
        _check_features(where, features, len(classes))
        digest = digest_array(features)
        if owner.setdefault(digest, where) != where and np.ptp(features, axis=0).any():  # dead networks are alike
            raise MeasurementError(
                f"{where} has the very features of {owner[digest]}: give networks from seeds of their own"
            )
    return [_lay_out(replicate, members, classes, heldout) for replicate, members in networks.items()]


def named_features(networks: Mapping[str, NetworkFeatures]) -> dict[str, np.ndarray]:
    """Every network's features, by a name such as "wide of r0"."""
    return {
        f"{name} of {replicate}": features
        for replicate, members in networks.items()
        for name, features in members.named().items()
    }


def digest_array(array: np.ndarray) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _check_features(where: str, features: np.ndarray, count: int) -> None:
    if features.dtype.kind not in "fiu" or features.ndim != 2 or 0 in features.shape:
        raise MeasurementError(
            f"{where} is {features.dtype} of shape {features.shape} where numbers (examples, features) belong"
        )
    if len(features) != count:
        raise MeasurementError(f"{where} has {len(features)} rows for {count} examples: align them")
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise MeasurementError(f"{where} has features that are NaN or infinite, first in row {np.argmin(finite)}")


def _lay_out(replicate: str, members: NetworkFeatures, classes: np.ndarray, heldout: np.ndarray) -> Replicate:
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
    return Replicate(Blocks(arrays, np.arange(len(classes)), classes, heldout), tuple(by_width), ())


def split_examples(heldout: float | np.ndarray, count: int, seed: int) -> np.ndarray:
    """Which examples are held out, (examples,) bool.

    Args:
        heldout: their share, drawn with ``seed``; or (examples,) bool; or their row numbers.
        count: number of examples.
        seed: of the draw.

    Raises:
        SpecError: if the share does not lie between 0 and 1.
        MeasurementError: for an array that is neither.
    """
    if isinstance(heldout, int | float):
        if not 0 < heldout < 1:
            raise SpecError(f"the held-out share {heldout:g} does not lie between 0 and 1")
        heldout = np.random.default_rng(seed).permutation(count)[: round(heldout * count)]
    if heldout.dtype == bool and heldout.shape == (count,):
        return heldout
    numbers = heldout.dtype.kind in "iu" and heldout.ndim == 1
    if not numbers or not np.isin(heldout, np.arange(count)).all() or len(np.unique(heldout)) < len(heldout):
        raise MeasurementError(
            f"held-out examples are {heldout.dtype} of shape {heldout.shape}: give ({count},) booleans, "
            f"or row numbers from 0 to {count - 1}, each once"
        )
    return np.isin(np.arange(count), heldout)


def number_classes(labels: np.ndarray, count: int) -> np.ndarray:
    """Labels as classes numbered from 0, (examples,).

    Raises:
        MeasurementError: if labels are not ``count`` whole numbers.
    """
    if labels.dtype.kind not in "iub" or labels.shape != (count,):
        raise MeasurementError(
            f"labels are {labels.dtype} of shape {labels.shape} where ({count},) whole numbers belong"
        )
    return np.unique(labels, return_inverse=True)[1]
