"""Blocks of features as values: which networks side by side, of which width; or what is made of them.

The text of a block is the paper's name for it, under which records keep what is measured. It is never read back.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from math import ceil


class Block(ABC):
    """Features of examples (examples, features), told apart from others by what they are of."""

    @abstractmethod
    def __str__(self) -> str: ...


class _AnyWidth(Fraction):
    """The width factor itself, for an inequality as it reads at any width."""

    def __str__(self) -> str:
        return "α"


ANY_WIDTH = _AnyWidth(1, 4)  # the value of no matter, but that 1/α, 2/α and 1/α² differ


def just_as_wide(alpha: Fraction) -> int:
    """U* = 1/α: networks of a width factor that have as many features together as the wide one, or just more."""
    return ceil(1 / alpha)


def twice_as_wide(alpha: Fraction) -> int:
    """2/α: networks of a width factor that make two concatenations."""
    return 2 * just_as_wide(alpha)


def as_many_parameters(alpha: Fraction) -> int:
    """1/α²: networks of a width factor that have about as many parameters as the wide one."""
    return ceil(1 / alpha**2)


def divides_evenly(alpha: Fraction) -> bool:
    """Whether some networks of a width factor have just as many features together as the wide one."""
    return alpha.numerator == 1


@dataclass(frozen=True)
class Concatenation(Block):
    """Networks of one width side by side; at full width a network alone.

    Attributes:
        alpha: their width factor.
        members: U, how many there are.
        held_out: whether they come after those that make S_α, and from seeds of their own.
    """

    alpha: Fraction
    members: int
    held_out: bool = False

    def __str__(self) -> str:
        prime = "′" if self.held_out else ""
        if self.alpha == 1:
            return f"M_1{prime}"
        count = "" if self.members == just_as_wide(self.alpha) else f"^({self._count})"
        return f"S_{self.alpha}{count}{prime}"

    @property
    def _count(self) -> str:
        if self.alpha is ANY_WIDTH:
            return {twice_as_wide(self.alpha): "2/α", as_many_parameters(self.alpha): "1/α²"}[self.members]
        return str(self.members)


M_1 = Concatenation(Fraction(1), 1)
M_1_PRIME = Concatenation(Fraction(1), 1, held_out=True)


def S(alpha: Fraction) -> Concatenation:  # noqa: N802
    """The concatenation S_α^(U*) of 1/α narrow networks."""
    return Concatenation(alpha, just_as_wide(alpha))


def S_prime(alpha: Fraction) -> Concatenation:  # noqa: N802
    """S_α′: 1/α narrow networks held out of S_α, side by side; the target of ``span-under``, pooled over them.

    A narrow network can die in training and leave constant features; pooled, it neither counts nor makes the span error
    undefined.
    """
    return Concatenation(alpha, just_as_wide(alpha), held_out=True)


def S_matched(alpha: Fraction) -> Concatenation:  # noqa: N802
    """S_α^(U) with U = 1/α²: about as many parameters as M_1, where S_α has as many features."""
    return Concatenation(alpha, as_many_parameters(alpha))


@dataclass(frozen=True)
class Early(Block):
    """M_1′ as it was after its first epochs: a wide network that fits its training data less well."""

    epochs: int

    def __str__(self) -> str:
        return f"{M_1_PRIME} after {self.epochs}"


@dataclass(frozen=True)
class R(Block):
    """The residuals of the target's features that the source does not span."""

    source: Block
    target: Block

    def __str__(self) -> str:
        return f"R({self.source}→{self.target})"


@dataclass(frozen=True)
class PlantedLabels(Block):
    """What a probe that works must gain from."""

    def __str__(self) -> str:
        return "planted labels"


PLANTED = PlantedLabels()
