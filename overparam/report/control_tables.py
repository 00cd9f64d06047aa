"""Markdown tables of what the controls measured: the field's measures of similarity beside span errors."""

from collections.abc import Callable

from overparam.controls.quantities import FSE_best, FSE_nonlinear, FSE_untrained, likeness, one_narrow, stitched
from overparam.quantities import FSE, M_1, M_1_PRIME, Contrast, S
from overparam.report.growth import growth, level
from overparam.report.markdown import number, table
from overparam.report.readings import title
from overparam.results import Record
from overparam.similarity import MEASURES

# What is asked of each rival of M_1: of M_1′ at α = 1, and of S_α.
OF_RIVALS: tuple[tuple[str, Callable[[str], Contrast], bool], ...] = (
    ("FSE onto M_1", lambda rival: FSE(rival, M_1), False),
    ("FSE from M_1", lambda rival: FSE(M_1, rival), False),
    ("FSE onto M_1, best λ", FSE_best, False),
    ("FSE onto M_1, nonlinear", FSE_nonlinear, False),
    ("FSE onto M_1, before training", FSE_untrained, False),
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
    levels = [level(growth(record, alpha)) for alpha in narrow]
    rows.append(["FSE of ever more networks", "", *(number(effect, percent=False) for effect in levels)])
    for measure in MEASURES:
        effects = [record.effect(likeness(measure.name, other)) for other in (*rivals, *single)]
        rows.append([f"{measure.name}", *(number(effect, percent=False) for effect in effects)])
    head = ["of M_1 and", *rivals, *single]
    padded = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    heading = f"**{title(record)}**, scale {record.scale} ({record.data['source']}), R = {len(record.replicates)}."
    return f"{heading}\n\n{table(head, padded, words=1)}"
