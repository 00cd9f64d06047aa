"""How a record is judged by the claims, at margins declared beforehand.

A claim is judged in cells, one a width factor, and, where the paper says that an effect grows as α falls, as a trend.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from overparam.config.studies import alpha_label
from overparam.metrics.stats import Outcome
from overparam.study.quantities import Contrast
from overparam.study.record import Record
from overparam.study.widths import beside, width_of
from overparam.verdicts.claims import CLAIMS, Claim, cells
from overparam.verdicts.controls import CONTROLS
from overparam.verdicts.equal_fit import budgets_read, judge_at_equal_fit
from overparam.verdicts.findings import Finding, every, greater, grows, not_above
from overparam.verdicts.gates import assay_complaint, edge_complaint, penalty_complaint
from overparam.verdicts.margins import Preregistration


def cell_id(claim: str, task: str, arch: str, scale: str, alpha: Fraction | None) -> str:
    """What a cell's test is called, for ``pytest claims -k``."""
    return "-".join([claim, task, arch, scale, "trend" if alpha is None else alpha_label(alpha)])


@dataclass(frozen=True)
class Judgement:
    """One line of the scoreboard: a claim in one cell, or its trend (``alpha`` None), in one study.

    ``confirmation`` and ``refutation`` are p-values, of this cell alone, for the claim and against it; both are 1 where
    a gate withholds the verdict. ``width`` is how wide a network is there in absolute terms, None of trends.
    """

    claim: str
    task: str
    arch: str
    alpha: str | None
    scale: str
    evidence: str
    replicates: int
    effect: float
    lower: float | None
    upper: float | None
    margin: float
    verdict: Outcome
    confirmation: float
    refutation: float
    why: str
    confounded: bool
    preregistration: str
    width: str | None

    @classmethod
    def of(
        cls,
        verdict: Finding,
        preregistration: Preregistration,
        *,
        alpha: Fraction | None,
        width: str | None,
        confounded: bool,
        **about: str,
    ) -> "Judgement":
        """The line that a verdict makes; ``about`` names claim, task, arch, scale and evidence."""
        return cls(
            **about,
            alpha=None if alpha is None else str(alpha),
            replicates=len(verdict.effect.values),
            effect=verdict.effect.mean,
            lower=finite(verdict.effect.lower),
            upper=finite(verdict.effect.upper),
            margin=verdict.margin,
            verdict=verdict.outcome,
            confirmation=verdict.confirmation,
            refutation=verdict.refutation,
            why=verdict.why,
            confounded=confounded,
            preregistration=preregistration.sha256,
            width=width,
        )

    @property
    def holds(self) -> bool:
        """True if the claim holds here with 95 % confidence."""
        return self.verdict == "holds"

    @property
    def place(self) -> str:
        """The width that the line is about, ``1/16 (1 ch)``, or "trend"."""
        return "trend" if self.alpha is None or self.width is None else beside(self.alpha, self.width)

    @property
    def cell(self) -> tuple[str, ...]:
        """What the line is about, whatever it says."""
        return (self.claim, self.task, self.arch, self.alpha or "trend", self.scale)

    def as_json(self) -> dict[str, Any]:
        """Plain values; bounds that do not exist are null."""
        return asdict(self)


def judge(
    claim: Claim, record: Record, alpha: Fraction | None, preregistration: Preregistration, *, evidence: str
) -> Judgement:
    """Judge a claim in one cell of a record, or its trend for ``alpha`` None; gates included."""
    lag = record.train_accuracy(Fraction(1)) - min(record.train_accuracy(a) for a in _widths(claim, record, alpha))
    return Judgement.of(
        verdict_of(claim, record, alpha, preregistration),
        preregistration,
        claim=claim.id,
        task=record.task,
        arch=record.arch,
        alpha=alpha,
        width=None if alpha is None else width_of(record, alpha).absolute,
        scale=record.scale,
        evidence=evidence,
        confounded=bool(claim.hinges_on_fit and lag > preregistration.training_accuracy),
    )


def verdict_of(claim: Claim, record: Record, alpha: Fraction | None, preregistration: Preregistration) -> Finding:
    """What a record says of a claim in one cell, or of its trend for ``alpha`` None; gates included."""
    verdict = inequality_of(claim, record, alpha, preregistration)
    complaint = withheld(claim, record, alpha, preregistration)
    return verdict.inconclusive(complaint) if complaint else verdict


def inequality_of(
    claim: Claim, record: Record, alpha: Fraction | None, preregistration: Preregistration, factor: float = 1.0
) -> Finding:
    """What the numbers alone say, at a factor on every cross-validated ridge penalty."""
    margin = getattr(preregistration, claim.unit)
    if alpha is None:
        return _trend(claim, record, margin, preregistration.slope_share, factor)
    if claim.at_budget is not None:
        return judge_at_equal_fit(record, alpha, partial(claim.at_budget, alpha), margin, preregistration, factor)
    if claim.least:
        return _least(claim, record, alpha, margin, factor)
    return _compare(claim, record, alpha, margin, factor)


def withheld(claim: Claim, record: Record, alpha: Fraction | None, preregistration: Preregistration) -> str | None:
    """Why a gate withholds a verdict, whatever the numbers say; None if none does."""
    if claim.at_budget is not None and alpha is not None:
        compared = [claim.at_budget(alpha, budget) for budget in budgets_read(record, alpha)]
    else:
        widths = claim.alphas(networks(record)) if alpha is None or claim.least else [alpha]
        compared = [claim.effect(a) for a in widths]
    complaint = edge_complaint(record, compared)
    if complaint is None and claim.assayed and len(record.replicates) > 1:  # one tells nothing in any case, and says so
        complaint = assay_complaint(record, claim, getattr(preregistration, claim.unit))
    return complaint or penalty_complaint(
        lambda factor: inequality_of(claim, record, alpha, preregistration, factor), several=claim.several(alpha)
    )


def _widths(claim: Claim, record: Record, alpha: Fraction | None) -> list[Fraction]:
    return claim.alphas(networks(record)) if alpha is None else [alpha]


def judge_record(
    record: Record,
    preregistration: Preregistration,
    *,
    evidence: str,
    claims: Mapping[str, Claim] = CLAIMS | CONTROLS,
) -> list[Judgement]:
    """Every claim and control in every cell of a record; of records apart, ``CONTROLS_APART`` or ``AT_EQUAL_FIT``."""
    return [
        judge(claim, record, alpha, preregistration, evidence=evidence)
        for claim in claims.values()
        for alpha in cells(claim, networks(record))
    ]


def networks(record: Record) -> dict[Fraction, int]:
    """How many networks a record measured at each width factor, in each replicate."""
    return {alpha: len(entry["train_accuracy"][0]) for alpha, entry in record.networks.items()}


def _compare(claim: Claim, record: Record, alpha: Fraction, margin: float, factor: float) -> Finding:
    effect = record.effect(claim.effect(alpha), factor)
    return greater(effect, margin) if claim.direction == "above" else not_above(effect, margin)


def _least(claim: Claim, record: Record, alpha: Fraction, margin: float, factor: float) -> Finding:
    """The effect compared with the margin, and with the effect at every narrower width, which must be greater."""
    beyond = []
    for narrower in claim.alphas(networks(record)):
        if narrower < alpha:
            more = greater(record.effect(claim.effect(narrower) - claim.effect(alpha), factor), 0.0)
            beyond.append(more.of(f"how much greater the effect is at α = {narrower}"))
    return every([_compare(claim, record, alpha, margin, factor), *beyond])


def _trend(claim: Claim, record: Record, margin: float, slope_share: float, factor: float) -> Finding:
    """The least-squares slope of the effect on log2(1/α), and its steps between adjacent widths."""
    alphas = claim.alphas(networks(record))
    halvings = np.array([np.log2(float(1 / alpha)) for alpha in alphas])
    centred = halvings - halvings.mean()
    slope = Contrast({})
    for weight, alpha in zip(centred / np.sum(centred**2), alphas, strict=True):
        slope = slope + float(weight) * claim.effect(alpha)
    steps = {
        f"step from α = {wider} to {narrower}": record.effect(claim.effect(narrower) - claim.effect(wider), factor)
        for wider, narrower in pairwise(alphas)
    }
    return grows(record.effect(slope, factor), steps, slope_share * margin, margin)


def finite(value: float) -> float | None:
    """A bound as JSON has it: null where it does not exist."""
    return value if np.isfinite(value) else None
