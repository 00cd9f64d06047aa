"""How well networks of one's own fit their training data, as far as that is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from overparam.config.refusals import refusal
from overparam.errors import ArtifactError
from overparam.io.reading import WRITTEN_BY_HAND, read_json

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@with_config(ConfigDict(extra="forbid", strict=True))
class Meta(TypedDict):
    """What ``meta.json`` says of the networks of one replicate."""

    train_accuracy: dict[str, Share]


def read_fit(path: Path) -> Mapping[str, float]:
    """Training accuracies in [0, 1] by name of a network; none if there is no such file.

        {"train_accuracy": {"wide": 0.998, "baseline": 0.997, "narrow-0": 0.991}}

    Raises:
        ArtifactError: if it says something else.
    """
    try:
        return TypeAdapter(Meta).validate_python(read_json(path, WRITTEN_BY_HAND))["train_accuracy"]
    except FileNotFoundError:
        return {}
    except ValueError as error:
        why = refusal(error, lambda keys: ("it", keys)) if isinstance(error, ValidationError) else error
        raise ArtifactError(
            f'{path} does not tell training accuracies ({why}): write {{"train_accuracy": {{"wide": 0.99}}}}, '
            "in [0, 1] by the names of files"
        ) from None
