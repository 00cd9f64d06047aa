"""What the controls measured, drawn: spans of all blocks, more networks, nonlinear maps, no training, ridge paths."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes

from overparam.metrics.stats import Effect
from overparam.report.figures.drawing import (
    Numbers,
    columns_of,
    draw_band,
    draw_curve,
    draw_heatmap,
    key,
    label_widths,
    stroke_of,
    typeset,
)
from overparam.report.figures.studies import StudyFigure
from overparam.report.growth import growth, level
from overparam.report.readings import ONE
from overparam.study.controls.quantities import FSE_nonlinear, FSE_untrained, stitched
from overparam.study.feature_blocks import M_1, M_1_PRIME, Block, S
from overparam.study.quantities import FSE, Contrast
from overparam.study.record import PENALTY_FACTORS, Record
from overparam.study.widths import Width, beside

# What is asked of every rival of M_1: M_1′, and S_α by width.
OF_RIVALS: dict[str, Callable[[Block], Contrast]] = {
    "ridge": lambda rival: FSE(rival, M_1),
    "nonlinear": FSE_nonlinear,
    "before training": FSE_untrained,
}


def _draw_matrix(column: Sequence[Axes], record: Record) -> Numbers:
    (axes,) = column
    names = [M_1, M_1_PRIME, *map(S, record.narrow_alphas)]
    effects = {(a, b): record.effect(FSE(a, b)) for a in names for b in names if a != b}
    means = np.array([[effects[a, b].mean if a != b else 0.0 for b in names] for a in names])
    labels = [typeset(M_1), typeset(M_1_PRIME), *(f"$S$ {alpha}" for alpha in record.narrow_alphas)]
    widths = [record.width(alpha).absolute for alpha in (ONE, ONE, *record.narrow_alphas)]
    draw_heatmap(axes, means, labels, map(beside, labels, widths))
    return [{"from": a, "onto": b, **columns_of(effect)} for (a, b), effect in effects.items()]


def _draw_members(column: Sequence[Axes], record: Record) -> Numbers:
    (axes,) = column
    numbers: Numbers = []
    for place, alpha in enumerate(record.narrow_alphas):
        numbers += _draw_growth(axes, record, alpha, place)
    rival = record.effect(FSE(M_1_PRIME, M_1))
    axes.axhline(rival.mean, color="#555555", linewidth=1, label=typeset("FSE(M_1′→M_1)"))
    axes.set_xscale("log", base=2)
    axes.set_xlabel("narrow networks side by side, U")
    key(axes)
    return [*numbers, {"curve": M_1_PRIME, **columns_of(rival)}]


def _draw_growth(axes: Axes, record: Record, alpha: Fraction, place: int) -> Numbers:
    """The curve of one width, and its level in the legend."""
    growing = growth(record, alpha)
    end = level(growing)
    label = f"α = {record.width(alpha)}"
    named = f"{label}, level {end.mean:.2f}" if end else label
    draw_band(axes, list(growing), list(growing.values()), named, stroke_of(place))
    rows = {"level": end, **growing} if end else growing
    return [{"curve": label, "U": U, **columns_of(effect)} for U, effect in rows.items()]


def _draw_rivals(column: Sequence[Axes], record: Record) -> Numbers:
    above, below = column
    numbers: Numbers = []
    for place, (label, asked) in enumerate(OF_RIVALS.items()):
        numbers += draw_curve(above, _of_rivals(record, asked), label, place)
    numbers += draw_curve(below, _of_rivals(record, stitched), "stitched", 0)
    below.axhline(record.effect(stitched(M_1)).mean, color="#555555", linewidth=1, label=typeset("M_1 itself"))
    for axes in column:
        label_widths(axes, [record.width(alpha) for alpha in record.alphas])
        key(axes)
    return numbers


def _of_rivals(record: Record, asked: Callable[[Block], Contrast]) -> dict[Width, Effect]:
    """What is asked of M_1′ at α = 1, and of S_α."""
    return {record.width(alpha): record.effect(asked(M_1_PRIME if alpha == 1 else S(alpha))) for alpha in record.alphas}


def _draw_paths(column: Sequence[Axes], record: Record) -> Numbers:
    (axes,), path = column, record.samples["path"]
    rivals = {
        M_1_PRIME: M_1_PRIME,
        **{f"S_α, α = {record.width(alpha)}": S(alpha) for alpha in record.narrow_alphas},
    }
    numbers: Numbers = []
    for place, (label, rival) in enumerate(rivals.items()):
        effects = {factor: path.effect(FSE(rival, M_1), factor) for factor in path.factors}
        draw_band(axes, list(effects), list(effects.values()), label, {**stroke_of(place), "markersize": 3})
        numbers += [{"curve": label, "factor": factor, **columns_of(effect)} for factor, effect in effects.items()]
    axes.axvspan(PENALTY_FACTORS[0], PENALTY_FACTORS[-1], color="#000000", alpha=0.05, linewidth=0)
    axes.set_xscale("log")
    axes.set_xlabel("multiple of the chosen λ")
    key(axes)
    return numbers


CONTROL_FIGURES = (
    StudyFigure(
        "fse-matrix",
        "Span errors between all blocks",
        "How badly the features of a row span those of a column, 0 being spanned and 1 no better than the mean; means "
        "over replicates. M_1 and M_1′ are two wide networks, S_α are narrow ones side by side.",
        ("from",),
        _draw_matrix,
        compares=False,
    ),
    StudyFigure(
        "more-members",
        "More and more narrow networks",
        "FSE(S_α^(U)→M_1) as networks are added, beside that of another wide network. The level is where a curve "
        "a + b·U^(−c), a ≥ 0, ends, fitted in every replicate: extrapolated from few points, so see its interval in "
        "the numbers.",
        ("feature span error onto M_1",),
        _draw_members,
    ),
    StudyFigure(
        "span-controls",
        "Nonlinear maps, untrained networks, stitching",
        "Above, span errors onto M_1 by ridge maps, with a small nonlinear network before them, and before training; "
        "at α = 1 those of M_1′. Below, the accuracy of M_1's own readout on what ridge regression predicts of M_1.",
        ("feature span error onto M_1", "accuracy of the readout of M_1"),
        _draw_rivals,
    ),
    StudyFigure(
        "ridge-paths",
        "Span errors along the ridge path",
        "Span errors onto M_1 at multiples of the penalty that cross-validation chose for each. Where it chose well, "
        "every curve is least near 1; verdicts must be the same all over the shaded band.",
        ("feature span error onto M_1",),
        _draw_paths,
    ),
)
