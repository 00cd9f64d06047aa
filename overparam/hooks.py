"""Features of any torch model: what one of its layers gives for every example of a loader."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import RandomSampler

from overparam.errors import MeasurementError, SpecError


def extract_features(model: nn.Module, loader: Iterable[Any], layer: str) -> tuple[np.ndarray, np.ndarray | None]:
    """What a layer gives for every example, without gradients, the model in evaluation mode.

    The model's hooks and every module's mode are afterwards as they were, also if a batch fails.

    Args:
        model: called with the inputs of one batch, on the device where its parameters lie.
        loader: batches in a fixed order: inputs, or (inputs, labels); a `torch.utils.data.DataLoader`, for example.
        layer: dotted name of a submodule, as in ``model.named_modules()``. Its output is (examples, features), or
            (examples, channels, …) whose spatial axes are averaged over: global average pooling.

    Returns:
        Features (examples, features) float32, and labels (examples,), or None if the loader gives none.

    Raises:
        SpecError: if the model has no such layer.
        MeasurementError: if the loader shuffles, is empty or gives something else, or the layer is not called once a
            batch, or its output is no such array.
    """
    chosen = _layer(model, layer)
    if isinstance(getattr(loader, "sampler", None), RandomSampler):
        raise MeasurementError(
            "the loader shuffles, so the rows of two networks would be different examples: make it with shuffle=False"
        )
    device = next((tensor.device for tensor in chain(model.parameters(), model.buffers())), torch.device("cpu"))
    outputs: list[Tensor] = []
    features: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    # Pooled and copied at once: the next layer may work in place.
    handle = chosen.register_forward_hook(lambda module, inputs, output: outputs.append(_pooled(output, layer)))
    try:
        with _evaluation(model), torch.no_grad():
            for batch in loader:
                inputs, *rest = batch if isinstance(batch, tuple | list) else (batch,)
                if not isinstance(inputs, Tensor):
                    raise MeasurementError(
                        f"a batch starts with a {type(inputs).__name__}, not a tensor: give inputs, or (inputs, labels)"
                    )
                outputs.clear()
                model(inputs.to(device))
                if len(outputs) != 1 or len(outputs[0]) != len(inputs):
                    raise MeasurementError(
                        f"layer {layer!r} gave {[len(output) for output in outputs]} rows for a batch of "
                        f"{len(inputs)} examples: name a layer that is called once and gives a row an example"
                    )
                features.append(outputs[0].numpy())
                labels += [torch.as_tensor(part).cpu().numpy() for part in rest[:1]]
    finally:
        handle.remove()
    if not features:
        raise MeasurementError("the loader gave no batches: give it examples")
    return np.concatenate(features), np.concatenate(labels) if labels else None


def _layer(model: nn.Module, name: str) -> nn.Module:
    modules = dict(model.named_modules(remove_duplicate=False))
    del modules[""]  # the model itself
    if name not in modules:
        near = get_close_matches(name, modules) or [child for child, _ in model.named_children()]
        raise SpecError(f"the model has no layer {name!r}: there is {', '.join(near) or 'none'}")
    return modules[name]


def _pooled(output: Any, layer: str) -> Tensor:
    """(examples, features) float32 on the CPU, in memory of its own."""
    if not isinstance(output, Tensor):
        raise MeasurementError(f"layer {layer!r} gives a {type(output).__name__}, not a tensor: name another layer")
    if output.ndim in (0, 1, 3):
        raise MeasurementError(
            f"layer {layer!r} gives shape {tuple(output.shape)} where (examples, features) or (examples, channels, "
            "height, width) belongs: name a layer after pooling"
        )
    pooled = output.flatten(2).mean(dim=2, dtype=torch.float32) if output.ndim > 2 else output
    return pooled.to("cpu", torch.float32, copy=True)


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        # One by one: parts of a model in training may stand in evaluation mode.
        for module, training in modes.items():
            module.training = training
