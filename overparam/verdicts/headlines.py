"""What is said of claims in a line: where each holds, and how many do; at equal and at unequal fit apart.

A line on one claim lists its cells as they were judged, each at 5 %. A count looks at all cells of a study, of which
some would hold by chance: in it a cell is decided only at 5 % over all of them together (Holm 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import or_
from typing import Literal

import numpy as np

from overparam.metrics.stats import LEVEL
from overparam.toy.record import TASK
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT
from overparam.verdicts.judge import Judgement
from overparam.verdicts.toy import TOY_CLAIMS

COUNTED = CLAIMS | AT_EQUAL_FIT | TOY_CLAIMS
FIT_UNKNOWN = (TASK, "own")  # tasks in which nobody compares how well networks fit their training data
SAID = {"holds": "holds", "refuted": "refuted", "inconclusive": "not established"}

Kind = Literal["refuted", "inconclusive", "partly", "holds"]
KINDS: tuple[Kind, ...] = ("refuted", "inconclusive", "partly", "holds")  # from the least favourable
Fit = Literal["at equal fit", "at unequal fit", "whatever the fit"]
FITS: tuple[Fit, ...] = ("whatever the fit", "at equal fit", "at unequal fit")


@dataclass(frozen=True)
class Line:
    """One claim: where it holds, is refuted and is not established, in words; and one word for it all."""

    words: str
    kind: Kind


@dataclass(frozen=True)
class Count:
    """The claims that have cells at one fit, each by those cells, at 5 % over all cells that were counted together."""

    fit: Fit
    lines: Mapping[str, Line]

    def of(self, kind: Kind) -> list[str]:
        """The claims that are of one kind."""
        return [claim for claim, line in self.lines.items() if line.kind == kind]

    @property
    def words(self) -> str:
        """Such as "at equal fit 2 of 5 claims hold"."""
        fit = "" if self.fit == "whatever the fit" else f"{self.fit} "
        return f"{fit}{len(self.of('holds'))} of {len(self.lines)} claims hold"


def line(judgements: Sequence[Judgement]) -> Line:
    """Where one claim holds, at which fit; of several architectures the least favourable.

    A claim holds if it does in every cell, its trend among them, and partly if at some width; else it is refuted if it
    is in any cell, and not established if in none.

    Args:
        judgements: of one claim, at 5 % each or over several together.
    """
    kind, members = _least_favourable(judgements)
    by_fit = {fit: [member for member in members if fit_of(member) == fit] for fit in FITS}
    said = [f"{'at unequal fit ' * (fit == 'at unequal fit')}{_where(cells)}" for fit, cells in by_fit.items() if cells]
    return Line("; ".join(said), kind)


def counts(judgements: Sequence[Judgement]) -> list[Count]:
    """How many of the paper's claims hold at each fit at which any is judged, at 5 % over all their cells together.

    Args:
        judgements: of one study or several, controls among them; these are not counted.
    """
    decided = over_all([judgement for judgement in judgements if judgement.claim in COUNTED])
    found = []
    for fit in FITS:
        by_claim: dict[str, list[Judgement]] = {}
        for judgement in decided:
            if fit_of(judgement) == fit:
                by_claim.setdefault(judgement.claim, []).append(judgement)
        worst = {claim: _least_favourable(cells) for claim, cells in by_claim.items()}
        if worst:
            found.append(Count(fit, {claim: Line(_where(cells), kind) for claim, (kind, cells) in worst.items()}))
    return found


def over_all(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The same cells, inconclusive where they are not decided at 5 % over all of them together, in either direction."""
    confirmed = survivors([judgement.p_value for judgement in judgements])
    refuted = survivors([judgement.p_value_against for judgement in judgements])
    return [
        judgement if sure else replace(judgement, verdict="inconclusive")
        for judgement, sure in zip(judgements, map(or_, confirmed, refuted), strict=True)
    ]


def survivors(p_values: Sequence[float]) -> list[bool]:
    """Which of several p-values are below 5 % over all of them together: Holm's step-down.

    The k-th smallest of n, from 0, is compared with 0.05 / (n − k), as long as all smaller ones were below.
    """
    order = np.argsort(p_values, kind="stable")
    below = np.asarray(p_values)[order] < (1 - LEVEL) / np.arange(len(order), 0, -1)
    survived = np.zeros(len(order), dtype=bool)
    survived[order] = np.logical_and.accumulate(below)
    return survived.tolist()


def fit_of(judgement: Judgement) -> Fit:
    """At which fit a cell compares networks."""
    if judgement.task in FIT_UNKNOWN:
        return "whatever the fit"
    return "at unequal fit" if judgement.confounded else "at equal fit"


def _least_favourable(judgements: Sequence[Judgement]) -> tuple[Kind, list[Judgement]]:
    """Of the architectures, by kind and then by the number of widths at which the claim holds."""
    by_arch: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        by_arch.setdefault(judgement.arch, []).append(judgement)
    found: list[tuple[Kind, list[Judgement]]] = [(_kind(members), members) for members in by_arch.values()]
    return min(found, key=lambda each: (KINDS.index(each[0]), len(_widths(each[1], "holds"))))


def _kind(judgements: Sequence[Judgement]) -> Kind:
    if all(judgement.holds for judgement in judgements):
        return "holds"
    if _widths(judgements, "holds"):
        return "partly"
    return "refuted" if any(judgement.verdict == "refuted" for judgement in judgements) else "inconclusive"


def _where(judgements: Sequence[Judgement]) -> str:
    """Such as "holds at α = 1/4, 1/16, not established at α = 1/8, growth refuted"."""
    by_verdict = {word: _widths(judgements, verdict) for verdict, word in SAID.items()}
    said = [f"{word} at α = {', '.join(widths)}" for word, widths in by_verdict.items() if widths]
    return ", ".join([*said, *(f"growth {SAID[j.verdict]}" for j in judgements if j.alpha is None)])


def _widths(judgements: Sequence[Judgement], verdict: str) -> list[str]:
    """From the widest down."""
    found = [judgement.alpha for judgement in judgements if judgement.alpha and judgement.verdict == verdict]
    return sorted(found, key=Fraction, reverse=True)
