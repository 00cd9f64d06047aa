"""How a record is judged by the claims, at margins declared beforehand.

A claim is judged in cells, one a width factor, and, where the paper says that an effect grows as α falls, as a trend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Protocol, TypeVar

import numpy as np

from overparam.config.studies import alpha_label
from overparam.metrics.stats import Outcome
from overparam.study.widths import Width, beside
from overparam.verdicts.claims import Claim
from overparam.verdicts.findings import Finding
from overparam.verdicts.margins import Preregistration


def cell_id(claim: str, task: str, arch: str, scale: str, alpha: Fraction | None) -> str:
    """What a cell's test is called, for ``pytest claims -k``."""
    return "-".join([claim, task, arch, scale, "trend" if alpha is None else alpha_label(alpha)])


@dataclass(frozen=True)
class Judgement:
    """One line of the scoreboard: a claim in one cell, or its trend (``alpha`` None), in one study.

    ``p_value`` is that for the claim, against its opposite, and ``p_value_against`` that against the claim, both of
    this cell alone; both are 1 where a gate withholds the verdict. ``effect`` is None where it could not be measured.
    ``width`` is how wide a network is there in absolute terms, None of trends.
    """

    claim: str
    task: str
    arch: str
    alpha: str | None
    scale: str
    evidence: str
    replicates: int
    effect: float | None
    lower: float | None
    upper: float | None
    margin: float
    verdict: Outcome
    p_value: float
    p_value_against: float
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
            effect=finite(verdict.effect.mean),
            lower=finite(verdict.effect.lower),
            upper=finite(verdict.effect.upper),
            margin=verdict.margin,
            verdict=verdict.outcome,
            p_value=verdict.p_value,
            p_value_against=verdict.p_value_against,
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
        """Plain values; bounds that do not exist are null, and so is an effect that has no meaning."""
        return asdict(self)


class Judged(Protocol):
    """What the record of a study, or of the toy, says of itself."""

    @property
    def task(self) -> str: ...  # noqa: D102
    @property
    def arch(self) -> str: ...  # noqa: D102
    @property
    def scale(self) -> str: ...  # noqa: D102
    @property
    def chosen(self) -> float: ...  # noqa: D102
    @property
    def members(self) -> Mapping[Fraction, int]: ...  # noqa: D102
    def width(self, alpha: Fraction) -> Width: ...  # noqa: D102
    def lag(self, alphas: Sequence[Fraction]) -> float: ...  # noqa: D102


R = TypeVar("R", bound=Judged)


def judge(
    claim: Claim[R], record: R, alpha: Fraction | None, preregistration: Preregistration, *, evidence: str
) -> Judgement:
    """Judge a claim in one cell of a record, or its trend for ``alpha`` None; gates included."""
    return line_of(claim, record, alpha, verdict_of(claim, record, alpha, preregistration), preregistration, evidence)


def line_of(
    claim: Claim[R],
    record: R,
    alpha: Fraction | None,
    finding: Finding,
    preregistration: Preregistration,
    evidence: str,
) -> Judgement:
    """The line of the scoreboard that a finding on a claim makes, in one cell or for its trend."""
    lag = record.lag(claim.widths.about(record.members) if alpha is None else [alpha])
    return Judgement.of(
        finding,
        preregistration,
        claim=claim.id,
        task=record.task,
        arch=record.arch,
        alpha=alpha,
        width=None if alpha is None else record.width(alpha).absolute,
        scale=record.scale,
        evidence=evidence,
        confounded=claim.by_fit and lag > preregistration.training_accuracy,
    )


def verdict_of(claim: Claim[R], record: R, alpha: Fraction | None, preregistration: Preregistration) -> Finding:
    """What a record says of a claim in one cell, or of its trend for ``alpha`` None; gates included."""
    inequality, widths = claim.at(alpha, record.members)
    verdict = inequality.finding(record, widths, preregistration, record.chosen)
    complaint = withheld(claim, record, alpha, preregistration)
    return verdict.inconclusive(complaint) if complaint else verdict


def withheld(claim: Claim[R], record: R, alpha: Fraction | None, preregistration: Preregistration) -> str | None:
    """Why the first gate that does withholds a verdict, whatever the numbers say; None if none does."""
    inequality, widths = claim.at(alpha, record.members)
    complaints = (gate.complaint(record, inequality, widths, preregistration) for gate in claim.gates)
    return next(filter(None, complaints), None)


def finite(value: float) -> float | None:
    """A number as JSON has it: null where it does not exist."""
    return value if np.isfinite(value) else None
