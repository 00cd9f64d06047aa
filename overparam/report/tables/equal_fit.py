"""Markdown tables of how well networks fit, and of the claims read off where they fit equally well."""

import numpy as np

from overparam.report.readings import ONE, title
from overparam.report.tables.markdown import table
from overparam.study.record import Record
from overparam.verdicts.controls import AT_EQUAL_FIT
from overparam.verdicts.equal_fit import budgets_read
from overparam.verdicts.judge import Judgement
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record
from overparam.verdicts.scoreboard import interval, signed

OF_ONE = {"training accuracy of a network": "accuracy", "cross-entropy of a network": "cross_entropy"}
TOGETHER = {"training accuracy of S_α's networks together": "ensemble_accuracy"}


def equal_fit_tables(record: Record) -> str:
    """The fit of every width and of wide networks by budget, and each claim at equal fit with its verdict."""
    heading = (
        f"**{title(record)}**, scale {record.scale} ({record.data['source']}), R = {len(record.replicates)}. "
        "Fit is on training examples, mean over replicates; effects are where single networks fit equally well, with "
        "their one-sided 95 % bounds, and a claim holds only if it does at both matches."
    )
    fits = [table(head, rows, words=1) for head, *rows in (fits_by_width(record), fits_by_budget(record))]
    return "\n\n".join([heading, *fits, _claims(record)])


def fits_by_width(record: Record) -> list[list[str]]:
    """How well the networks of every width fit, and the wide ones that fit as badly; a head and its rows."""
    rows = [
        [label, *(_mean(part, record.networks[alpha]["fit"][part]) for alpha in record.alphas)]
        for label, part in (OF_ONE | TOGETHER).items()
    ]
    read = ["", *(_listed(budgets_read(record, alpha)) for alpha in record.narrow_alphas)]
    rows.append(["epochs of the wide networks that are as fit", *read])
    return [["", *(f"α = {record.width(alpha)}" for alpha in record.alphas)], *rows]


def fits_by_budget(record: Record) -> list[list[str]]:
    """How well wide networks fit after each budget of epochs; a head and its rows."""
    less = record.networks[ONE]["less"]
    rows = [
        [label, *(_mean(part, replicates) for replicates in np.transpose(less["fit"][part]))]
        for label, part in OF_ONE.items()
    ]
    return [["wide, after epochs", *(f"{budget:g}" for budget in less["budgets"])], *rows]


def _claims(record: Record) -> str:
    judged = judge_record(record, load_preregistration(), evidence="record")
    cells = {(judgement.claim, judgement.alpha): judgement for judgement in judged}
    narrow = record.narrow_alphas
    rows = [[claim, *(_cell(cells.get((claim, str(alpha)))) for alpha in narrow)] for claim in AT_EQUAL_FIT]
    shown = table(["claim", *(f"α = {record.width(alpha)}" for alpha in narrow)], rows, words=1)
    reasons: dict[str, list[str]] = {}
    for one in judged:
        if one.alpha and one.verdict == "inconclusive":
            reasons.setdefault(f"at {one.place}: {one.why}", []).append(f"`{one.claim}`")
    return "\n".join([shown, "", *(f"- {', '.join(claims)} {reason}." for reason, claims in reasons.items())])


def _cell(judgement: Judgement | None) -> str:
    return f"{signed(judgement.effect)} {interval(judgement)} {judgement.verdict}" if judgement else ""


def _mean(part: str, values: list[float] | np.ndarray) -> str:
    mean = float(np.mean(values))
    return f"{mean:.3f}" if part == "cross_entropy" else f"{100 * mean:.1f} %"


def _listed(budgets: list[float]) -> str:
    return f"{budgets[0]:g} to {budgets[-1]:g}" if budgets else "none"
