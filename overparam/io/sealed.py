"""Arrays and metadata in one safetensors file, sealed by a digest of every byte that matters."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from overparam.errors import ArtifactError
from overparam.io.files import write_atomically

ENTRY = "overparam"  # of the header: the digest, a space, the metadata


def write_sealed(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Write arrays and JSON metadata atomically; equal content gives equal bytes."""
    arrays = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    text = json.dumps(metadata, sort_keys=True, allow_nan=False)
    # One entry holds all, since safetensors would write several in random order.
    header = {ENTRY: f"{_digest(arrays, text)} {text}"}
    write_atomically(path, lambda temporary: temporary.write_bytes(safetensors.numpy.save(arrays, header)))


def read_sealed(path: Path, *, remedy: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and metadata of a sealed file.

    Args:
        path: the file.
        remedy: what a user should do about a damaged one, for the error's sentence.

    Raises:
        ArtifactError: if the file is missing, truncated, altered in any byte, or not ours.
    """
    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        seal, text = header[ENTRY].split(" ", 1)
    except FileNotFoundError:
        raise ArtifactError(f"there is no {path}: {remedy}") from None
    except KeyError:
        raise ArtifactError(f"{path} was not written by overparam: {remedy}") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"{path} is truncated or damaged ({error}): {remedy}") from None
    if _digest(arrays, text) != seal:
        raise ArtifactError(f"{path} is corrupt, its content does not match its own SHA-256: {remedy}")
    return arrays, json.loads(text)


def read_metadata(path: Path) -> dict[str, Any]:
    """A sealed file's metadata, its content unchecked; empty if there is no such file."""
    try:
        with safe_open(path, framework="np") as file:
            return json.loads((file.metadata() or {})[ENTRY].split(" ", 1)[1])
    except (SafetensorError, OSError, ValueError, LookupError):
        return {}


def _digest(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """SHA-256 over metadata, names, formats, shapes and bytes, arrays in the order of their names."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        value = arrays[name]
        digest.update(f"{name} torch.{value.dtype} {value.shape}".encode())  # so named since the first of such files
        digest.update(value.tobytes())
    return digest.hexdigest()
