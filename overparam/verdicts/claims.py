"""The paper's claims as inequalities between measured quantities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from overparam.study.quantities import FP, FSE, M_1, M_1_PRIME, Contrast, R, S, S_prime

HALF = Fraction(1, 2)
QUARTER = Fraction(1, 4)


def twice_as_many(alpha: Fraction) -> int:
    """Networks of a width factor that make two concatenations: 2/α."""
    return 2 * alpha.denominator


def as_many_parameters(alpha: Fraction) -> int:
    """Networks of a width factor that have about as many parameters as the wide one: 1/α²."""
    return alpha.denominator**2


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
        least: whether it is claimed at the widest α alone, and to be less there than at any narrower one.
        copies: by α, how many networks M_α a cell needs.
        at_budget: by α and epochs, the effect with wide networks in the place of M_1 that were trained for so many; of
            a claim at equal fit, which reads it off where they fit as badly as narrow ones.
        assayed: whether it asks if further features help a probe, which must be seen to be one that could tell.
        trained: whether it is about networks after training.
        fitted: what its quantities are called, being fitted on some examples or others.
        ours: whether it is this suite's own, and not the paper's.
    """

    id: str
    figure: str
    statement: str
    effect: Callable[[Fraction], Contrast]
    direction: Literal["above", "not above"]
    unit: Literal["span", "accuracy"]
    widest: Fraction
    grows: bool = False
    least: bool = False
    copies: Callable[[Fraction], int] = lambda alpha: alpha.denominator
    at_budget: Callable[[Fraction, float], Contrast] | None = None
    assayed: bool = False
    trained: bool = True
    fitted: Callable[[Contrast], Contrast] = lambda contrast: contrast
    ours: bool = False

    def several(self, alpha: Fraction | None) -> bool:
        """Whether a verdict at a width factor, or on the trend for None, stands on several effects."""
        return alpha is None or self.least or self.at_budget is not None

    @property
    def hinges_on_fit(self) -> bool:
        """Whether narrow networks that fit their training data less well could be the cause of the effect."""
        return self.trained and self.at_budget is None

    @property
    def inequality(self) -> str:
        """The measured inequality, with α for the width factor and δ for the margin."""
        contrast = self.at_budget(QUARTER, 0) if self.at_budget else self.effect(QUARTER)
        effect = str(contrast).replace(" after 0", "").replace(f"({as_many_parameters(QUARTER)})", "(1/α²)")
        effect = effect.replace(f"({twice_as_many(QUARTER)})", "(2/α)").replace(str(QUARTER), "α")
        grows = ", growing as α falls" if self.grows else ""
        least = ", and less than at every narrower α" if self.least else ""
        less = ", with W and W′ wide networks trained until they fit as M_α does" if self.at_budget else ""
        return f"{effect} {'>' if self.direction == 'above' else 'not >'} δ{grows}{least}{less}"

    def alphas(self, copies: Mapping[Fraction, int]) -> list[Fraction]:
        """The narrow width factors that the claim is about, from the widest down, given the networks at each."""
        enough = (alpha for alpha, count in copies.items() if alpha <= self.widest and count >= self.copies(alpha))
        return sorted(enough, reverse=True)


def _span_over(alpha: Fraction) -> Contrast:
    return FSE(S(alpha), M_1) - FSE(M_1_PRIME, M_1)


def _performance(alpha: Fraction) -> Contrast:
    return FP(M_1) - FP(S(alpha))


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
            least=True,
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
            copies=twice_as_many,
        ),
        Claim(
            "performance",
            "3",
            "the wide network's features classify better than as many features of narrow ones",
            _performance,
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
            assayed=True,
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
            assayed=True,
            copies=twice_as_many,
            ours=True,
        ),
        Claim(
            "residuals-redundant",
            "4c, d",
            "what the wide network does not span of narrow ones does not help it to classify",
            lambda alpha: FP(M_1, R(M_1, S(alpha))) - FP(M_1),
            "not above",
            "accuracy",
            HALF,
            assayed=True,
        ),
    )
}


# What a sceptic asks: are narrow networks merely short of parameters?


def cells(claim: Claim, copies: Mapping[Fraction, int]) -> list[Fraction | None]:
    """What a claim is judged on, given the networks at each width factor: each α, and None for the trend."""
    chosen: list[Fraction | None] = list(claim.alphas(copies))
    if claim.least:
        return chosen[:1] if claim.widest in chosen[:-1] else []
    return [*chosen, None] if claim.grows and len(chosen) > 1 else chosen
