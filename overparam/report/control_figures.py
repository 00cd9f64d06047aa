"""What the controls measured, drawn: spans between all blocks, more narrow networks, nonlinear maps, no training."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from overparam.controls.quantities import FSE_nonlinear, FSE_untrained, stitched
from overparam.quantities import FSE, M_1, M_1_PRIME, Contrast, S
from overparam.report.drawing import (
    STROKES,
    Drawing,
    Numbers,
    columns_of,
    draw_band,
    draw_curve,
    label_widths,
    margin_of,
    of_study,
    panels,
    typeset,
)
from overparam.report.growth import growth, level
from overparam.report.readings import title
from overparam.results import Record

# What is asked of every rival of M_1: M_1′, and S_α by width.
OF_RIVALS: dict[str, Callable[[str], Contrast]] = {
    "ridge": lambda rival: FSE(rival, M_1),
    "nonlinear": FSE_nonlinear,
    "before training": FSE_untrained,
}


def draw_control_figures(records: Sequence[Record], folder: Path) -> list[Drawing]:
    """Draw every figure of the controls of one scale; panels follow the order of the records."""
    return [_draw_matrix(records, folder), _draw_copies(records, folder), _draw_rivals(records, folder)]


def _draw_matrix(records: Sequence[Record], folder: Path) -> Drawing:
    drawing = Drawing(
        "fse-matrix",
        "Span errors between all blocks",
        "How badly the features of a row span those of a column, 0 being spanned and 1 no better than the mean; means "
        "over replicates. M_1 and M_1′ are two wide networks, S_α are narrow ones side by side.",
        margin_of(records),
        folder,
    )
    numbers: Numbers = []
    with panels(drawing, 1, len(records), numbers) as grid:
        for axes, record in zip(grid[0], records, strict=True):
            names = [M_1, M_1_PRIME, *map(S, record.narrow_alphas)]
            effects = {(a, b): record.effect(FSE(a, b)) for a in names for b in names if a != b}
            means = np.array([[effects[a, b].mean if a != b else 0.0 for b in names] for a in names])
            axes.imshow(means, cmap="cividis_r", vmin=0, vmax=1)
            axes.grid(visible=False)
            for (i, j), mean in np.ndenumerate(means):
                axes.text(
                    j, i, f"{mean:.2f}", ha="center", va="center", color="white" if mean > 0.5 else "black", fontsize=7
                )
            labels = [typeset(name) if name in (M_1, M_1_PRIME) else f"$S$ {name[2:]}" for name in names]
            axes.set_xticks(range(len(names)), labels, rotation=60)
            axes.set_yticks(range(len(names)), labels)
            axes.set_title(title(record, line_break=True))
            rows = [{"from": a, "onto": b, **columns_of(effect)} for (a, b), effect in effects.items()]
            numbers += of_study(record, rows)
        grid[0, 0].set_ylabel("from")
    return drawing


def _draw_copies(records: Sequence[Record], folder: Path) -> Drawing:
    drawing = Drawing(
        "more-copies",
        "More and more narrow networks",
        "FSE(S_α^(U)→M_1) as networks are added, beside that of another wide network. The level is where a curve "
        "a + b·U^(−c) ends, fitted in every replicate: what no number of such networks would span.",
        margin_of(records),
        folder,
    )
    numbers: Numbers = []
    with panels(drawing, 1, len(records), numbers) as grid:
        for axes, record in zip(grid[0], records, strict=True):
            for place, alpha in enumerate(record.narrow_alphas):
                numbers += of_study(record, _draw_growth(axes, record, alpha, place))
            rival = record.effect(FSE(M_1_PRIME, M_1))
            axes.axhline(rival.mean, color="#555555", linewidth=1, label=typeset("FSE(M_1′→M_1)"))
            numbers += of_study(record, [{"curve": M_1_PRIME, **columns_of(rival)}])
            axes.set_xscale("log", base=2)
            axes.set_xlabel("narrow networks side by side, U")
            axes.set_title(title(record, line_break=True))
            axes.legend(fontsize=7)
        grid[0, 0].set_ylabel(typeset("feature span error onto M_1"))
    return drawing


def _draw_growth(axes: Axes, record: Record, alpha: Fraction, place: int) -> Numbers:
    """The curve of one width, and its level in the legend."""
    growing = growth(record, alpha)
    end = level(growing)
    label = f"α = {alpha}"
    named = f"{label}, level {end.mean:.2f}" if end else label
    draw_band(axes, list(growing), list(growing.values()), named, STROKES[place % len(STROKES)])
    rows = {"level": end, **growing} if end else growing
    return [{"curve": label, "U": U, **columns_of(effect)} for U, effect in rows.items()]


def _draw_rivals(records: Sequence[Record], folder: Path) -> Drawing:
    drawing = Drawing(
        "span-controls",
        "Nonlinear maps, untrained networks, stitching",
        "Above, span errors onto M_1 by ridge maps, with a small nonlinear network before them, and before training; "
        "at α = 1 those of M_1′. Below, the accuracy of M_1's own readout on what ridge regression predicts of M_1.",
        margin_of(records),
        folder,
    )
    numbers: Numbers = []
    with panels(drawing, 2, len(records), numbers) as grid:
        for (above, below), record in zip(grid.T, records, strict=True):
            for place, (label, asked) in enumerate(OF_RIVALS.items()):
                numbers += _draw_by_rival(above, record, label, asked, place)
            numbers += _draw_by_rival(below, record, "stitched", stitched, 0)
            below.axhline(record.effect(stitched(M_1)).mean, color="#555555", linewidth=1, label=typeset("M_1 itself"))
            above.set_title(title(record, line_break=True))
            for axes in (above, below):
                label_widths(axes, record.alphas)
                axes.legend(fontsize=8)
        grid[0, 0].set_ylabel(typeset("feature span error onto M_1"))
        grid[1, 0].set_ylabel(typeset("accuracy of the readout of M_1"))
    return drawing


def _draw_by_rival(axes: Axes, record: Record, label: str, asked: Callable[[str], Contrast], place: int) -> Numbers:
    points = {a: record.effect(asked(M_1_PRIME if a == 1 else S(a))) for a in record.alphas}
    return of_study(record, draw_curve(axes, points, label, place))
