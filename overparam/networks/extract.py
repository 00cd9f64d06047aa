"""From networks and data to feature files: (examples, copies, features) with the ids they belong to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from overparam.data import Dataset
from overparam.data.word_baselines import word_baselines
from overparam.errors import ArtifactError
from overparam.io.sealed import read_sealed, write_sealed
from overparam.networks.checkpoints import Provenance
from overparam.networks.ensemble import split_state, stream
from overparam.networks.registry import Network

REMEDY = "delete what is there and extract the features again"
BATCH = 50  # examples at a time: few enough that feature maps stay in a core's cache


@dataclass(frozen=True)
class FeatureFile:
    """Features of every copy of one checkpoint on the fit and the held-out examples.

    Attributes:
        features: (examples, copies, features) float32.
        ids: (examples,) int64.
        labels: (examples,) int64.
        heldout: (examples,) bool.
        epochs: (copies,) int64, how long each network was trained; those trained to the end stand first.
        metadata: provenance of this file and of the networks, as `describe` tells it.
    """

    features: np.ndarray
    ids: np.ndarray
    labels: np.ndarray
    heldout: np.ndarray
    epochs: np.ndarray
    metadata: Mapping[str, Any]


def extract(network: Network, dataset: Dataset, *, precision: str) -> dict[str, np.ndarray]:
    """Features of every copy on the fit examples, then on the held-out ones, without augmentation.

    Returns:
        The arrays of a `FeatureFile`, but for the networks' epochs.
    """
    parts = (dataset.fit, dataset.heldout)
    streamed = [
        features.transpose(0, 1).cpu().numpy()  # (batch, copies, features)
        for part in parts
        for features, _ in stream(network, part, dataset.normalisation, batch_size=BATCH, precision=precision)
    ]
    return {
        "features": np.concatenate(streamed),
        "ids": np.concatenate([part.ids for part in parts]),
        "labels": np.concatenate([part.labels for part in parts]),
        "heldout": np.repeat([False, True], [len(part) for part in parts]),
    }


def weight_digests(network: Network) -> list[str]:
    """SHA-256 of each copy's weights: copies with equal digests are the same network."""
    digests = []
    for state in split_state(network.state_dict(), network.copies):
        digest = hashlib.sha256()
        for name in sorted(state):
            digest.update(state[name].float().cpu().contiguous().numpy().tobytes())
        digests.append(digest.hexdigest())
    return digests


def describe(network: Network, provenance: Provenance, dataset: Dataset) -> dict[str, Any]:
    """What a feature file says of its networks and their data: lists have an entry a network, as in `Provenance`."""
    wide_of_sentences = dataset.tokenizer and provenance.alpha == "1"
    return {
        "parameters": sum(p.numel() for p in network.parameters()) // network.copies,
        "seeds": provenance.seeds,
        "train_accuracy": provenance.train_accuracy,
        "heldout_accuracy": provenance.heldout_accuracy,
        "history": provenance.history,
        "environment": provenance.environment,
        "recipe": provenance.recipe,
        "data": {
            **provenance.data,
            "fit_examples": len(dataset.fit),
            "heldout_examples": len(dataset.heldout),
            "majority_share": float(np.bincount(dataset.heldout.labels).max() / len(dataset.heldout)),
            **({"word_baselines": word_baselines(dataset)} if wide_of_sentences else {}),
        },
    }


def write_features(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Write a feature file, atomically."""
    write_sealed(path, {name: torch.from_numpy(array) for name, array in arrays.items()}, metadata)


def read_features(path: Path) -> FeatureFile:
    """Read a feature file.

    Raises:
        ArtifactError: if it is missing, truncated, altered or not ours.
    """
    tensors, metadata = read_sealed(path, remedy=REMEDY)
    arrays = {field.name for field in fields(FeatureFile)} - {"metadata"}
    if set(tensors) != arrays:
        raise ArtifactError(f"{path} holds no features, but other arrays: {REMEDY}")
    return FeatureFile(**{name: tensors[name].numpy() for name in arrays}, metadata=metadata)
