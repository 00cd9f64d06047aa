"""Markdown tables of what the controls measured: the field's measures of similarity beside span errors."""

from collections.abc import Callable

from overparam.metrics.similarity import measures
from overparam.report.growth import growth, level
from overparam.report.readings import ONE, Reading, measured, title
from overparam.report.tables.markdown import number, table
from overparam.study.controls.quantities import (
    FSE_best,
    FSE_nonlinear,
    FSE_untrained,
    OneNarrow,
    similarity,
    stitched,
    unseen,
)
from overparam.study.feature_blocks import M_1, M_1_PRIME, Block, Concatenation, S
from overparam.study.quantities import FSE, Contrast
from overparam.study.record import Record
from overparam.study.widths import beside
from overparam.verdicts.claims import PERFORMANCE, RESIDUALS_AID, RESIDUALS_REDUNDANT


def _of_rivals(asked: Callable[[Block], Contrast]) -> Reading:
    """The same of M_1′, at α = 1, and of S_α."""
    return measured(lambda alpha: asked(S(alpha)), asked(M_1_PRIME))


# Label, what is read off a record, and whether it is an accuracy.
ROWS: tuple[tuple[str, Reading, bool], ...] = (
    ("FSE onto M_1", _of_rivals(lambda rival: FSE(rival, M_1)), False),
    ("FSE from M_1 onto it", _of_rivals(lambda rival: FSE(M_1, rival)), False),
    ("FSE onto M_1, best λ", _of_rivals(FSE_best), False),
    ("FSE onto M_1, nonlinear", _of_rivals(FSE_nonlinear), False),
    ("FSE onto M_1, before training", _of_rivals(FSE_untrained), False),
    (
        "FSE onto M_1, twice as many",
        measured(lambda alpha: FSE(Concatenation(alpha, 2 * alpha.denominator), M_1)),
        False,
    ),
    ("FSE onto M_1, ever more", lambda record, alpha: level(growth(record, alpha)) if alpha < 1 else None, False),
    ("accuracy of M_1's readout on what is predicted of it", _of_rivals(stitched), True),
    ("FSE onto M_1, unseen", _of_rivals(lambda rival: unseen(FSE(rival, M_1))), False),
    ("FP(M_1) − FP(S_α), unseen", measured(PERFORMANCE.on(unseen).effect), True),
    ("gain of S_α by R(S_α→M_1), unseen", measured(RESIDUALS_AID.on(unseen).effect), True),
    ("gain of M_1 by R(M_1→S_α), unseen", measured(RESIDUALS_REDUNDANT.on(unseen).effect), True),
)


def control_tables(record: Record) -> str:
    """What the controls of one study measured, by width, as Markdown."""
    narrow = record.narrow_alphas
    rivals, single = [M_1_PRIME, *map(S, narrow)], list(map(OneNarrow, narrow))
    widths = [record.width(alpha).absolute for alpha in (ONE, *narrow, *narrow)]
    compared = [beside(name, width) for name, width in zip((*rivals, *single), widths, strict=True)]
    rows = [
        [label, *(number(reading(record, alpha), percent=percent) for alpha in record.alphas), *[""] * len(single)]
        for label, reading, percent in ROWS
    ]
    for name in measures():
        asked = [similarity(name, other) for other in (*rivals, *single)]
        if not any(map(record.lacks, asked)):  # of a measure that came later it tells nothing
            rows.append([name, *(number(record.effect(contrast), percent=False) for contrast in asked)])
    heading = f"**{title(record)}**, scale {record.scale} ({record.data['source']}), R = {len(record.replicates)}."
    return f"{heading}\n\n{table(['of M_1 and', *compared], rows, words=1)}"
