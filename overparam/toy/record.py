"""The toy's record: what was measured in every seed, sealed; and the names of its quantities."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, StrictFloat, TypeAdapter, ValidationError

from overparam.config.refusals import refusal
from overparam.errors import ArtifactError
from overparam.io.files import read_sealed, write_sealed
from overparam.metrics.stats import Effect
from overparam.study.quantities import M_1, Contrast, S

SCHEMA = 2
TARGET = "y"  # the block of what the networks are trained to give


def activated(plane: str, alpha: Fraction, threshold: float) -> str:
    """The share of neurons that a pair of signals activates: "addition" (v_1, v_2) or "product" (v_3, v_4)."""
    return f"neurons of {_network(alpha)} activated by the {plane} above {threshold:g}"


def best_alignment(plane: str, alpha: Fraction, *, rise: bool = False) -> str:
    """The alignment of the best neuron with a pair of signals at the end of training, or how far it rose."""
    return f"{'rise of the ' if rise else ''}best alignment of {_network(alpha)} with the {plane}"


def _network(alpha: Fraction) -> str:
    return M_1 if alpha == 1 else S(alpha)


@dataclass(frozen=True)
class ToyRecord:
    """Everything measured in the toy setting.

    Attributes:
        key: digest of all the measurements depend on.
        spec: what was run, as in ``params.yaml``.
        environment: library versions.
        quantities: by name, one number a seed; seeds share nothing, neither networks nor examples.
        controls: by what was changed: the same quantities of the widest and the narrowest networks.
        more: what no claim needs: trajectories and the phase diagram; empty where only claims were measured.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    key: str
    spec: Mapping[str, Any]
    environment: Mapping[str, str]
    quantities: Mapping[str, list[StrictFloat]]
    controls: Mapping[str, Mapping[str, list[StrictFloat]]]
    more: Mapping[str, Any]

    def control(self, name: str) -> "ToyRecord":
        """What was measured with one thing changed, as a record of its own.

        Raises:
            ArtifactError: if that was not measured.
        """
        if name not in self.controls:
            raise ArtifactError(f"the toy's record has no control {name!r}: run `overparam toy` again")
        return replace(self, quantities=self.controls[name], controls={}, more={})

    def effect(self, contrast: Contrast) -> Effect:
        """The contrast in every seed.

        Raises:
            ArtifactError: if the record did not measure one of its quantities.
        """
        missing = [name for name in contrast.weights if name not in self.quantities]
        if missing:
            raise ArtifactError(f"the toy's record has not measured {missing[0]}: run `overparam toy` again")
        terms = [weight * np.array(self.quantities[name]) for name, weight in contrast.weights.items()]
        return Effect.independent(np.sum(terms, axis=0))


@dataclass(frozen=True)
class ToyFile(ToyRecord):
    """A record as its file has it, with schema and seal."""

    schema: Literal[2]
    sha256: str


def write_toy_record(path: Path, record: ToyRecord) -> None:
    """Write a record as JSON, sealed with a digest of its content."""
    write_sealed(path, {"schema": SCHEMA, **asdict(record)})


def read_toy_record(path: Path) -> ToyRecord:
    """Read a record.

    Raises:
        ArtifactError: if it is missing, no record, or was edited after it was written.
    """
    try:
        content = read_sealed(path, "record of the toy")
        if content.pop("schema", None) != SCHEMA:
            raise ValueError(f"this version reads schema {SCHEMA}")
        return TypeAdapter(ToyRecord).validate_python(content)
    except FileNotFoundError:
        raise ArtifactError(f"there is no record {path}: make it with `overparam toy`") from None
    except ValueError as error:
        why = refusal(error, lambda keys: ("it", keys)) if isinstance(error, ValidationError) else error
        raise ArtifactError(
            f"record {path} is damaged or was edited ({why}): restore it with git, or run `overparam toy` again"
        ) from None
