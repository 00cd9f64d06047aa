"""Tensors and metadata in one safetensors file, sealed by a digest of every byte that matters."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from overparam.errors import ArtifactError
from overparam.io.files import write_atomically

ENTRY = "overparam"  # of the header: the digest, a space, the metadata


def write_sealed(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors and JSON metadata atomically; equal content gives equal bytes."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    text = json.dumps(metadata, sort_keys=True, allow_nan=False)
    # One entry holds all, since safetensors would write several in random order.
    header = {ENTRY: f"{_digest(tensors, text)} {text}"}
    write_atomically(path, lambda temporary: temporary.write_bytes(safetensors.torch.save(tensors, header)))


def read_sealed(path: Path, *, remedy: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata of a sealed file.

    Args:
        path: the file.
        remedy: what a user should do about a damaged one, for the error's sentence.

    Raises:
        ArtifactError: if the file is missing, truncated, altered in any byte, or not ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        seal, text = header[ENTRY].split(" ", 1)
    except FileNotFoundError:
        raise ArtifactError(f"there is no {path}: {remedy}") from None
    except KeyError:
        raise ArtifactError(f"{path} was not written by overparam: {remedy}") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"{path} is truncated or damaged ({error}): {remedy}") from None
    if _digest(tensors, text) != seal:
        raise ArtifactError(f"{path} is corrupt, its content does not match its own SHA-256: {remedy}")
    return tensors, json.loads(text)


def read_metadata(path: Path) -> dict[str, Any]:
    """A sealed file's metadata, its content unchecked; empty if there is no such file."""
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})[ENTRY].split(" ", 1)[1])
    except (SafetensorError, OSError, ValueError, LookupError):
        return {}


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """SHA-256 over metadata, names, formats, shapes and bytes, tensors in the order of their names."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
