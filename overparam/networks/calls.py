"""What a model is called with for one batch, from the forms in which loaders give it."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from overparam.errors import MeasurementError
from overparam.metrics.rows import Column

# What datasets call what a model is not called with.
LABELS = ("labels", "label")
IDS = ("ids", "id", "idx")


@dataclass(frozen=True)
class Batch:
    """One batch: what a model is called with, and what is known of its examples.

    Attributes:
        inputs: a tensor, ``model(inputs)``; a tuple, ``model(*inputs)``; or a mapping, ``model(**inputs)``.
        labels: (examples,) their classes, if known.
        ids: (examples,) whole numbers or text that say which examples they are, if known.
        mask: (examples, tokens) 1 for a token and 0 for padding; the ``attention_mask`` of a mapping if left out.
    """

    inputs: Tensor | tuple[Tensor, ...] | Mapping[str, Tensor]
    labels: Column | None = None
    ids: Column | Sequence[str] | None = None
    mask: Tensor | None = None

    @classmethod
    def of(cls, given: object, model: nn.Module) -> "Batch":
        """A batch from a tensor, (inputs, labels), a mapping of keywords, or itself.

        Raises:
            MeasurementError: if it is none, or has a keyword that the model does not take.
        """
        labels = None
        if isinstance(given, tuple | list) and given:
            given, labels = given[0], given[1] if len(given) > 1 else None
        if isinstance(given, Mapping):
            given = _of_mapping(given, model)
        if isinstance(given, Tensor):
            given = cls(given)
        if not isinstance(given, cls):
            raise MeasurementError(
                f"a batch starts with a {type(given).__name__}, not a tensor: give inputs, (inputs, labels), a dict of "
                "the model's keywords, or say what to make of it by batch="
            )
        return given if labels is None else replace(given, labels=labels)

    @property
    def tensors(self) -> list[Tensor]:
        """All inputs."""
        every = self.inputs.values() if isinstance(self.inputs, Mapping) else self.inputs
        return [self.inputs] if isinstance(self.inputs, Tensor) else [t for t in every if isinstance(t, Tensor)]

    def __len__(self) -> int:
        if not self.tensors:
            raise MeasurementError("a batch has no tensor among its inputs: say what to make of it by batch=")
        return len(self.tensors[0])

    def masked_on(self, device: torch.device) -> Tensor | None:
        """The mask, if there is one, (examples, tokens) bool on a device."""
        mask = self.mask
        if mask is None and isinstance(self.inputs, Mapping):
            given = self.inputs.get("attention_mask")
            mask = given if isinstance(given, Tensor) and given.ndim == 2 else None
        return None if mask is None else mask.to(device).bool()

    def call(self, model: nn.Module, device: torch.device) -> None:
        """Call the model with the inputs, on the device where they belong."""
        if isinstance(self.inputs, Tensor):
            model(self.inputs.to(device))
        elif isinstance(self.inputs, Mapping):
            model(**{name: _moved(value, device) for name, value in self.inputs.items()})
        else:
            model(*(_moved(value, device) for value in self.inputs))


def _moved(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, Tensor) else value


def _of_mapping(given: Mapping[Any, Any], model: nn.Module) -> Batch:
    takes = _keywords(model)
    labels = next((given[name] for name in LABELS if name in given), None)
    ids = next((given[name] for name in IDS if name in given and name not in (takes or ())), None)
    told = {*LABELS, *(name for name in IDS if name not in (takes or ()))}
    inputs = {name: value for name, value in given.items() if name not in told}
    unknown = [name for name in inputs if takes is not None and name not in takes]
    if unknown:
        raise MeasurementError(
            f"the model takes no keyword {unknown[0]!r}, as a batch has: say what it is called with, such as "
            f"batch=lambda batch: batch[{unknown[0]!r}]"
        )
    return Batch(inputs, labels, ids)


def _keywords(model: nn.Module) -> set[str] | None:
    """The keywords that a model takes; None if it takes any, or does not say."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return {parameter.name for parameter in parameters}
