"""A sceptic's controls of the claims, and the claims at equal fit, as inequalities of the same kind."""

from collections.abc import Sequence
from dataclasses import replace

from overparam.study.budgets.quantities import W, W_prime
from overparam.study.controls.quantities import FSE_best, FSE_nonlinear, FSE_untrained, stitched, unseen
from overparam.study.feature_blocks import (
    M_1,
    M_1_PRIME,
    Concatenation,
    R,
    S,
    S_matched,
    S_prime,
    as_many_parameters,
    twice_as_wide,
)
from overparam.study.quantities import FP, FSE
from overparam.study.record import Record
from overparam.verdicts.claims import (
    CLAIMS,
    HALF,
    PERFORMANCE,
    QUARTER,
    RESIDUALS_AID,
    RESIDUALS_REDUNDANT,
    SPAN_OVER,
    STUDIES,
    Claim,
    with_probe,
)
from overparam.verdicts.gates import Gate, WorkingProbe
from overparam.verdicts.inequalities import Above, AtEqualFit, NotAbove, OfEffect
from overparam.verdicts.widths import Narrow

# What a sceptic asks: are narrow networks merely short of parameters?
CONTROLS = {
    control.id: control
    for control in (
        Claim(
            "span-over-matched-parameters",
            "1",
            "narrow networks with as many parameters as the wide one do not span its features",
            Above(lambda alpha: FSE(S_matched(alpha), M_1) - FSE(M_1_PRIME, M_1), "span"),
            Narrow(QUARTER, as_many_parameters, evenly=False),
            STUDIES,
        ),
        Claim(
            "performance-matched-parameters",
            "3",
            "the wide network's features classify better than narrow ones with as many parameters",
            Above(lambda alpha: FP(M_1) - FP(S_matched(alpha)), "accuracy"),
            Narrow(HALF, as_many_parameters, evenly=False),
            STUDIES,
        ),
    )
}


def _at_equal_fit(claim: Claim[Record], inequality: AtEqualFit) -> Claim[Record]:
    """The claim, of wide networks that are trained so little that they fit as badly as narrow ones."""
    return replace(
        claim,
        id=f"{claim.id}-equal-fit",
        statement=f"{claim.statement}, where it fits its training data no better than they do",
        inequality=inequality,
        trend=None,
        by_fit=False,
    )


# Is it width, or are narrow networks merely trained less well? Kept in a record apart, of wide networks W and W′ that
# are trained for fewer epochs. Target and rival are both at the narrow networks' fit: a worse rival alone favours S_α.
AT_EQUAL_FIT = {
    claim.id: claim
    for claim in (
        _at_equal_fit(CLAIMS["span-over"], AtEqualFit(lambda a, b: FSE(S(a), W(b)) - FSE(W_prime(b), W(b)), "span")),
        _at_equal_fit(
            CLAIMS["span-under"], AtEqualFit(lambda a, b: FSE(W(b), S_prime(a)) - FSE(S(a), S_prime(a)), "span")
        ),
        _at_equal_fit(CLAIMS["performance"], AtEqualFit(lambda a, b: FP(W(b)) - FP(S(a)), "accuracy")),
        _at_equal_fit(CLAIMS["residuals-aid"], AtEqualFit(lambda a, b: FP(S(a), R(S(a), W(b))) - FP(S(a)), "accuracy")),
        _at_equal_fit(
            CLAIMS["residuals-specific"],
            AtEqualFit(lambda a, b: FP(S(a), R(S(a), W(b))) - FP(S(a), R(S(a), S_prime(a))), "accuracy"),
        ),
    )
}


def _on_unseen(name: str, effect: OfEffect, gates: Sequence[Gate[Record]] = STUDIES) -> Claim[Record]:
    """A claim, of maps and probes that are fitted on examples that no network was trained on."""
    claim = CLAIMS[name]
    return replace(
        claim,
        id=f"{claim.id}-unseen",
        statement=f"{claim.statement}, where maps and probes are fitted on examples that no network has seen",
        inequality=effect.on(unseen),
        trend=None,
        gates=gates,
    )


# What takes measurements of its own, kept in a record apart: is the gap one of ridge maps, of training, of numbers?
CONTROLS_APART = {
    control.id: control
    for control in (
        Claim(
            "span-over-best-penalty",
            "1",
            "narrow networks do not span the wide one's features at the ridge penalty that suits them best either",
            Above(lambda alpha: FSE_best(S(alpha)) - FSE_best(M_1_PRIME), "span"),
            Narrow(QUARTER),
            STUDIES,
        ),
        Claim(
            "span-over-nonlinear",
            "1",
            "narrow networks give less of the wide one's features even to a nonlinear map",
            Above(lambda alpha: FSE_nonlinear(S(alpha)) - FSE_nonlinear(M_1_PRIME), "span"),
            Narrow(QUARTER),
            STUDIES,
        ),
        Claim(
            "span-over-twice-as-many",
            "1",
            "twice as many narrow networks do not span the wide one's features",
            Above(lambda alpha: FSE(Concatenation(alpha, twice_as_wide(alpha)), M_1) - FSE(M_1_PRIME, M_1), "span"),
            Narrow(QUARTER, twice_as_wide),
            STUDIES,
        ),
        Claim(
            "span-over-comes-with-training",
            "1",
            "before training narrow networks span the wide one's features as well as another wide one does",
            NotAbove(lambda alpha: FSE_untrained(S(alpha)) - FSE_untrained(M_1_PRIME), "span"),
            Narrow(QUARTER),
            STUDIES,
            by_fit=False,
        ),
        Claim(
            "performance-stitched",
            "3",
            "the wide network's readout works less well on what narrow networks predict of its features",
            Above(lambda alpha: stitched(M_1_PRIME) - stitched(S(alpha)), "accuracy"),
            Narrow(HALF),
            STUDIES,
        ),
        _on_unseen("span-over", SPAN_OVER),
        _on_unseen("performance", PERFORMANCE),
        _on_unseen("residuals-aid", RESIDUALS_AID, with_probe(WorkingProbe(fitted=unseen))),
        _on_unseen("residuals-redundant", RESIDUALS_REDUNDANT, with_probe(WorkingProbe(planted=True, fitted=unseen))),
    )
}
