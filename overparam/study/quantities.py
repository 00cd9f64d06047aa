"""The paper's notation as Python: names of feature blocks and of measured quantities, and differences of them.

``FSE(S(alpha), M_1) - FSE(M_1_PRIME, M_1)`` is a `Contrast`: which measured quantities, with which weights. A record
evaluates it in every replicate, with the covariance that its interval needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

M_1 = "M_1"
M_1_PRIME = "M_1′"


def S(alpha: Fraction) -> str:  # noqa: N802
    """The concatenation S_α^(U*) of 1/α narrow networks."""
    return f"S_{alpha}"


def S_prime(alpha: Fraction) -> str:  # noqa: N802
    """S_α′: 1/α narrow networks held out of S_α, side by side; the target of ``span-under``, pooled over them.

    A narrow network can die in training and leave constant features; pooled, it neither counts nor makes the span error
    undefined.
    """
    return f"S_{alpha}′"


def S_matched(alpha: Fraction) -> str:  # noqa: N802
    """S_α^(U) with U = 1/α²: about as many parameters as M_1, where S_α has as many features."""
    return f"S_{alpha}^({alpha.denominator**2})"


def early(epochs: int) -> str:
    """M_1′ as it was after its first epochs: a wide network that fits its training data less well."""
    return f"{M_1_PRIME} after {epochs}"


def R(source: str, target: str) -> str:  # noqa: N802
    """The residuals of the target's features that the source does not span."""
    return f"R({source}→{target})"


PLANTED = "planted labels"


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of measured quantities, by name."""

    weights: Mapping[str, float]

    def __add__(self, other: "Contrast") -> "Contrast":
        names = dict.fromkeys([*self.weights, *other.weights])
        return Contrast({name: self.weights.get(name, 0.0) + other.weights.get(name, 0.0) for name in names})

    def __sub__(self, other: "Contrast") -> "Contrast":
        return self + -1.0 * other

    def __rmul__(self, factor: float) -> "Contrast":
        return Contrast({name: factor * weight for name, weight in self.weights.items()})

    def __str__(self) -> str:
        terms = [
            f"{'−' if w < 0 else '+'} {'' if abs(w) == 1 else f'{abs(w):g}·'}{name}" for name, w in self.weights.items()
        ]
        return " ".join(terms).removeprefix("+ ")


def FSE(source: str, target: str) -> Contrast:  # noqa: N802
    """Feature span error from one block to another."""
    return Contrast({f"FSE({source}→{target})": 1.0})


def FP(*blocks: str) -> Contrast:  # noqa: N802
    """Feature performance of blocks side by side."""
    return Contrast({f"FP({', '.join(blocks)})": 1.0})
