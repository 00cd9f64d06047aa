"""What the toy setting is run with, read from the section ``toy`` of ``params.yaml``."""

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from overparam.config.entries import Count, Number, Positive, read_section, require, section, stated
from overparam.config.studies import Alpha, Params, read_params

SIGNALS = 4  # v_1 and v_2 are added, v_3 and v_4 multiplied
Plane = Literal["addition", "product"]  # the plane of either pair


NO_PRODUCT = "no product"  # the control in which there is nothing to lose


@section
class Spans:
    """On what the spans of the networks are measured; ``params.yaml`` explains each entry."""

    examples: Annotated[int, Field(ge=4)]
    penalty: Positive


@section
class Controls:
    """What else may decide: by name, changes to entries of the toy's section; and with how many seeds."""

    seeds: Count
    changes: Mapping[str, Mapping[str, Any]]


@section
class Phase:
    """The phase diagram: numbers of neurons, strengths of the product, and networks of each."""

    neurons: Annotated[list[Count], Field(min_length=1)]
    products: Annotated[list[Number], Field(min_length=1)]
    networks: Count


@section
class ToySpec:
    """Distribution, networks and training of the toy setting; ``params.yaml`` explains each entry."""

    dimensions: Annotated[int, Field(ge=SIGNALS)]
    product: Number
    neurons: Count
    alphas: tuple[Alpha, ...]
    seeds: Count
    biases: bool
    initial_scale: Positive
    learning_rate: Positive
    batch_size: Count
    steps: Count
    thresholds: tuple[float, ...]
    threshold: Number
    records: Count
    spans: Spans
    controls: Controls
    phase: Phase

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        broken = [alpha for alpha in self.alphas if (self.neurons * alpha).denominator != 1]
        require(
            {
                f"neurons {self.neurons} times α = {', '.join(map(str, broken))} is no whole number": not broken,
                "alphas must contain 1, the wide network, and differ": Fraction(1) in self.alphas
                and len(set(self.alphas)) == len(self.alphas),
                "thresholds must lie in (0, 1), threshold among them": all(0 < t < 1 for t in self.thresholds)
                and self.threshold in self.thresholds,
                f"controls must have one named {NO_PRODUCT!r}": NO_PRODUCT in self.controls.changes,
            }
        )
        return self

    def changed(self, name: str) -> "ToySpec":
        """The control of that name: the widest and the narrowest networks, fewer seeds, and one thing changed.

        Raises:
            SpecError: if the change is of no entry that there is, or to what cannot be run.
        """
        ends = [str(alpha) for alpha in self.alphas if alpha in (1, min(self.alphas))]
        fewer = {"seeds": min(self.controls.seeds, self.seeds), "alphas": ends}
        text = json.dumps(stated(self) | fewer | dict(self.controls.changes[name]))
        return read_section(ToySpec, text, lambda keys: (f"control {name!r} of toy in params.yaml", keys))

    def width(self, alpha: Fraction) -> int:
        """Neurons of one network M_α."""
        return int(self.neurons * alpha)


@section
class ParamsFile(Params):
    """All of ``params.yaml``, the toy's section included."""

    toy: ToySpec


def read_toy(path: Path = Path("params.yaml")) -> ToySpec:
    """Read and check the section ``toy``.

    Raises:
        SpecError: if it is missing, or asks for something that cannot be run.
    """
    text = json.dumps(read_params(path).toy)
    spec = read_section(ToySpec, text, lambda keys: (f"toy in {path.name}", keys))
    for control in spec.controls.changes:
        spec.changed(control)
    return spec
