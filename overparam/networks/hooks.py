"""Features of any torch model: what one of its layers gives for every example of a loader."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from overparam.errors import MeasurementError, SpecError
from overparam.metrics.rows import one_each, plain_array


def extract_features(model: nn.Module, loader: Iterable[object], layer: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Extract what a layer gives for every example, without gradients, the model in evaluation mode.

    The model's hooks and every module's mode are afterwards as they were, also if a batch fails.

    Row k is example k of the loader's dataset, so that rows of two networks are the same examples: what a `DataLoader`
    draws is watched, and refused at the first batch that is out of order, whatever its sampler is called. For some of
    the examples or another order give it a `torch.utils.data.Subset`, and save its indices beside the features, where
    `overparam.compare_files` compares them. That two networks are given the same dataset, and the order of an
    `IterableDataset` or of batches from anything but a `DataLoader`, is taken on trust.

    Args:
        model: called with the inputs of one batch, on the device where its parameters lie.
        loader: batches in the order of the dataset: inputs, or (inputs, labels); a `torch.utils.data.DataLoader`, for
            example.
        layer: dotted name of a submodule, as in ``model.named_modules()``. Its output is (examples, features), or
            (examples, channels, …) whose spatial axes are averaged over: global average pooling.

    Returns:
        Features (examples, features) float32, and labels (examples,) as they come, missing ones too, or None if the
        loader gives none.

    Raises:
        SpecError: if the model has no such layer.
        MeasurementError: if the loader leaves the order of its dataset, is empty or gives something else, or the layer
            is not called once a batch, or its output is no such array.
    """
    chosen = _layer(model, layer)
    batches, drawn = _watched(loader)
    device = next((tensor.device for tensor in chain(model.parameters(), model.buffers())), torch.device("cpu"))
    outputs: list[Tensor] = []
    features: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    # Pooled and copied at once: the next layer may work in place.
    handle = chosen.register_forward_hook(lambda module, inputs, output: outputs.append(_pooled(output, layer)))
    try:
        with _evaluation(model), torch.no_grad():
            for batch in batches:
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
                labels += [_labels(part, len(inputs)) for part in rest[:1]]
    finally:
        handle.remove()
    if not features:
        raise MeasurementError("the loader gave no batches: give it examples")
    rows = sum(map(len, features))
    if drawn is not None and drawn.count != rows:
        raise MeasurementError(
            f"the loader gave {rows} rows for the {drawn.count} examples that it drew, so row k need not be example k: "
            "let its collate_fn keep every one"
        )
    if labels and sum(map(len, labels)) != rows:
        raise MeasurementError("some batches have labels and others have none: give all of them the same parts")
    return np.concatenate(features), np.concatenate(labels) if labels else None


class _Watched:
    """A sampler, of examples or of batches, that fails as soon as it leaves the dataset's order.

    Attributes:
        count: examples drawn so far.
    """

    def __init__(self, sampler: Iterable[Any]) -> None:
        self.sampler = sampler
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        for drawn in self.sampler:
            positions = plain_array(drawn).ravel()
            end = self.count + len(positions)
            if not np.array_equal(positions, np.arange(self.count, end)):
                raise MeasurementError(
                    f"the loader draws {_shown(positions)} where examples {_shown(np.arange(self.count, end))} of its "
                    "dataset come next, so the rows of two networks could be different examples: make it with "
                    "shuffle=False and without a sampler, of a torch.utils.data.Subset for another order"
                )
            self.count = end
            yield drawn


def _watched(loader: Iterable[Any]) -> tuple[Iterable[Any], _Watched | None]:
    """The loader with a watch on what it draws, and that watch; None where there is nothing to watch."""
    if not isinstance(loader, DataLoader):
        if getattr(loader, "sampler", None) is not None:
            raise MeasurementError(
                f"a {type(loader).__name__} has a sampler but is no torch DataLoader, so its order cannot be watched: "
                "give the DataLoader itself"
            )
        return loader, None
    if not loader.in_order and loader.num_workers > 0:
        raise MeasurementError("the loader gives batches as workers finish them: make it with in_order=True")
    if isinstance(loader.dataset, IterableDataset):
        return loader, None
    place = "sampler" if loader.batch_sampler is None else "batch_sampler"
    watch = _Watched(getattr(loader, place))
    # A DataLoader lets nobody exchange its sampler, so that of a copy is: whoever gave it keeps it as it was.
    watched = copy.copy(loader)
    vars(watched).update({place: watch, "_iterator": None})
    return watched, watch


def _shown(positions: np.ndarray) -> str:
    return f"{', '.join(map(str, positions[:5].tolist()))}{', …' if len(positions) > 5 else ''}"


def _labels(part: Any, count: int) -> np.ndarray:
    """Labels of one batch, (examples,)."""
    if isinstance(part, Tensor):
        part = part.detach().cpu()
        part = part.float() if part.dtype == torch.bfloat16 else part  # NumPy has no bfloat16
    return one_each(part, count)


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
