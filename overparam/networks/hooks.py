"""Features of any torch model: what its layers give for every example of a loader."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from operator import length_hint
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
import torch
from torch import Tensor, nn

from overparam.errors import MeasurementError, SpecError
from overparam.io.files import write_folder
from overparam.io.growing import GrowingArray
from overparam.io.progress import progress_display
from overparam.metrics.rows import one_each, plain_array
from overparam.networks.calls import Batch
from overparam.networks.draws import watched
from overparam.networks.pooling import Pool, Precision, pool_output

B = TypeVar("B")
ToBatch = Callable[[B], Batch | Tensor | tuple[object, ...] | Mapping[str, object]]


@dataclass(frozen=True)
class LayerFeatures:
    """What several layers give for the same examples.

    Attributes:
        features: by layer, (examples, features).
        labels: (examples,) as the loader gives them; None if it gives none.
        ids: (examples,) which example each row is; None if the loader does not tell.
    """

    features: Mapping[str, np.ndarray]
    labels: np.ndarray | None
    ids: np.ndarray | None


@overload
def extract_features(
    model: nn.Module,
    loader: Iterable[B],
    layer: str,
    *,
    pool: Pool | None = None,
    batch: ToBatch[B] | None = None,
    dtype: Precision = "float32",
    out: Path | str | None = None,
) -> tuple[np.ndarray, np.ndarray | None]: ...


@overload
def extract_features(
    model: nn.Module,
    loader: Iterable[B],
    *,
    layers: Sequence[str],
    pool: Pool | None = None,
    batch: ToBatch[B] | None = None,
    dtype: Precision = "float32",
    out: Path | str | None = None,
) -> LayerFeatures: ...


def extract_features(
    model: nn.Module,
    loader: Iterable[B],
    layer: str | None = None,
    *,
    layers: Sequence[str] = (),
    pool: Pool | None = None,
    batch: ToBatch[B] | None = None,
    dtype: Precision = "float32",
    out: Path | str | None = None,
) -> tuple[np.ndarray, np.ndarray | None] | LayerFeatures:
    """Extract what layers give for every example, without gradients, the model in evaluation mode, in one pass.

    The model's hooks and every module's mode are afterwards as they were, also if a batch fails. Call it under
    `torch.autocast` for less precision; what is averaged is summed in float32. It shows its progress on a terminal.

    Row k is example k of the loader's dataset, so that rows of two networks are the same examples: what a `DataLoader`
    draws is watched, and refused at the first batch that is out of order, whatever its sampler is called. For some of
    the examples or another order give it a `torch.utils.data.Subset`; ids are positions in the dataset that it is of.
    That two networks are given the same dataset, and the order of an `IterableDataset` or of batches from anything but
    a `DataLoader`, is taken on trust, unless batches have ids.

    Args:
        model: called with the inputs of one batch, on the device where its first parameter lies.
        loader: batches in the order of the dataset, a `torch.utils.data.DataLoader`, for example: inputs;
            (inputs, labels); or a dict of the model's keywords as `transformers` has it, whose ``labels`` or ``label``
            and whose ``ids``, ``id`` or ``idx`` are kept and not given to the model.
        layer: dotted name of a submodule, as in ``model.named_modules()``.
        layers: several of them. Of a layer that gives a tuple or a mapping, the first entry counts.
        pool: what is made of an output. None takes (examples, features) as they are, and of (examples, channels, …)
            the mean over spatial axes. Of (examples, tokens, features) ``mean``, ``cls`` and ``last`` take the mean,
            the first or the last of the tokens that are no padding by the batch's mask. ``flatten`` puts all axes in
            one. A function makes (examples, features) of the output.
        batch: makes of what the loader gives one of the above, or a `Batch`, which can also say ids and a mask.
        dtype: of the features; float16 takes half of the space.
        out: a folder to write ``LAYER.npy``, ``LAYER.labels.npy`` and ``LAYER.ids.npy`` into as batches come, so that
            memory does not grow with examples; `overparam span` and `overparam compare` read them. They are there when
            all of them are whole. Features are then memory-mapped from these files.

    Returns:
        Of one ``layer``, features (examples, features) and labels (examples,) as they come, missing ones too, or None
        if the loader gives none. Of ``layers``, `LayerFeatures`.

    Raises:
        SpecError: if the model has no such layer, or both or neither of ``layer`` and ``layers`` are given.
        MeasurementError: if the loader leaves the order of its dataset, is empty or gives something else, or a layer
            is not called once a batch, or its output cannot be pooled so.
        StorageError: if the disk refuses the files.
    """
    names = list(layers) if layer is None else [layer, *layers]
    if not names or (layer is not None and layers) or len(set(names)) < len(names):
        raise SpecError("give the name of one layer, or layers=[…] of several, each once")
    run = _Pass(model, {name: _layer(model, name) for name in names}, pool, dtype)
    if out is None:
        parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
        labels, ids = run.over(loader, batch, lambda name, rows: parts[name].append(rows))
        features = {name: np.concatenate(rows) for name, rows in parts.items()}
    else:
        place = Path(out)
        with write_folder(place) as folder:
            with ExitStack() as files:
                growing = {name: files.enter_context(GrowingArray(folder / f"{name}.npy")) for name in names}
                labels, ids = run.over(loader, batch, lambda name, rows: growing[name].append(rows))
            for name in names:
                for what, column in {"labels": labels, "ids": ids}.items():
                    if column is not None:
                        with GrowingArray(folder / f"{name}.{what}.npy") as file:
                            file.append(column)
        features = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in names}
    return LayerFeatures(features, labels, ids) if layer is None else (features[layer], labels)


@dataclass
class _Pass:
    """A pass of examples through a model, and what its layers give on the way."""

    model: nn.Module
    layers: Mapping[str, nn.Module]
    pool: Pool | None
    dtype: Precision

    def over(
        self, loader: Iterable[B], batch: ToBatch[B] | None, keep: Callable[[str, np.ndarray], object]
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Labels and ids of all examples; ``keep`` gets the rows of each layer as they come."""
        batches, drawn = watched(loader)
        rows = 0
        labels: list[np.ndarray] = []
        ids: list[np.ndarray] = []
        with _evaluation(self.model), torch.no_grad(), self._listening() as listen, progress_display() as display:
            bar = display.add_task("extracting", total=length_hint(loader) or None)
            for given in batches:
                taken = Batch.of(given if batch is None else batch(given), self.model)
                for name, part in listen(taken).items():
                    keep(name, part)
                rows += len(taken)
                labels += [] if taken.labels is None else [_column("labels", taken.labels, len(taken))]
                ids += [] if taken.ids is None else [_column("ids", taken.ids, len(taken))]
                display.advance(bar)
        if not rows:
            raise MeasurementError("the loader gave no batches: give it examples")
        if drawn is not None and drawn.count != rows:
            raise MeasurementError(
                f"the loader gave {rows} rows for the {drawn.count} examples that it drew, so row k need not be "
                "example k: let its collate_fn keep every one"
            )
        told = {"labels": labels, "ids": ids}
        for what, parts in told.items():
            if parts and sum(map(len, parts)) != rows:
                raise MeasurementError(
                    f"some batches have {what} and others have none: give all of them the same parts"
                )
        told_labels, told_ids = (np.concatenate(parts) if parts else None for parts in told.values())
        return told_labels, drawn.ids if told_ids is None and drawn is not None else told_ids

    @contextmanager
    def _listening(self) -> Iterator[Callable[[Batch], dict[str, np.ndarray]]]:
        """Calls the model with a batch, and gives the rows of each layer."""
        first = next(chain(self.model.parameters(), self.model.buffers()), None)
        device = torch.device("cpu") if first is None else first.device
        outputs: dict[str, list[Tensor]] = {}
        mask: Tensor | None = None

        def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
            # Pooled and copied at once: the next layer may work in place.
            return lambda module, inputs, output: outputs[name].append(
                pool_output(output, name, self.pool, mask, self.dtype)
            )

        def listen(batch: Batch) -> dict[str, np.ndarray]:
            nonlocal mask
            mask = batch.masked_on(device)
            outputs.update({name: [] for name in self.layers})
            count = len(batch)
            batch.call(self.model, device)
            for name, found in outputs.items():
                if len(found) != 1 or len(found[0]) != count:
                    raise MeasurementError(
                        f"layer {name!r} gave {[len(output) for output in found]} rows for a batch of {count} "
                        "examples: name a layer that is called once and gives a row an example"
                    )
            return {name: found[0].numpy() for name, found in outputs.items()}

        with ExitStack() as handles:
            for name, module in self.layers.items():
                handles.callback(module.register_forward_hook(hook(name)).remove)
            yield listen


def _column(what: str, part: Any, count: int) -> np.ndarray:
    """Labels or ids of one batch, (examples,)."""
    part = part.cpu() if isinstance(part, Tensor) else part
    if what == "labels":
        return one_each(part, count)
    ids = plain_array(part)
    if ids.shape != (count,):
        raise MeasurementError(f"a batch of {count} examples has ids of shape {ids.shape}: give one an example")
    return ids


def _layer(model: nn.Module, name: str) -> nn.Module:
    modules = dict(model.named_modules(remove_duplicate=False))
    del modules[""]  # the model itself
    if name not in modules:
        near = get_close_matches(name, modules) or [child for child, _ in model.named_children()]
        raise SpecError(f"the model has no layer {name!r}: there is {', '.join(near) or 'none'}")
    return modules[name]


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
