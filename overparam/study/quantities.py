"""What is measured of blocks, as values, and differences of that.

``FSE(S(alpha), M_1) - FSE(M_1_PRIME, M_1)`` is a `Contrast`: which measured quantities, with which weights. A record
evaluates it in every replicate, with the covariance that its interval needs. The text of a quantity is its name in a
record; it is never read back.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from overparam.study.feature_blocks import Block


@dataclass(frozen=True)
class Metric:
    """What is measured of one block or several; ``joint`` stands between them."""

    name: str
    joint: str = ", "


SPAN_ERROR = Metric("FSE", "→")
PERFORMANCE = Metric("FP")


@dataclass(frozen=True)
class Quantity:
    """A metric of blocks.

    Attributes:
        metric: which.
        blocks: what it is of, in order.
    """

    metric: Metric
    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return f"{self.metric.name}({self.metric.joint.join(map(str, self.blocks))})"


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of measured quantities."""

    weights: Mapping[Hashable, float]

    @property
    def by_name(self) -> dict[str, float]:
        """The weights by the names that records have for the quantities."""
        return {str(quantity): weight for quantity, weight in self.weights.items()}

    def __add__(self, other: "Contrast") -> "Contrast":
        quantities = dict.fromkeys([*self.weights, *other.weights])
        return Contrast({q: self.weights.get(q, 0.0) + other.weights.get(q, 0.0) for q in quantities})

    def __sub__(self, other: "Contrast") -> "Contrast":
        return self + -1.0 * other

    def __rmul__(self, factor: float) -> "Contrast":
        return Contrast({quantity: factor * weight for quantity, weight in self.weights.items()})

    def __str__(self) -> str:
        terms = []
        for quantity, weight in self.weights.items():
            sign = "− " if weight < 0 else "+ " if terms else ""
            terms.append(f"{sign}{'' if abs(weight) == 1 else f'{abs(weight):g}·'}{quantity}")
        return " ".join(terms)


def FSE(source: Block, target: Block) -> Contrast:  # noqa: N802
    """Feature span error from one block to another."""
    return alone(Quantity(SPAN_ERROR, (source, target)))


def FP(*blocks: Block) -> Contrast:  # noqa: N802
    """Feature performance of blocks side by side."""
    return alone(Quantity(PERFORMANCE, blocks))


def alone(quantity: Hashable) -> Contrast:
    """One quantity as a contrast."""
    return Contrast({quantity: 1.0})
