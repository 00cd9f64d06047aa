"""Arrays and metadata in one safetensors file, sealed by a digest of every byte that matters."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from overparam.errors import ArtifactError
from overparam.io.files import write_atomically
from overparam.io.reading import check_growth, one_line, opened, parse_json

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
        with opened(path) as plain:
            size = os.fstat(plain.fileno()).st_size
        check_growth(size, size)
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        seal, text = header[ENTRY].split(" ", 1)
    except FileNotFoundError:
        raise ArtifactError(f"there is no {path}: {remedy}") from None
    except KeyError:
        raise ArtifactError(f"{path} was not written by overparam: {remedy}") from None
    except (SafetensorError, OSError, ValueError, AttributeError, TypeError) as error:  # kinds that NumPy has not
        raise ArtifactError(f"{path} is truncated or damaged ({one_line(error)}): {remedy}") from None
    if _digest(arrays, text) != seal:
        raise ArtifactError(f"{path} is corrupt, its content does not match its own SHA-256: {remedy}")
    try:
        return arrays, _metadata(text)
    except ValueError as error:
        raise ArtifactError(
            f"{path} says nothing that can be read of its arrays ({one_line(error)}): {remedy}"
        ) from None


def read_metadata(path: Path) -> dict[str, Any]:
    """A sealed file's metadata, its content unchecked; empty if there is no such file."""
    try:
        with opened(path), safe_open(path, framework="np") as file:
            return _metadata((file.metadata() or {})[ENTRY].split(" ", 1)[1])
    except (SafetensorError, OSError, ValueError, LookupError):
        return {}


def _metadata(text: str) -> dict[str, Any]:
    metadata = parse_json(text)
    if not isinstance(metadata, dict):
        raise ValueError("it is no object of JSON")
    return metadata


def _digest(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """SHA-256 over metadata, names, formats, shapes and bytes, arrays in the order of their names."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        value = arrays[name]
        digest.update(f"{name} torch.{value.dtype} {value.shape}".encode())  # so named since the first of such files
        digest.update(value.tobytes())
    return digest.hexdigest()
