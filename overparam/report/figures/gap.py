"""The gap of Figure 1 beside its rivals: networks as they were trained, at equal fit, of as many parameters."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from overparam.report.figures.drawing import DODGE, Drawing, Numbers, halvings, key, label_widths, panels, stroke_of
from overparam.report.figures.studies import margin_of
from overparam.report.readings import title
from overparam.report.settings import Setting
from overparam.study.record import Record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS
from overparam.verdicts.judge import Judgement

CURVES = {
    "all trained alike": CLAIMS["span-over"],
    "at equal fit": AT_EQUAL_FIT["span-over-equal-fit"],
    "as many parameters": CONTROLS["span-over-matched-parameters"],
}


def draw_gap(settings: Sequence[Setting], folder: Path) -> list[Drawing]:
    """One panel a study; nothing where no study of the scale was compared at equal fit."""
    of_claim = CURVES["all trained alike"].id
    studies = [(each, each.record) for each in settings if isinstance(each.record, Record) and each.of(of_claim)]
    if not any(setting.of(claim) for claim in AT_EQUAL_FIT for setting, _ in studies):
        return []
    drawing = Drawing(
        "figure-1-gap",
        "The gap of Figure 1, and what remains of it at equal fit",
        "By how much more narrow networks miss of a wide network than another wide network does: of networks that were "
        "all trained alike, so that the narrow ones fit less well; of wide networks that are trained until they fit as "
        "badly; and of narrow networks with as many parameters. Filled marks are decided against the margin δ, hollow "
        "ones are not; of those at equal fit without a match the number is that of the nearest training.",
        margin_of([record for _, record in studies]),
        folder,
    )
    numbers: Numbers = []
    with panels(drawing, 1, len(studies), numbers) as grid:
        for axes, (setting, record) in zip(grid[0], studies, strict=True):
            if axes is not grid[0, 0]:
                axes.sharey(grid[0, 0])
            axes.set_title(title(record, line_break=True))
            about = {"task": setting.task, "arch": setting.arch}
            for place, (label, claim) in enumerate(CURVES.items()):
                cells = [judgement for judgement in setting.of(claim.id) if judgement.alpha]
                if cells:
                    numbers += [{**about, **row} for row in draw_cells(axes, record, cells, label, place)]
            claimed = {Fraction(cell.alpha): cell for cell in setting.of(of_claim) if cell.alpha}
            draw_margin(axes, list(claimed.values()))
            label_widths(axes, [record.width(alpha) for alpha in claimed])
            key(axes, 2)
        grid[0, 0].set_ylabel("feature span gap")
    return [drawing]


def draw_margin(axes: Axes, cells: Sequence[Judgement]) -> None:
    """The margin δ, which all cells of a claim share."""
    (margin,) = {cell.margin for cell in cells}
    axes.axhline(margin, color="#555555", linewidth=1, label="margin δ")


def draw_cells(axes: Axes, record: Record, cells: Sequence[Judgement], label: str, place: int) -> Numbers:
    """The effects of one claim by width, with bars to their bounds."""
    widths = [record.width(Fraction(cell.alpha or 1)) for cell in cells]
    x = [at + DODGE * place for at in halvings(widths)]
    means = np.array([cell.effect for cell in cells], dtype=float)
    bounds = [
        [mean if b is None else b for b in (cell.lower, cell.upper)] for mean, cell in zip(means, cells, strict=True)
    ]
    stroke, reach = stroke_of(place), np.abs(np.transpose(bounds) - means)
    axes.errorbar(x, means, yerr=reach, label=label, capsize=2, elinewidth=1, **stroke)
    undecided = [k for k, cell in enumerate(cells) if cell.verdict == "inconclusive"]
    hollow = {**stroke, "linestyle": "none", "markerfacecolor": "white", "zorder": 3}
    axes.plot([x[k] for k in undecided], means[undecided], **hollow)
    return [
        {
            "curve": label,
            **width.columns,
            "mean": cell.effect,
            "lower": cell.lower,
            "upper": cell.upper,
            "margin": cell.margin,
            "verdict": cell.verdict,
        }
        for width, cell in zip(widths, cells, strict=True)
    ]
