"""Markdown tables of what the controls measured: the field's measures of similarity beside span errors."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from overparam.controls.copies import LEAST, asymptote, counts
from overparam.controls.quantities import FSE_nonlinear, concatenation, likeness, one_narrow, stitched, untrained
from overparam.quantities import FSE, M_1, M_1_PRIME, Contrast, S
from overparam.report.markdown import number, table
from overparam.report.readings import title
from overparam.results import Record
from overparam.similarity import MEASURES
from overparam.stats import Effect

# What is asked of each rival of M_1: of M_1′ at α = 1, and of S_α.
OF_RIVALS: tuple[tuple[str, Callable[[str], Contrast], bool], ...] = (
    ("FSE onto M_1", lambda rival: FSE(rival, M_1), False),
    ("FSE from M_1", lambda rival: FSE(M_1, rival), False),
    ("FSE onto M_1, nonlinear", FSE_nonlinear, False),
    ("FSE onto M_1, before training", lambda rival: FSE(untrained(rival), untrained(M_1)), False),
    ("accuracy of M_1's readout on what is predicted of it", stitched, True),
)


def control_tables(record: Record) -> str:
    """What the controls of one study measured, by width, as Markdown."""
    narrow = record.narrow_alphas
    rivals, single = [M_1_PRIME, *map(S, narrow)], list(map(one_narrow, narrow))
    rows = [
        [label, *(number(record.effect(asked(rival)), percent=percent) for rival in rivals)]
        for label, asked, percent in OF_RIVALS
    ]
    rows.append(["FSE of ever more networks", "", *(number(_level(record, alpha), percent=False) for alpha in narrow)])
    for measure in MEASURES:
        effects = [record.effect(likeness(measure.name, other)) for other in (*rivals, *single)]
        rows.append([f"{measure.name}", *(number(effect, percent=False) for effect in effects)])
    head = ["of M_1 and", *rivals, *single]
    padded = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    heading = f"**{title(record)}**, scale {record.scale} ({record.data['source']}), R = {len(record.replicates)}."
    return f"{heading}\n\n{table(head, padded, words=1)}"


def _level(record: Record, alpha: Fraction) -> Effect | None:
    """Where FSE(S_α^(U)→M_1) levels off as U grows; None for too few networks to tell."""
    copies = counts(len(record.networks[alpha]["train_accuracy"][0]))
    if len(copies) < LEAST:
        return None
    errors = [record.effect(FSE(concatenation(alpha, U), M_1)).values for U in copies]
    return asymptote(copies, np.transpose(errors))
