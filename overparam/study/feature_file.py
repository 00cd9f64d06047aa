"""Feature files: (examples, members, features) of one checkpoint, with the ids that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from overparam.errors import ArtifactError
from overparam.io.sealed import read_sealed, write_sealed

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
    return FeatureFile(**arrays, metadata=metadata)
