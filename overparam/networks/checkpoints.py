"""Checkpoints: all members of one ensemble in one file, with provenance, verified on load."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor

from overparam.config.entries import STRICT
from overparam.config.studies import parse_alpha
from overparam.errors import ArtifactError, SpecError
from overparam.io.sealed import read_sealed, write_sealed
from overparam.networks.registry import Network, build

REMEDY = "get it with `dvc pull --allow-missing`, or delete what is there and train it again"


@dataclass(frozen=True)
class Provenance:
    """Where weights come from: everything needed to make them again, and how well they do.

    ``identity`` digests what the networks are (spec, seeds, data), ``key`` also what made them (code, device, library
    versions). The networks trained to the end stand first; after them M_1′ as it was after earlier epochs. ``seeds``,
    ``epochs`` trained and accuracies (shares in [0, 1]) have an entry a network; ``history`` holds mean training loss
    and accuracy of each epoch, (epochs, members).
    """

    __pydantic_config__ = STRICT

    identity: str
    key: str
    task: str
    arch: str
    alpha: str
    replicate: int
    base_width: int
    channels: int
    classes: int
    seeds: list[int]
    epochs: list[float]
    recipe: Mapping[str, Any]
    data: Mapping[str, Any]
    environment: Mapping[str, str]
    train_accuracy: list[float]
    heldout_accuracy: list[float]
    history: Mapping[str, Any]


def save_checkpoint(path: Path, network: Network, provenance: Provenance, dtype: str) -> None:
    """Write the network's state, floating-point tensors in ``dtype``, atomically."""
    chosen, state = getattr(torch, dtype), network.state_dict()
    stored = {name: value.to(chosen) if value.is_floating_point() else value for name, value in state.items()}
    write_sealed(path, as_arrays(stored), asdict(provenance))


def load_checkpoint(path: Path) -> tuple[Network, Provenance]:
    """Load the network, in float32, and its provenance.

    Raises:
        ArtifactError: if the file is missing, truncated, altered in any byte, or not a checkpoint of ours.
    """
    state, metadata = read_sealed(path, remedy=REMEDY)
    try:
        TypeAdapter(Provenance).validate_json(json.dumps(metadata))
        provenance = Provenance(**metadata)  # as it was written: 4 epochs are not 4.0
        _check_sizes(provenance, state)
        network = build(
            provenance.arch,
            Fraction(provenance.alpha),
            len(provenance.seeds),
            base_width=provenance.base_width,
            channels=provenance.channels,
            classes=provenance.classes,
        )
        network.load_state_dict(as_tensors(state))
    except (TypeError, RuntimeError, ValueError, SpecError):
        raise ArtifactError(f"{path} is no checkpoint of this version of overparam: {REMEDY}") from None
    return network.to(memory_format=torch.channels_last), provenance  # pyright: ignore[reportCallIssue]


def _check_sizes(provenance: Provenance, state: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError if networks are said to be larger than what is there of them: nothing so large is built."""
    largest = max((array.size for array in state.values()), default=0)
    width = len(provenance.seeds) * provenance.base_width * parse_alpha(provenance.alpha)
    if not min(width, provenance.channels, provenance.classes) > 0:
        raise ValueError("networks without width, channels or classes")
    if max(width, provenance.channels, provenance.classes) > largest:
        raise ValueError("networks larger than their arrays")


def as_arrays(state: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """What is written of a state; equal values give equal arrays, wherever and in whatever order they lie in memory."""
    return {name: value.detach().cpu().contiguous().numpy() for name, value in state.items()}


def as_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """The state that was written."""
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
