"""Every claim and control by its id, and what each kind of record is judged by."""

from collections.abc import Mapping
from typing import Any, TypeVar

from overparam.study.belonging import what_it_is_of
from overparam.study.record import Record
from overparam.toy.record import ToyRecord
from overparam.verdicts.claims import CLAIMS, Claim
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.judge import Judgement, judge
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.toy import TOY_CLAIMS, TOY_CONTROLS

R = TypeVar("R", bound=Record | ToyRecord)

BY_KIND = {"measurements": CLAIMS | CONTROLS, "controls": CONTROLS_APART, "equal fit": AT_EQUAL_FIT}
OF_STUDIES: Mapping[str, Claim[Record]] = CLAIMS | CONTROLS | AT_EQUAL_FIT | CONTROLS_APART
OF_THE_TOY: Mapping[str, Claim[ToyRecord]] = TOY_CLAIMS | TOY_CONTROLS
REGISTRY: Mapping[str, Claim[Any]] = {**OF_STUDIES, **OF_THE_TOY}


def judged_by(record: Record | ToyRecord) -> Mapping[str, Claim[Any]]:
    """The claims and controls that a record has measurements for."""
    return OF_THE_TOY if isinstance(record, ToyRecord) else BY_KIND[what_it_is_of(record)["kind"]]


def judge_record(
    record: R,
    preregistration: Preregistration,
    *,
    evidence: str,
    claims: Mapping[str, Claim[R]] | None = None,
) -> list[Judgement]:
    """Judge every claim in every cell of a record; of all that it has measurements for, unless some are named."""
    return [
        judge(claim, record, alpha, preregistration, evidence=evidence)
        for claim in (judged_by(record) if claims is None else claims).values()
        for alpha in claim.cells(record.members)
    ]
