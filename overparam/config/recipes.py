"""Training recipes, one for all widths of a task."""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from overparam.config.entries import NotNegative, Positive, Share, section


@section
class TrainSpec:
    """What every recipe says; ``params.yaml`` explains each entry."""

    epochs: Positive
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    warmup: Share
    weight_decay: NotNegative
    clip_norm: Positive
    precision: Literal["float32", "bfloat16"]
    compile: bool


@section
class ImageRecipe(TrainSpec):
    """SGD with momentum, on randomly cropped and flipped images."""

    momentum: Share
    crop_padding: Annotated[int, Field(ge=0)]
    flip: bool


@section
class SentenceRecipe(TrainSpec):
    """AdamW, on sentences as they are."""


def _kind(recipe: Any) -> str:
    """What a recipe is for: images if it has an entry that only theirs have."""
    own = {entry.name for entry in fields(ImageRecipe)} - {entry.name for entry in fields(TrainSpec)}
    entries = recipe if isinstance(recipe, dict) else getattr(recipe, "__dict__", {})
    return "images" if own & set(entries) else "sentences"


Recipe = Annotated[
    Annotated[ImageRecipe, Tag("images")] | Annotated[SentenceRecipe, Tag("sentences")], Discriminator(_kind)
]
