"""How wide a network is in absolute terms: α says it only beside the base width that it is a share of.

At base width 16, α = 1/16 is a network of one channel; the paper's narrowest has four, which there is α = 1/4.
"""

from dataclasses import dataclass
from fractions import Fraction

from overparam.config.architectures import Unit, find_architecture

NEURONS = Unit("neurons", "neurons of a network")
FEATURES = Unit("feat.", "features of a network")  # all that is known of networks of one's own
BESIDE_ALPHA = (
    "Beside α stands how wide one network is: channels (ch) of its first layer, its features (feat.) or its neurons. "
    "Compare scales by that, not by α."
)


@dataclass(frozen=True)
class Width:
    """The width of one network, as a share of M_1's and in absolute terms; ``1/16 (1 ch)`` as text.

    Attributes:
        alpha: width factor.
        count: its channels, features or neurons.
        unit: which of them.
    """

    alpha: Fraction
    count: int
    unit: Unit

    @classmethod
    def of_features(cls, arch: str, alpha: Fraction, features: int) -> "Width":
        """How wide a network of an architecture is that has so many features."""
        known = find_architecture(arch)
        unit = known.unit if known else FEATURES
        return cls(alpha, features // unit.features, unit)

    @property
    def absolute(self) -> str:
        """The width without α, such as ``4 ch``."""
        return f"{self.count} {self.unit.name.removesuffix('s') if self.count == 1 else self.unit.name}"

    @property
    def columns(self) -> dict[str, str]:
        """The width as columns of a CSV."""
        return {"alpha": str(self.alpha), "width": self.absolute}

    def __str__(self) -> str:
        return beside(self.alpha, self.absolute)


def beside(name: object, width: str) -> str:
    """An absolute width beside what has it: ``1/16 (1 ch)``."""
    return f"{name} ({width})"
