"""From networks and data to features: (examples, members, features) with the ids they belong to."""

import hashlib
from typing import Any

import numpy as np

from overparam.data import Dataset
from overparam.data.word_baselines import word_baselines
from overparam.networks.checkpoints import Provenance
from overparam.networks.ensemble import split_state, stream
from overparam.networks.registry import Network

BATCH = 50  # examples at a time: few enough that feature maps stay in a core's cache


def extract(network: Network, dataset: Dataset, *, precision: str) -> dict[str, np.ndarray]:
    """Features of every member on the fit examples, then on the held-out ones, without augmentation.

    Returns:
        The arrays of a `study.feature_file.FeatureFile`, but for the networks' epochs.
    """
    parts = (dataset.fit, dataset.heldout)
    streamed = [
        features.transpose(0, 1).cpu().numpy()  # (batch, members, features)
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
    """SHA-256 of each member's weights: members with equal digests are the same network."""
    digests = []
    for state in split_state(network.state_dict(), network.members):
        digest = hashlib.sha256()
        for name in sorted(state):
            digest.update(state[name].float().cpu().contiguous().numpy().tobytes())
        digests.append(digest.hexdigest())
    return digests


def describe(network: Network, provenance: Provenance, dataset: Dataset) -> dict[str, Any]:
    """What a feature file says of its networks and their data: lists have an entry a network, as in `Provenance`."""
    wide_of_sentences = dataset.tokenizer and provenance.alpha == "1"
    return {
        "parameters": sum(p.numel() for p in network.parameters()) // network.members,
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
