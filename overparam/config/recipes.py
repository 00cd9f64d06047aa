"""Training recipes, one for all widths of a task, and the checks that entries of ``params.yaml`` pass."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

from overparam.errors import SpecError

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class TrainSpec:
    """What every recipe says; ``params.yaml`` explains each entry."""

    epochs: float
    batch_size: int
    learning_rate: float
    warmup: float
    weight_decay: float
    clip_norm: float
    precision: str
    compile: bool

    def __post_init__(self) -> None:
        check_kinds("train recipe", self)
        require("train recipe", self.conditions())

    def conditions(self) -> dict[str, bool]:
        """What must be true of the entries, by the sentence that says so."""
        return {
            "epochs must be positive": self.epochs > 0,
            "batch_size must be at least 2": self.batch_size >= 2,
            "learning_rate must be positive": self.learning_rate > 0,
            "warmup must lie in [0, 1)": 0 <= self.warmup < 1,
            "weight_decay must not be negative": self.weight_decay >= 0,
            "clip_norm must be positive": self.clip_norm > 0,
            f"precision must be one of {', '.join(PRECISIONS)}": self.precision in PRECISIONS,
        }


@dataclass(frozen=True)
class ImageRecipe(TrainSpec):
    """SGD with momentum, on randomly cropped and flipped images."""

    momentum: float
    crop_padding: int
    flip: bool

    def conditions(self) -> dict[str, bool]:
        """What must be true of the entries, by the sentence that says so."""
        return super().conditions() | {
            "momentum must lie in [0, 1)": 0 <= self.momentum < 1,
            "crop_padding must not be negative": self.crop_padding >= 0,
        }


@dataclass(frozen=True)
class SentenceRecipe(TrainSpec):
    """AdamW, on sentences as they are."""


def read_recipe(where: str, section: Mapping[str, Any]) -> TrainSpec:
    """The recipe that a section of ``params.yaml`` gives: of images if it has an entry that only theirs have.

    Raises:
        SpecError: for an entry that is lacking, unknown, of the wrong kind or out of range.
    """
    own = {field.name for field in fields(ImageRecipe)} - {field.name for field in fields(TrainSpec)}
    kind = ImageRecipe if own & set(section) else SentenceRecipe
    check_keys(where, section, {field.name for field in fields(kind)})
    return kind(**section)


def check_keys(where: str, section: Mapping[str, Any], wanted: set[str]) -> None:
    """Raise SpecError unless a section has just the wanted entries."""
    missing, unknown = wanted - set(section), set(section) - wanted
    if missing or unknown:
        parts = [f"lacks {', '.join(sorted(missing))}"] if missing else []
        parts += [f"has unknown {', '.join(sorted(map(str, unknown)))}"] if unknown else []
        raise SpecError(f"{where} in params.yaml {' and '.join(parts)}")


def check_kinds(where: str, spec: Any) -> None:
    """Raise SpecError unless every scalar entry is of the kind that its annotation says, and finite."""
    kinds = {bool: "true or false", int: "a whole number", float: "a finite number", str: "a word"}
    kinds[int | None] = "a whole number or null"
    for entry in fields(spec):
        if entry.type not in kinds:
            continue
        value = getattr(spec, entry.name)
        wanted: Any = (int, float) if entry.type is float else entry.type
        fits = isinstance(value, wanted) and (entry.type is bool or not isinstance(value, bool))
        if not fits or (isinstance(value, float) and not isfinite(value)):
            raise SpecError(f"{where} in params.yaml: {entry.name} must be {kinds[entry.type]}, not {value!r}")


def require(where: str, conditions: Mapping[str, bool]) -> None:
    """Raise SpecError with the first sentence whose condition fails."""
    for sentence, holds in conditions.items():
        if not holds:
            raise SpecError(f"{where} in params.yaml: {sentence}")
