"""Every claim and control by its id, plugged-in ones among them, and what each kind of record is judged by."""

from collections.abc import Mapping
from typing import Any, TypeVar

from overparam.config.plugins import plugged_in
from overparam.errors import SpecError
from overparam.study.belonging import what_it_is_of
from overparam.study.record import Record
from overparam.toy.record import ToyRecord
from overparam.verdicts.claims import CLAIMS, Claim
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.judge import Judgement, judge
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.toy import TOY_CLAIMS, TOY_CONTROLS

R = TypeVar("R", bound=Record | ToyRecord)

OF_STUDIES: Mapping[str, Claim[Record]] = CLAIMS | CONTROLS | AT_EQUAL_FIT | CONTROLS_APART
OF_THE_TOY: Mapping[str, Claim[ToyRecord]] = TOY_CLAIMS | TOY_CONTROLS
REGISTRY: Mapping[str, Claim[Any]] = {**OF_STUDIES, **OF_THE_TOY}


def plugged_claims() -> dict[str, Claim[Record]]:
    """The claims from outside, which are about what the record of a study measures.

    Raises:
        SpecError: if one cannot be loaded, is none, or has another id than the name that it is plugged in by.
    """
    found = {name: (plugin, plugin.load(Claim)) for name, plugin in plugged_in("claims", REGISTRY).items()}
    for name, (plugin, claim) in found.items():
        if claim.id != name:
            raise SpecError(f"{plugin} has the id {claim.id!r}: give it the name that it is plugged in by")
    return {name: claim for name, (_, claim) in found.items()}


def every_claim() -> Mapping[str, Claim[Any]]:
    """`REGISTRY`, and what is plugged in; raises as `plugged_claims`."""
    return {**REGISTRY, **plugged_claims()}


def of_measurements() -> dict[str, Claim[Record]]:
    """What the measurements of a study, or of networks of one's own, are judged by; raises as `plugged_claims`."""
    return CLAIMS | CONTROLS | plugged_claims()


def find_claim(name: str) -> Claim[Any]:
    """A claim or control by its id; raises SpecError for an unknown one, and as `plugged_claims`."""
    known = every_claim()
    if name not in known:
        raise SpecError(f"there is no claim {name!r}: there are {', '.join(known)}")
    return known[name]


def judged_by(record: Record | ToyRecord) -> Mapping[str, Claim[Any]]:
    """The claims and controls that a record has measurements for."""
    if isinstance(record, ToyRecord):
        return OF_THE_TOY
    kind = what_it_is_of(record)["kind"]
    if kind == "measurements":
        return of_measurements()
    return {"controls": CONTROLS_APART, "equal fit": AT_EQUAL_FIT}[kind]


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
