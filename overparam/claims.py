"""The paper's claims as inequalities between measured quantities."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from overparam.quantities import FP, FSE, M_1, M_1_PRIME, Contrast, R, S, S_prime

HALF = Fraction(1, 2)
QUARTER = Fraction(1, 4)


@dataclass(frozen=True)
class Claim:
    """A statement of the paper as an inequality.

    Attributes:
        id: its name everywhere.
        figure: of the paper.
        statement: in words.
        effect: by α, the measured difference that is compared with the margin.
        direction: whether the effect is claimed to be above the margin, or not above it.
        unit: which margin: of span errors or of accuracies.
        widest: the widest α that it is claimed for.
        grows: whether it is claimed to grow as α falls.
    """

    id: str
    figure: str
    statement: str
    effect: Callable[[Fraction], Contrast]
    direction: Literal["above", "not above"]
    unit: Literal["span", "accuracy"]
    widest: Fraction
    grows: bool

    def alphas(self, available: Iterable[Fraction]) -> list[Fraction]:
        """The narrow width factors among ``available`` that the claim is about, from the widest down."""
        return sorted((alpha for alpha in available if alpha <= self.widest), reverse=True)


def _span_over(alpha: Fraction) -> Contrast:
    return FSE(S(alpha), M_1) - FSE(M_1_PRIME, M_1)


CLAIMS = {
    claim.id: claim
    for claim in (
        Claim(
            "span-over",
            "1",
            "a concatenation of narrow networks does not span the wide network's features",
            _span_over,
            "above",
            "span",
            QUARTER,
            grows=True,
        ),
        Claim(
            "span-mild",
            "1",
            "networks of half the width nearly span the wide network's features, better than any narrower ones",
            _span_over,
            "not above",
            "span",
            HALF,
            grows=False,
        ),
        Claim(
            "span-under",
            "2",
            "the wide network does not span the features of narrow ones",
            lambda alpha: FSE(M_1, S_prime(alpha)) - FSE(S(alpha), S_prime(alpha)),
            "above",
            "span",
            HALF,
            grows=True,
        ),
        Claim(
            "performance",
            "3",
            "the wide network's features classify better than as many features of narrow ones",
            lambda alpha: FP(M_1) - FP(S(alpha)),
            "above",
            "accuracy",
            HALF,
            grows=True,
        ),
        Claim(
            "residuals-aid",
            "4a, b",
            "what narrow networks do not span of the wide one helps them to classify",
            lambda alpha: FP(S(alpha), R(S(alpha), M_1)) - FP(S(alpha)),
            "above",
            "accuracy",
            HALF,
            grows=True,
        ),
        Claim(
            # For any ridge map, S_α and its residuals span what S_α and the target span, so another S_α′ helps as well.
            "residuals-specific",
            "4a, b",
            "what narrow networks do not span of the wide one helps them more than what they miss of other narrow ones",
            lambda alpha: FP(S(alpha), R(S(alpha), M_1)) - FP(S(alpha), R(S(alpha), S_prime(alpha))),
            "above",
            "accuracy",
            HALF,
            grows=False,
        ),
        Claim(
            "residuals-redundant",
            "4c, d",
            "what the wide network does not span of narrow ones does not help it to classify",
            lambda alpha: FP(M_1, R(M_1, S(alpha))) - FP(M_1),
            "not above",
            "accuracy",
            HALF,
            grows=False,
        ),
    )
}


def cells(claim: Claim, alphas: Iterable[Fraction]) -> list[Fraction | None]:
    """What a claim is judged on, given a scale's narrow width factors: each α, and None for the trend."""
    chosen: list[Fraction | None] = list(claim.alphas(alphas))
    if claim.id == "span-mild":
        return [alpha for alpha in chosen if alpha == HALF]
    return [*chosen, None] if claim.grows and len(chosen) > 1 else chosen
