"""A sceptic's controls of the claims, and the claims at equal fit, as inequalities of the same kind."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from overparam.study.budgets.quantities import W, W_prime
from overparam.study.controls.quantities import FSE_best, FSE_nonlinear, FSE_untrained, concatenation, stitched, unseen
from overparam.study.quantities import FP, FSE, M_1, M_1_PRIME, Contrast, R, S, S_matched, S_prime
from overparam.verdicts.claims import CLAIMS, HALF, QUARTER, Claim, as_many_parameters, twice_as_many

CONTROLS = {
    control.id: control
    for control in (
        Claim(
            "span-over-matched-parameters",
            "1",
            "narrow networks with as many parameters as the wide one do not span its features",
            lambda alpha: FSE(S_matched(alpha), M_1) - FSE(M_1_PRIME, M_1),
            "above",
            "span",
            QUARTER,
            copies=as_many_parameters,
        ),
        Claim(
            "performance-matched-parameters",
            "3",
            "the wide network's features classify better than narrow ones with as many parameters",
            lambda alpha: FP(M_1) - FP(S_matched(alpha)),
            "above",
            "accuracy",
            HALF,
            copies=as_many_parameters,
        ),
    )
}


def _at_equal_fit(claim: Claim, at_budget: Callable[[Fraction, float], Contrast]) -> Claim:
    """The claim, of wide networks that are trained so little that they fit as badly as narrow ones."""
    return replace(
        claim,
        id=f"{claim.id}-equal-fit",
        statement=f"{claim.statement}, where it fits its training data no better than they do",
        at_budget=at_budget,
        grows=False,
    )


# Is it width, or are narrow networks merely trained less well? Kept in a record apart, of wide networks W and W′ that
# are trained for fewer epochs. Target and rival are both at the narrow networks' fit: a worse rival alone favours S_α.
AT_EQUAL_FIT = {
    claim.id: claim
    for claim in (
        _at_equal_fit(CLAIMS["span-over"], lambda a, b: FSE(S(a), W(b)) - FSE(W_prime(b), W(b))),
        _at_equal_fit(CLAIMS["span-under"], lambda a, b: FSE(W(b), S_prime(a)) - FSE(S(a), S_prime(a))),
        _at_equal_fit(CLAIMS["performance"], lambda a, b: FP(W(b)) - FP(S(a))),
        _at_equal_fit(CLAIMS["residuals-aid"], lambda a, b: FP(S(a), R(S(a), W(b))) - FP(S(a))),
        _at_equal_fit(
            CLAIMS["residuals-specific"], lambda a, b: FP(S(a), R(S(a), W(b))) - FP(S(a), R(S(a), S_prime(a)))
        ),
    )
}


def _on_unseen(claim: Claim) -> Claim:
    """The claim, of maps and probes that are fitted on examples that no network was trained on."""
    return replace(
        claim,
        id=f"{claim.id}-unseen",
        statement=f"{claim.statement}, where maps and probes are fitted on examples that no network has seen",
        effect=lambda alpha: unseen(claim.effect(alpha)),
        grows=False,
        fitted=unseen,
    )


# What takes measurements of its own, kept in a record apart: is the gap one of ridge maps, of training, of numbers?
CONTROLS_APART = {
    control.id: control
    for control in (
        Claim(
            "span-over-best-penalty",
            "1",
            "narrow networks do not span the wide one's features at the ridge penalty that suits them best either",
            lambda alpha: FSE_best(S(alpha)) - FSE_best(M_1_PRIME),
            "above",
            "span",
            QUARTER,
        ),
        Claim(
            "span-over-nonlinear",
            "1",
            "narrow networks give less of the wide one's features even to a nonlinear map",
            lambda alpha: FSE_nonlinear(S(alpha)) - FSE_nonlinear(M_1_PRIME),
            "above",
            "span",
            QUARTER,
        ),
        Claim(
            "span-over-twice-as-many",
            "1",
            "twice as many narrow networks do not span the wide one's features",
            lambda alpha: FSE(concatenation(alpha, twice_as_many(alpha)), M_1) - FSE(M_1_PRIME, M_1),
            "above",
            "span",
            QUARTER,
            copies=twice_as_many,
        ),
        Claim(
            "span-over-comes-with-training",
            "1",
            "before training narrow networks span the wide one's features as well as another wide one does",
            lambda alpha: FSE_untrained(S(alpha)) - FSE_untrained(M_1_PRIME),
            "not above",
            "span",
            QUARTER,
            trained=False,
        ),
        Claim(
            "performance-stitched",
            "3",
            "the wide network's readout works less well on what narrow networks predict of its features",
            lambda alpha: stitched(M_1_PRIME) - stitched(S(alpha)),
            "above",
            "accuracy",
            HALF,
        ),
        *(_on_unseen(CLAIMS[name]) for name in ("span-over", "performance", "residuals-aid", "residuals-redundant")),
    )
}


# Every claim and control that is judged on a study's networks.
ALL = CLAIMS | CONTROLS | AT_EQUAL_FIT | CONTROLS_APART
