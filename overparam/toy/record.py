"""The toy's record: what was measured in every seed, sealed; and the names of its quantities."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from pydantic import AfterValidator, ConfigDict, StrictFloat, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from overparam.config.refusals import refusal
from overparam.config.studies import parse_alpha
from overparam.errors import ArtifactError, SpecError
from overparam.io.files import read_sealed, write_sealed
from overparam.metrics.stats import Effect
from overparam.study.feature_blocks import Block, S
from overparam.study.quantities import Contrast
from overparam.study.widths import NEURONS, Width
from overparam.toy.spec import Plane

SCHEMA = 2
TASK, ARCHITECTURE, SCALE = "toy", "two-layer", "smoke"


@dataclass(frozen=True)
class Target(Block):
    """What the networks are trained to give."""

    def __str__(self) -> str:
        return "y"


TARGET = Target()


@dataclass(frozen=True)
class Activated:
    """The share of neurons that a pair of signals activates above a threshold of alignment."""

    plane: Plane
    alpha: Fraction
    threshold: float

    def __str__(self) -> str:
        return f"neurons of {S(self.alpha)} activated by the {self.plane} above {self.threshold:g}"


@dataclass(frozen=True)
class BestAlignment:
    """The alignment of the best neuron with a pair of signals at the end of training, or how far it rose."""

    plane: Plane
    alpha: Fraction
    rise: bool = False

    def __str__(self) -> str:
        return f"{'rise of the ' if self.rise else ''}best alignment of {S(self.alpha)} with the {self.plane}"


def _as_width(text: str) -> str:
    try:
        parse_alpha(text)
    except SpecError as error:
        raise ValueError(str(error)) from None
    return text


def _as_long(quantities: Mapping[str, list[float]]) -> Mapping[str, list[float]]:
    if len({len(values) for values in quantities.values()}) > 1:
        raise ValueError("quantities have a number a seed each, and some have more than others")
    return quantities


@with_config(ConfigDict(strict=True, extra="allow", allow_inf_nan=False))
class Ran(TypedDict):
    """What was run, as far as it is asked for here; the rest is as in ``params.yaml``."""

    alphas: list[Annotated[str, AfterValidator(_as_width)]]
    dimensions: NotRequired[int]
    neurons: int
    seeds: NotRequired[int]
    threshold: float
    thresholds: list[float]


BySeed = Annotated[Mapping[str, list[StrictFloat]], AfterValidator(_as_long)]


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
    spec: Ran
    environment: Mapping[str, str]
    quantities: BySeed
    controls: Mapping[str, BySeed]
    more: Mapping[str, Any]

    @property
    def task(self) -> str:
        """As of studies."""
        return TASK

    @property
    def arch(self) -> str:
        """As of studies."""
        return ARCHITECTURE

    @property
    def scale(self) -> str:
        """As of studies."""
        return SCALE

    @property
    def chosen(self) -> float:
        """The alignment above which a neuron is activated."""
        return self.spec["threshold"]

    @property
    def members(self) -> dict[Fraction, int]:
        """How many networks there are at each width factor."""
        return {alpha: alpha.denominator for alpha in map(Fraction, self.spec["alphas"])}

    def width(self, alpha: Fraction) -> Width:
        """How many neurons each of the networks of a width factor has."""
        return Width(alpha, int(alpha * self.spec["neurons"]), NEURONS)

    def lag(self, alphas: Iterable[Fraction]) -> float:
        """By how much narrow networks fit less well than the wide one, which nobody compares here."""
        return 0.0

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
        missing = [name for name in contrast.by_name if name not in self.quantities]
        if missing:
            raise ArtifactError(f"the toy's record has not measured {missing[0]}: run `overparam toy` again")
        terms = [weight * np.array(self.quantities[name]) for name, weight in contrast.by_name.items()]
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
