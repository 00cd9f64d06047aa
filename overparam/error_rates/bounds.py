"""Bounds on how often something comes out of a number of worlds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import bdtrik

from overparam.error_rates.trial_file import BoundFile, Row

# What is counted: verdicts, worlds that could not be measured, marks, and verdicts unlike those of another world.
COUNTED = ("holds", "refuted", "inconclusive", "error", "confounded", "changed")


@dataclass(frozen=True)
class Bound:
    """How often at most, or at least.

    Attributes:
        counted: what.
        comparison: of the count with the number.
        number: by the number of worlds.
    """

    counted: str
    comparison: Literal["at most", "at least"]
    number: Callable[[int], int]

    def met(self, counts: Mapping[str, int], worlds: int) -> bool:
        """Whether the count keeps to it."""
        count, number = counts.get(self.counted, 0), self.number(worlds)
        return count <= number if self.comparison == "at most" else count >= number

    def as_json(self, worlds: int) -> BoundFile:
        """Such as ``{"counted": "holds", "at most": 21}``."""
        number = self.number(worlds)
        if self.comparison == "at most":
            return {"counted": self.counted, "at most": number}
        return {"counted": self.counted, "at least": number}


def by_chance(counted: str, rate: float) -> Bound:
    """At most what comes out in 99.9 % of repetitions where each world gives it at that rate."""
    return Bound(counted, "at most", lambda worlds: int(np.ceil(bdtrik(0.999, worlds, rate))))


def never(counted: str) -> Bound:
    """Not once."""
    return Bound(counted, "at most", lambda worlds: 0)


def in_share(counted: str, share: float) -> Bound:
    """In at least that share of the worlds."""
    return Bound(counted, "at least", lambda worlds: int(np.ceil(share * worlds)))


def always(counted: str) -> Bound:
    """In every world."""
    return in_share(counted, 1.0)


def row(world: str, claim: str, R: int, worlds: int, counts: Mapping[str, int], bounds: Sequence[Bound]) -> Row:
    """What came out of worlds of one kind, beside what must, as plain values."""
    return {
        "world": world,
        "claim": claim,
        "R": R,
        "worlds": worlds,
        "counts": {counted: counts.get(counted, 0) for counted in COUNTED},
        "bounds": [bound.as_json(worlds) for bound in bounds],
        "met": all(bound.met(counts, worlds) for bound in bounds),
    }
