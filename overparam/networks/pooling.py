"""From what a layer gives to features, one row an example."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from overparam.errors import MeasurementError

Pool = Literal["mean", "cls", "last", "flatten"] | Callable[[Tensor], Tensor]
Precision = Literal["float16", "float32", "float64"]


def pool_output(output: Any, layer: str, pool: Pool | None, mask: Tensor | None, dtype: Precision) -> Tensor:
    """(examples, features) on the CPU, in memory of its own.

    Args:
        output: of a layer: a tensor, or a tuple or mapping whose first entry is one, as layers of transformers give.
        layer: its name.
        pool: as `overparam.extract_features` takes it.
        mask: (examples, tokens) bool, False for padding; None where there is none.
        dtype: of the result.

    Raises:
        MeasurementError: if it cannot be pooled so.
    """
    tensor = _first_tensor(output)
    if tensor is None:
        raise MeasurementError(f"layer {layer!r} gives a {type(output).__name__}, not a tensor: name another layer")
    shape = tuple(tensor.shape)
    if callable(pool):
        pooled = pool(tensor)
        if not isinstance(pooled, Tensor) or pooled.ndim != 2:
            raise MeasurementError(f"pool makes no (examples, features) of what layer {layer!r} gives, {shape}")
    elif pool == "flatten" and tensor.ndim > 1:
        pooled = tensor.flatten(1)
    elif tensor.ndim == 2:
        pooled = tensor
    elif tensor.ndim == 3 and pool in ("mean", "cls", "last"):
        pooled = _of_tokens(tensor, layer, pool, mask)
    elif tensor.ndim > 3 and pool in (None, "mean"):
        pooled = tensor.flatten(2).mean(dim=2, dtype=_summed_in(tensor))
    else:
        raise MeasurementError(
            f"layer {layer!r} gives shape {shape} where (examples, features) or (examples, channels, height, width) "
            "belongs: name a layer after pooling, or say what to make of it by pool=, of (examples, tokens, features) "
            "'mean', 'cls' or 'last'"
        )
    rows = pooled.to("cpu", getattr(torch, dtype), copy=True)
    if dtype == "float16" and rows.isinf().any() and not pooled.isinf().any():
        raise MeasurementError(
            f"layer {layer!r} gives numbers up to {pooled.abs().max():g}, which float16 has not: choose float32"
        )
    return rows


def _of_tokens(tensor: Tensor, layer: str, pool: Literal["mean", "cls", "last"], mask: Tensor | None) -> Tensor:
    """Of (examples, tokens, features) the mean, the first or the last of those that are no padding."""
    if mask is None:
        return tensor.mean(dim=1, dtype=_summed_in(tensor)) if pool == "mean" else tensor[:, 0 if pool == "cls" else -1]
    if mask.shape != tensor.shape[:2] or not mask.any(dim=1).all():
        raise MeasurementError(
            f"the mask of {tuple(mask.shape)} does not tell the tokens of layer {layer!r}, {tuple(tensor.shape)}, or "
            "leaves an example none: give one by batch=, or pool by a function"
        )
    mask = mask.to(tensor.device)  # a model may lie on several
    if pool == "mean":
        # What stands at padding may be NaN, which times 0 is NaN.
        kept = tensor.to(_summed_in(tensor)).masked_fill(~mask[:, :, None], 0)
        return kept.sum(dim=1) / mask.sum(dim=1, keepdim=True)
    place = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    end = place.masked_fill(~mask, mask.shape[1]).amin(dim=1) if pool == "cls" else (place * mask).amax(dim=1)
    return tensor[torch.arange(len(tensor), device=mask.device), end]


def _summed_in(tensor: Tensor) -> torch.dtype:
    """Float32 or better: models and autocast may work in less."""
    return torch.promote_types(tensor.dtype, torch.float32)


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Mapping):
        output = tuple(output.values())
    if isinstance(output, tuple | list) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None
