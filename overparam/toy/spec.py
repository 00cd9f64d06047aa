"""What the toy setting is run with, read from the section ``toy`` of ``params.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import yaml

from overparam.config.recipes import check_keys, check_kinds, require
from overparam.config.studies import load_config, parse_alpha
from overparam.errors import SpecError

SIGNALS = 4  # v_1 and v_2 are added, v_3 and v_4 multiplied
Plane = Literal["addition", "product"]  # the plane of either pair


NO_PRODUCT = "no product"  # the control in which there is nothing to lose


@dataclass(frozen=True)
class Spans:
    """On what the spans of the networks are measured; ``params.yaml`` explains each entry."""

    examples: int
    penalty: float


@dataclass(frozen=True)
class Controls:
    """What else may decide: by name, changes to entries of the toy's section; and with how many seeds."""

    seeds: int
    changes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Phase:
    """The phase diagram: numbers of neurons, strengths of the product, and networks of each."""

    neurons: list[int]
    products: list[float]
    networks: int


@dataclass(frozen=True)
class ToySpec:
    """Distribution, networks and training of the toy setting; ``params.yaml`` explains each entry."""

    dimensions: int
    product: float
    neurons: int
    alphas: tuple[Fraction, ...]
    seeds: int
    biases: bool
    initial_scale: float
    learning_rate: float
    batch_size: int
    steps: int
    thresholds: tuple[float, ...]
    threshold: float
    records: int
    spans: Spans
    controls: Controls
    phase: Phase

    def __post_init__(self) -> None:
        for part in (self, self.spans, self.controls, self.phase):
            check_kinds("toy", part)
        broken = [alpha for alpha in self.alphas if (self.neurons * alpha).denominator != 1]
        require(
            "toy",
            {
                f"dimensions must be at least {SIGNALS}, one a signal": self.dimensions >= SIGNALS,
                "neurons, seeds, batch_size, steps and records must be at least 1": min(
                    self.neurons, self.seeds, self.batch_size, self.steps, self.records, self.controls.seeds
                )
                >= 1,
                f"neurons {self.neurons} times α = {', '.join(map(str, broken))} is no whole number": not broken,
                "alphas must contain 1, the wide network, and differ": Fraction(1) in self.alphas
                and len(set(self.alphas)) == len(self.alphas),
                "initial_scale and learning_rate must be positive": min(self.initial_scale, self.learning_rate) > 0,
                "thresholds must lie in (0, 1), threshold among them": all(0 < t < 1 for t in self.thresholds)
                and self.threshold in self.thresholds,
                "spans need at least 4 examples and a positive penalty": self.spans.examples >= 4
                and self.spans.penalty > 0,
                f"controls must have one named {NO_PRODUCT!r}": NO_PRODUCT in self.controls.changes,
                "phase needs neurons, products and networks": bool(self.phase.neurons and self.phase.products)
                and min(*self.phase.neurons, self.phase.networks) >= 1,
            },
        )

    def changed(self, name: str) -> "ToySpec":
        """The control of that name: the widest and the narrowest networks, fewer seeds, and one thing changed.

        Raises:
            SpecError: if the change is of no entry that there is.
        """
        change = self.controls.changes[name]
        unknown = set(change) - {field.name for field in fields(self)}
        if unknown:
            raise SpecError(f"toy in params.yaml: control {name!r} changes unknown {', '.join(sorted(unknown))}")
        ends = tuple(alpha for alpha in self.alphas if alpha in (1, min(self.alphas)))
        return replace(self, seeds=min(self.controls.seeds, self.seeds), alphas=ends, **change)

    def width(self, alpha: Fraction) -> int:
        """Neurons of one network M_α."""
        return int(self.neurons * alpha)


def read_toy(path: Path = Path("params.yaml")) -> ToySpec:
    """Read and check the section ``toy``.

    Raises:
        SpecError: if it is missing, or asks for something that cannot be run.
    """
    load_config(path)  # refuses a file that is missing or damaged
    section: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")).get("toy") or {}
    check_keys("toy", section, {field.name for field in fields(ToySpec)})
    try:
        lists = {
            "alphas": tuple(parse_alpha(text) for text in section["alphas"]),
            "thresholds": tuple(float(threshold) for threshold in section["thresholds"]),
            "spans": Spans(**section["spans"]),
            "controls": Controls(**section["controls"]),
            "phase": Phase(**section["phase"]),
        }
    except (TypeError, AttributeError) as error:
        raise SpecError(f"toy in params.yaml has an entry of the wrong kind: {error}") from None
    return ToySpec(**{**section, **lists})
