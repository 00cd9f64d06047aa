"""At which widths a claim is judged, given how many networks there are at each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from overparam.study.feature_blocks import divides_evenly, just_as_wide

Members = Mapping[Fraction, int]  # by width factor, how many networks there are in each replicate


class Widths(ABC):
    """The widths that a claim is about; as text, what α it says that they have."""

    @abstractmethod
    def about(self, members: Members) -> list[Fraction]:
        """The width factors that it is about, from the widest down."""

    def judged(self, members: Members) -> list[Fraction]:
        """Those of them at which it is judged by itself."""
        return self.about(members)

    def enough(self, alpha: Fraction) -> int:
        """How many networks M_α it takes."""
        return just_as_wide(alpha)


@dataclass(frozen=True)
class Narrow(Widths):
    """Every narrow width at which there are enough networks.

    Attributes:
        widest: the widest α.
        members: by α, how many networks M_α it takes.
        evenly: whether S_α must have just as many features as M_1, no more.
    """

    widest: Fraction
    members: Callable[[Fraction], int] = just_as_wide
    evenly: bool = True

    def about(self, members: Members) -> list[Fraction]:
        """The widths of no more than ``widest`` with enough networks."""
        found = (alpha for alpha, count in members.items() if self.compares(alpha) and count >= self.enough(alpha))
        return sorted(found, reverse=True)

    def compares(self, alpha: Fraction) -> bool:
        """Whether it is about a width factor, given enough networks."""
        return alpha <= self.widest and (divides_evenly(alpha) or not self.evenly)

    def enough(self, alpha: Fraction) -> int:
        """So many as were named."""
        return self.members(alpha)

    def __str__(self) -> str:
        return f"≤ {self.widest}"


class WidestOf(Narrow):
    """The widest one alone, among narrower ones that it is compared with."""

    def judged(self, members: Members) -> list[Fraction]:
        """That one, if it and a narrower one are there."""
        found = self.about(members)
        return found[:1] if self.widest in found[:-1] else []

    def __str__(self) -> str:
        return f"= {self.widest} and narrower ones"


@dataclass(frozen=True)
class These(Widths):
    """Named widths, as far as they are there."""

    alphas: tuple[Fraction, ...]

    def about(self, members: Members) -> list[Fraction]:
        """Those of them."""
        return [alpha for alpha in members if alpha in self.alphas]


class Every(Widths):
    """Whatever width there is."""

    def about(self, members: Members) -> list[Fraction]:
        """All."""
        return list(members)


class Narrowest(Widths):
    """The narrowest there is."""

    def about(self, members: Members) -> list[Fraction]:
        """That one."""
        return [min(members)]
