"""What the toy setting is run with, read from the section ``toy`` of ``params.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from overparam.config import load_config, parse_alpha
from overparam.errors import SpecError
from overparam.recipes import check_keys, check_kinds, require

SIGNALS = 4  # v_1 and v_2 are added, v_3 and v_4 multiplied


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

    def __post_init__(self) -> None:
        check_kinds("toy", self)
        broken = [alpha for alpha in self.alphas if (self.neurons * alpha).denominator != 1]
        require(
            "toy",
            {
                f"dimensions must be at least {SIGNALS}, one a signal": self.dimensions >= SIGNALS,
                "neurons, seeds, batch_size and steps must be at least 1": min(
                    self.neurons, self.seeds, self.batch_size, self.steps
                )
                >= 1,
                f"neurons {self.neurons} times α = {', '.join(map(str, broken))} is no whole number": not broken,
                "alphas must contain 1, the wide network, and differ": Fraction(1) in self.alphas
                and len(set(self.alphas)) == len(self.alphas),
                "initial_scale and learning_rate must be positive": min(self.initial_scale, self.learning_rate) > 0,
                "thresholds must lie in (0, 1), threshold among them": all(0 < t < 1 for t in self.thresholds)
                and self.threshold in self.thresholds,
            },
        )

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
        alphas = tuple(parse_alpha(text) for text in section["alphas"])
        thresholds = tuple(float(threshold) for threshold in section["thresholds"])
    except TypeError:
        raise SpecError("toy in params.yaml: alphas and thresholds must be lists") from None
    return ToySpec(**{**section, "alphas": alphas, "thresholds": thresholds})
