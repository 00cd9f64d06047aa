"""From generated feature files to verdicts, by the way that those of trained networks go."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from overparam.error_rates.networks import ONE
from overparam.error_rates.worlds import WORLDS, Study, narrow_width
from overparam.errors import MeasurementError
from overparam.study.layout import Replicate, check_distinct
from overparam.study.measure import describe_networks, measure
from overparam.study.record import Record, Sample
from overparam.study.record_file import OfWidth
from overparam.verdicts.judge import judge
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.registry import OF_STUDIES

REPLICATES = (3, 5)
ANY = "any"  # claim

Outcome = dict[str, tuple[str, ...]]  # by claim: the verdict, and whether it is marked
Outcomes = dict[int, Outcome]  # by R


def outcomes(world: str, number: int, claims: Sequence[str], preregistration: Preregistration) -> Outcomes:
    """How the claims are judged in one world, by its first R replicates for each R of ``REPLICATES``.

    Where measuring raises, every claim's outcome is ``error``; that of ``ANY`` says whether it did.
    """
    study = WORLDS[world].study(world, number, max(REPLICATES))
    judged: Outcomes = {}
    record = None
    for R in sorted(REPLICATES, reverse=True):
        try:
            record = first_replicates(record, R) if record is not None else record_of({r: study[r] for r in range(R)})
        except MeasurementError:
            judged[R] = dict.fromkeys((ANY, *claims), ("error",))
        else:
            judged[R] = _all_judged(claims, record, preregistration)
    return judged


def outcome(study: Study, claims: Sequence[str], preregistration: Preregistration) -> Outcome:
    """How the claims are judged on one study, as in `outcomes`; processes share the work."""
    try:
        record = record_of(study, workers=-1)
    except MeasurementError:
        return dict.fromkeys((ANY, *claims), ("error",))
    return _all_judged(claims, record, preregistration)


def _all_judged(claims: Sequence[str], record: Record, preregistration: Preregistration) -> Outcome:
    return {ANY: ("measured",), **{claim: _judged(claim, record, preregistration) for claim in claims}}


def _judged(claim: str, record: Record, preregistration: Preregistration) -> tuple[str, ...]:
    (alpha,) = record.narrow_alphas
    judgement = judge(OF_STUDIES[claim], record, alpha, preregistration, evidence="generated")
    return (judgement.verdict, "confounded") if judgement.confounded else (judgement.verdict,)


def record_of(study: Study, *, workers: int = 1) -> Record:
    """The record of a study, measured by so many processes; −1 for one a core.

    Raises:
        MeasurementError: as for trained networks.
    """
    check_distinct(
        {
            f"M_{alpha} of replicate {replicate}": file.metadata["checkpoint"]["weights"]
            for replicate, files in study.items()
            for alpha, file in files.items()
        }
    )
    samples, penalties = measure({number: Replicate.of(files) for number, files in study.items()}, workers=workers)
    first = next(iter(study.values()))
    wide, alphas = first[ONE], (ONE, narrow_width(first))
    labels = wide.labels[wide.heldout]
    return Record(
        task="generated",
        arch="generated",
        scale="generated",
        key="",
        alphas=alphas,
        replicates=tuple(study),
        networks={alpha: describe_networks({r: files[alpha] for r, files in study.items()}) for alpha in alphas},
        data={"majority_share": float(np.bincount(labels).max() / len(labels))},
        environment={},
        recipe={},
        penalties=penalties,
        samples=samples,
    )


def first_replicates(record: Record, count: int) -> Record:
    """What the first replicates alone would have given: measurements of different replicates do not touch."""
    return replace(
        record,
        replicates=record.replicates[:count],
        networks={alpha: _first_networks(entry, count) for alpha, entry in record.networks.items()},
        penalties={
            quantity: {fitted: chosen[:count] for fitted, chosen in choices.items()}
            for quantity, choices in record.penalties.items()
        },
        samples={name: _first_of(sample, count) for name, sample in record.samples.items()},
    )


def _first_of(sample: Sample, count: int) -> Sample:
    size = count * len(sample.quantities)
    return replace(sample, values=sample.values[:, :count], shared=sample.shared[:, :size, :size])


def _first_networks(entry: OfWidth, count: int) -> OfWidth:
    trained, heldout = entry["train_accuracy"][:count], entry["heldout_accuracy"][:count]
    first: OfWidth = {**entry, "train_accuracy": trained, "heldout_accuracy": heldout}
    if "early" in entry:
        early = entry["early"]
        trained, heldout = early["train_accuracy"][:count], early["heldout_accuracy"][:count]
        first["early"] = {**early, "train_accuracy": trained, "heldout_accuracy": heldout}
    return first
