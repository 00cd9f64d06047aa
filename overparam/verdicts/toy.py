"""The claims of the paper's toy setting, and how they are judged.

Shares of neurons and alignments are judged like other effects, over seeds that share nothing; a verdict must be the
same at every alignment threshold.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from overparam.metrics.stats import Outcome
from overparam.study.quantities import Contrast
from overparam.study.widths import NEURONS, Width
from overparam.toy.record import ToyRecord, activated, best_alignment
from overparam.toy.spec import NO_PRODUCT, ToySpec
from overparam.verdicts.findings import Finding, every, greater, not_above
from overparam.verdicts.judge import Judgement
from overparam.verdicts.margins import Preregistration

TASK, ARCHITECTURE, SCALE = "toy", "two-layer", "smoke"
ONE = Fraction(1)
COLLAPSING = (Fraction(1, 200), Fraction(1, 300))  # of which the paper says so


@dataclass(frozen=True)
class ToyClaim:
    """A statement of the paper about the toy setting.

    Attributes:
        id: its name everywhere.
        figure: of the paper.
        statement: in words.
        inequality: what is measured, with δ for the margin.
        alphas: the width factors that it is judged at, among those of the toy.
        judge: verdict from record, width factor, alignment threshold and margins.
    """

    id: str
    figure: str
    statement: str
    inequality: str
    alphas: Callable[[ToySpec], list[Fraction]]
    judge: Callable[[ToyRecord, Fraction, float, Preregistration], Finding]


def _share(record: ToyRecord, plane: str, alpha: Fraction, threshold: float, margins: Preregistration) -> Finding:
    return greater(record.effect(Contrast({activated(plane, alpha, threshold): 1.0})), margins.neurons)


def _addition(record: ToyRecord, alpha: Fraction, threshold: float, margins: Preregistration) -> Finding:
    return _share(record, "addition", alpha, threshold, margins)


def _collapse(record: ToyRecord, alpha: Fraction, threshold: float, margins: Preregistration) -> Finding:
    """Narrow networks lose what the wide one has: where it has nothing, nothing collapses."""
    narrow = record.effect(Contrast({activated("product", alpha, threshold): 1.0}))
    wide = _share(record, "product", ONE, threshold, margins).of("share in the wide network")
    return every([not_above(narrow, margins.neurons), wide])


def _alignment(record: ToyRecord, alpha: Fraction, threshold: float, margins: Preregistration) -> Finding:
    parts = []
    for plane in ("product", "addition"):
        best = record.effect(Contrast({best_alignment(plane, alpha): 1.0}))
        rise = record.effect(Contrast({best_alignment(plane, alpha, rise=True): 1.0}))
        parts += [greater(best, margins.alignment).of(plane), greater(rise, 0.0).of(f"rise in training, {plane}")]
    return every(parts)


def _needs_product(record: ToyRecord, alpha: Fraction, threshold: float, margins: Preregistration) -> Finding:
    """The collapse is judged where it cannot be: it must be refuted."""
    collapse = _collapse(record.control(NO_PRODUCT), alpha, threshold, margins)
    turned: dict[Outcome, Outcome] = {"refuted": "holds", "holds": "refuted", "inconclusive": "inconclusive"}
    why = f"without a product toy-collapse is {collapse.outcome}: {collapse.why}"
    return replace(
        collapse,
        outcome=turned[collapse.outcome],
        why=why,
        refutation=collapse.confirmation,
        confirmation=collapse.refutation,
    )


TOY_CLAIMS = {
    claim.id: claim
    for claim in (
        ToyClaim(
            "toy-addition",
            "5a",
            "wide and narrow networks keep neurons that the added signals activate",
            "share of neurons activated by v_1, v_2 > δ",
            lambda spec: list(spec.alphas),
            _addition,
        ),
        ToyClaim(
            "toy-collapse",
            "5b",
            "the narrowest networks keep no neuron that the multiplied signals activate, and the wide one does",
            "share of neurons activated by v_3, v_4 not > δ, and > δ at α = 1",
            lambda spec: [alpha for alpha in spec.alphas if alpha in COLLAPSING],
            _collapse,
        ),
        ToyClaim(
            "toy-alignment",
            "5c",
            "the best neurons of the wide network turn to each pair of signals in training",
            "best alignment with the plane of each pair > δ, and greater than before training",
            lambda spec: [ONE],
            _alignment,
        ),
    )
}


TOY_CONTROLS = {
    control.id: control
    for control in (
        ToyClaim(
            "toy-collapse-needs-product",
            "5b",
            "where the target has no product, there is nothing to lose, and no collapse is found",
            "toy-collapse is refuted where c = 0",
            lambda spec: [min(spec.alphas)],
            _needs_product,
        ),
    )
}


def width_of(record: ToyRecord, alpha: Fraction) -> Width:
    """How many neurons each of the networks of a width factor has."""
    return Width(alpha, int(alpha * record.spec["neurons"]), NEURONS)


def judge_toy(
    claim: ToyClaim, record: ToyRecord, alpha: Fraction, preregistration: Preregistration, *, evidence: str
) -> Judgement:
    """Judge a claim at one width, at the spec's threshold; inconclusive if another threshold says otherwise."""
    chosen = record.spec["threshold"]
    verdict = claim.judge(record, alpha, chosen, preregistration)
    others = {at: claim.judge(record, alpha, at, preregistration).outcome for at in record.spec["thresholds"]}
    at = next((at for at, outcome in others.items() if outcome != verdict.outcome), None)
    if at is not None:
        changed = f"alignment: {verdict.outcome} at the threshold {chosen:g}, {others[at]} at {at:g}"
        verdict = verdict.inconclusive(changed)
    return Judgement.of(
        verdict,
        preregistration,
        claim=claim.id,
        task=TASK,
        arch=ARCHITECTURE,
        alpha=alpha,
        width=width_of(record, alpha).absolute,
        scale=SCALE,
        evidence=evidence,
        confounded=False,
    )


def judge_toy_record(
    record: ToyRecord, spec: ToySpec, preregistration: Preregistration, *, evidence: str
) -> list[Judgement]:
    """Every claim and control of the toy setting at every width that it is about."""
    return [
        judge_toy(claim, record, alpha, preregistration, evidence=evidence)
        for claim in (*TOY_CLAIMS.values(), *TOY_CONTROLS.values())
        for alpha in claim.alphas(spec)
    ]
