"""The paper's claims as inequalities between measured quantities."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic

from overparam.study.feature_blocks import M_1, M_1_PRIME, R, S, S_prime, twice_as_wide
from overparam.study.quantities import FP, FSE, Contrast
from overparam.study.record import Record
from overparam.verdicts import inequalities
from overparam.verdicts.gates import Admission, Gate, GridEdge, PenaltySensitivity, WorkingProbe
from overparam.verdicts.inequalities import Above, Grows, Inequality, Least, NotAbove, OfEffect
from overparam.verdicts.widths import Members, Narrow, WidestOf, Widths

HALF = Fraction(1, 2)
QUARTER = Fraction(1, 4)
STUDIES: tuple[Gate[Record], ...] = (
    Admission(),
    GridEdge(),
    PenaltySensitivity(),
)  # what every verdict on a study passes


def with_probe(probe: WorkingProbe) -> tuple[Gate[Record], ...]:
    """The gates of what asks if further features help a probe, which must be seen to be one that could tell."""
    *first, last = STUDIES
    return (*first, probe, last)


@dataclass(frozen=True)
class Claim(Generic[inequalities.R]):
    """A statement of the paper as an inequality, judged at each of some widths, and perhaps in its trend over them.

    Attributes:
        id: its name everywhere.
        figure: of the paper.
        statement: in words.
        inequality: at one width.
        widths: which.
        gates: that may withhold its verdict.
        trend: the inequality over all widths, where the paper says that an effect grows as α falls.
        by_fit: whether narrow networks that fit their training data less well could be the cause of the effect.
        ours: whether it is this suite's own, and not the paper's.
    """

    id: str
    figure: str
    statement: str
    inequality: Inequality[inequalities.R]
    widths: Widths
    gates: Sequence[Gate[inequalities.R]]
    trend: Inequality[inequalities.R] | None = None
    by_fit: bool = True
    ours: bool = False

    def cells(self, members: Members) -> list[Fraction | None]:
        """What it is judged on, given the networks at each width factor: each α, and None for the trend."""
        judged = self.widths.judged(members)
        return [*judged, None] if self.trend and len(judged) > 1 else [*judged]

    def at(self, alpha: Fraction | None, members: Members) -> tuple[Inequality[inequalities.R], list[Fraction]]:
        """The inequality of one cell, and the widths that it is about, from that one down."""
        about = self.widths.about(members)
        if alpha is not None:
            return self.inequality, [alpha, *(narrower for narrower in about if narrower < alpha)]
        if self.trend is None:
            raise ValueError(f"{self.id} is not judged in its trend")
        return self.trend, about

    def rests_on(self, record: inequalities.R, alpha: Fraction | None, members: Members) -> list[Contrast]:
        """What must be measured for the verdict of one cell: what it compares, and what its gates look at."""
        inequality, widths = self.at(alpha, members)
        return [*inequality.compared(record, widths), *(contrast for gate in self.gates for contrast in gate.reads)]

    @property
    def words(self) -> str:
        """The measured inequality, with α for the width factor and δ for the margin."""
        return f"{self.inequality}{', growing as α falls' if self.trend else ''}"


def _claim(
    name: str,
    figure: str,
    statement: str,
    inequality: OfEffect,
    widths: Narrow,
    *,
    gates: Sequence[Gate[Record]] = STUDIES,
    grows: bool = False,
    ours: bool = False,
) -> Claim[Record]:
    trend = Grows(inequality.effect, inequality.unit) if grows else None
    return Claim(name, figure, statement, inequality, widths, gates, trend, ours=ours)


SPAN_OVER = Above(lambda alpha: FSE(S(alpha), M_1) - FSE(M_1_PRIME, M_1), "span")
PERFORMANCE = Above(lambda alpha: FP(M_1) - FP(S(alpha)), "accuracy")
RESIDUALS_AID = Above(lambda alpha: FP(S(alpha), R(S(alpha), M_1)) - FP(S(alpha)), "accuracy")
RESIDUALS_REDUNDANT = NotAbove(lambda alpha: FP(M_1, R(M_1, S(alpha))) - FP(M_1), "accuracy")

CLAIMS = {
    claim.id: claim
    for claim in (
        _claim(
            "span-over",
            "1",
            "a concatenation of narrow networks does not span the wide network's features",
            SPAN_OVER,
            Narrow(QUARTER),
            grows=True,
        ),
        _claim(
            "span-mild",
            "1",
            "networks of half the width nearly span the wide network's features, better than any narrower ones",
            Least(SPAN_OVER.effect, "span"),
            WidestOf(HALF),
        ),
        _claim(
            "span-under",
            "2",
            "the wide network does not span the features of narrow ones",
            Above(lambda alpha: FSE(M_1, S_prime(alpha)) - FSE(S(alpha), S_prime(alpha)), "span"),
            Narrow(HALF, twice_as_wide, evenly=False),
            grows=True,
        ),
        _claim(
            "performance",
            "3",
            "the wide network's features classify better than as many features of narrow ones",
            PERFORMANCE,
            Narrow(HALF),
            grows=True,
        ),
        _claim(
            "residuals-aid",
            "4a, b",
            "what narrow networks do not span of the wide one helps them to classify",
            RESIDUALS_AID,
            Narrow(HALF, evenly=False),
            gates=with_probe(WorkingProbe()),
            grows=True,
        ),
        _claim(
            # For any ridge map, S_α and its residuals span what S_α and the target span, so another S_α′ helps as well.
            "residuals-specific",
            "4a, b",
            "what narrow networks do not span of the wide one helps them more than what they miss of other narrow ones",
            Above(lambda alpha: FP(S(alpha), R(S(alpha), M_1)) - FP(S(alpha), R(S(alpha), S_prime(alpha))), "accuracy"),
            Narrow(HALF, twice_as_wide, evenly=False),
            gates=with_probe(WorkingProbe()),
            ours=True,
        ),
        _claim(
            "residuals-redundant",
            "4c, d",
            "what the wide network does not span of narrow ones does not help it to classify",
            RESIDUALS_REDUNDANT,
            Narrow(HALF, evenly=False),
            gates=with_probe(WorkingProbe(planted=True)),
        ),
    )
}
