"""Feature files: (examples, members, features) of one checkpoint, with the ids that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from overparam.errors import ArtifactError
from overparam.io.sealed import read_sealed, write_sealed

# Of each array: kinds of NumPy's, in words, and its axes.
KINDS = {
    "ids": ({"i": "whole numbers"}, ("examples",)),
    "epochs": ({"i": "whole numbers", "f": "numbers"}, ("members",)),
    "labels": ({"i": "whole numbers"}, ("examples",)),
    "heldout": ({"b": "booleans"}, ("examples",)),
    "features": ({"f": "numbers"}, ("examples", "members", "features")),
}
REMEDY = "delete what is there and extract the features again"


@dataclass(frozen=True)
class FeatureFile:
    """Features of every member of one checkpoint on the fit and the held-out examples.

    Attributes:
        features: (examples, members, features) float32.
        ids: (examples,) int64.
        labels: (examples,) int64.
        heldout: (examples,) bool.
        epochs: (members,) int64, how long each network was trained; those trained to the end stand first.
        metadata: provenance of this file and of the networks, as `networks.extract.describe` tells it.
    """

    features: np.ndarray
    ids: np.ndarray
    labels: np.ndarray
    heldout: np.ndarray
    epochs: np.ndarray
    metadata: Mapping[str, Any]


def write_features(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Write a feature file, atomically."""
    write_sealed(path, arrays, metadata)


def read_features(path: Path) -> FeatureFile:
    """Read a feature file.

    Raises:
        ArtifactError: if it is missing, truncated, altered or not ours.
    """
    arrays, metadata = read_sealed(path, remedy=REMEDY)
    names = {field.name for field in fields(FeatureFile)} - {"metadata"}
    if set(arrays) != names:
        raise ArtifactError(f"{path} holds no features, but other arrays: {REMEDY}")
    examples, members = len(np.atleast_1d(arrays["ids"])), len(np.atleast_1d(arrays["epochs"]))
    for name, (kinds, axes) in KINDS.items():
        array, shape = arrays[name], tuple({"examples": examples, "members": members}.get(axis) for axis in axes)
        alike = len(shape) == array.ndim and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
        if array.dtype.kind not in kinds or not alike or 0 in array.shape:
            belongs = f"{' or '.join(kinds.values())} ({', '.join(axes)})"
            raise ArtifactError(
                f"{path} holds {name} that are {array.dtype} of shape {array.shape} where {belongs} belong: {REMEDY}"
            )
    return FeatureFile(**arrays, metadata=metadata)
