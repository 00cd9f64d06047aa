"""The paper's Figures 1 to 4 from our records, in its own arrangement, and what a sceptic would draw beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from matplotlib.axes import Axes

from overparam.claims import CLAIMS
from overparam.quantities import FP, FSE, M_1, M_1_PRIME, R, S, S_matched, S_prime, early
from overparam.report.drawing import (
    STROKES,
    Drawing,
    Numbers,
    columns_of,
    draw_band,
    draw_bars,
    draw_curve,
    label_widths,
    margin_of,
    of_study,
    panels,
    typeset,
)
from overparam.report.readings import ONE, Reading, accuracy, measured, over_replicates, title
from overparam.results import PENALTY_FACTORS, Record


@dataclass(frozen=True)
class ByWidth:
    """A figure whose panels show curves by width factor, one column a setting.

    Attributes:
        name: of its files.
        title: what it shows.
        caption: how to read it, and what the paper says of it.
        rows: of panels: by the label of the y axis, the curves by label.
    """

    name: str
    title: str
    caption: str
    rows: dict[str, dict[str, Reading]]

    def shows(self, records: Sequence[Record]) -> bool:
        """Whether anything of it was measured."""
        readings = [reading for curves in self.rows.values() for reading in curves.values()]
        return any(
            reading(record, alpha) is not None for reading in readings for record in records for alpha in record.alphas
        )


ACCURACY = ByWidth(
    "accuracy",
    "Accuracy of single networks by width",
    "Training and held-out accuracy of one network, averaged over the networks of a replicate. Where narrow "
    "networks fit their training data less well, width alone may not be the cause of what differs.",
    {"accuracy": {"training": accuracy("train_accuracy"), "held-out": accuracy("heldout_accuracy")}},
)
FIGURES = (
    ByWidth(
        "figure-1",
        "Figure 1: what narrow networks span of the wide one",
        "Feature span error onto the wide network M_1, from as many features of narrow networks and from another wide "
        "network. In the paper the curves are close at α = 1/2 and far apart at 1/8 and 1/16.",
        {
            "feature span error": {
                "FSE(S_α→M_1)": measured(lambda alpha: FSE(S(alpha), M_1)),
                "FSE(M_1′→M_1)": measured(lambda _: FSE(M_1_PRIME, M_1)),
                "FSE(S_α→M_1), U = 1/α²": measured(lambda alpha: FSE(S_matched(alpha), M_1)),
            }
        },
    ),
    ByWidth(
        "figure-2",
        "Figure 2: what the wide network spans of narrow ones",
        "Feature span error onto held-out narrow networks, from the wide network and from other narrow networks. In "
        "the paper the wide network misses more, and the more the smaller α.",
        {
            "feature span error": {
                "FSE(M_1→S_α′)": measured(lambda alpha: FSE(M_1, S_prime(alpha))),
                "FSE(S_α→S_α′)": measured(lambda alpha: FSE(S(alpha), S_prime(alpha))),
            }
        },
    ),
    ByWidth(
        "figure-3",
        "Figure 3: feature performance",
        "Held-out accuracy of a linear probe on as many features of narrow networks as the wide one has, and on those "
        "of the wide one. In the paper narrow networks fall behind as α falls.",
        {
            "feature performance": {
                "FP(S_α)": measured(lambda alpha: FP(S(alpha))),
                "FP(M_1)": measured(lambda _: FP(M_1)),
                "FP(S_α), U = 1/α²": measured(lambda alpha: FP(S_matched(alpha))),
            }
        },
    ),
    ByWidth(
        "figure-4",
        "Figure 4: what residuals add",
        "Above, narrow networks with and without what they do not span of the wide one; beside them, with what they do "
        "not span of as many other narrow ones. Below, the wide network with and without what it does not span of "
        "narrow ones. In the paper the gain above grows as α falls, and there is none below.",
        {
            "feature performance of S_α": {
                "FP(S_α, R(S_α→M_1))": measured(lambda alpha: FP(S(alpha), R(S(alpha), M_1))),
                "FP(S_α)": measured(lambda alpha: FP(S(alpha))),
                "FP(S_α, R(S_α→S_α′))": measured(lambda alpha: FP(S(alpha), R(S(alpha), S_prime(alpha)))),
            },
            "feature performance of M_1": {
                "FP(M_1, R(M_1→S_α))": measured(lambda alpha: FP(M_1, R(M_1, S(alpha)))),
                "FP(M_1)": measured(lambda _: FP(M_1)),
            },
        },
    ),
    ACCURACY,
)


def draw_figures(records: Sequence[Record], folder: Path) -> list[Drawing]:
    """Draw every figure of one scale that something was measured of; panels follow the order of the records."""
    shown = [figure for figure in FIGURES if figure.shows(records)]
    drawn = [_draw_by_width(figure, records, folder) for figure in shown]
    if ACCURACY in shown:
        drawn.append(_draw_matched_fit(records, folder))
    drawn.append(_draw_penalties(records, folder))
    return drawn


def _draw_by_width(figure: ByWidth, records: Sequence[Record], folder: Path) -> Drawing:
    drawing = Drawing(figure.name, figure.title, figure.caption, margin_of(records), folder)
    numbers: Numbers = []
    with panels(drawing, len(figure.rows), len(records), numbers) as grid:
        for row, (label, curves) in zip(grid, figure.rows.items(), strict=True):
            for axes, record in zip(row, records, strict=True):
                numbers += _draw_curves(axes, record, curves)
                axes.set_title(title(record, line_break=True))
            row[0].set_ylabel(typeset(label))
    return drawing


def _draw_curves(axes: Axes, record: Record, curves: dict[str, Reading]) -> Numbers:
    numbers: Numbers = []
    alphas: set[Fraction] = set()
    for place, (label, reading) in enumerate(curves.items()):
        effects = {alpha: reading(record, alpha) for alpha in record.alphas}
        points = {alpha: effect for alpha, effect in effects.items() if effect is not None}
        if points:
            alphas |= set(points)
            numbers += of_study(record, draw_curve(axes, points, label, place))
    label_widths(axes, sorted(alphas, reverse=True))
    axes.legend(fontsize=8)
    return numbers


def _draw_matched_fit(records: Sequence[Record], folder: Path) -> Drawing:
    drawing = Drawing(
        "matched-fit",
        "At matched training accuracy",
        "Span error onto M_1 and feature performance against training accuracy: of narrow networks by width, and of "
        "the wide network M_1′ by epochs of its training. Where narrow networks lie above its curve of span errors, or "
        "below that of performances, width matters at equal fit.",
        margin_of(records),
        folder,
    )
    numbers: Numbers = []
    with panels(drawing, 2, len(records), numbers) as grid:
        for column, record in zip(grid.T, records, strict=True):
            column[0].set_title(title(record, line_break=True))
            for axes, metric in zip(column, ("feature span error", "feature performance"), strict=True):
                numbers += _draw_against_fit(axes, record, metric)
                axes.set_xlabel("training accuracy of one network")
        for axes, label in zip(grid[:, 0], ("feature span error onto M_1", "feature performance"), strict=True):
            axes.set_ylabel(typeset(label))
    return drawing


def _draw_against_fit(axes: Axes, record: Record, metric: str) -> Numbers:
    """Points (training accuracy, metric): narrow networks by α, and M_1′ by epochs; M_1 itself ends its performance."""
    span = metric == "feature span error"
    wide = record.networks[ONE]
    kept = wide.get("early", {"epochs": [], "train_accuracy": []})
    series = {
        "S_α": [
            (f"α = {alpha}", record.train_accuracy(alpha), FSE(S(alpha), M_1) if span else FP(S(alpha)))
            for alpha in record.narrow_alphas
        ],
        "M_1′ in training": [
            *(
                (
                    f"{epochs}",
                    over_replicates([[row[k]] for row in kept["train_accuracy"]]).mean,
                    FSE(early(epochs), M_1) if span else FP(early(epochs)),
                )
                for k, epochs in enumerate(kept["epochs"])
            ),
            (str(record.recipe["epochs"]), record.train_accuracy(ONE), FSE(M_1_PRIME, M_1) if span else FP(M_1)),
        ],
    }
    numbers: Numbers = []
    for (label, points), stroke in zip(series.items(), STROKES, strict=False):
        effects = [record.effect(contrast) for _, _, contrast in points]
        x = [fit for _, fit, _ in points]
        draw_bars(axes, x, effects, label, stroke)
        for (name, fit, _), effect in zip(points, effects, strict=True):
            axes.annotate(name, (fit, effect.mean), xytext=(4, 4), textcoords="offset points", fontsize=7)
            row = {"metric": metric, "curve": label, "point": name, "training accuracy": fit}
            numbers.append({**row, **columns_of(effect)})
    axes.legend(fontsize=8)
    return of_study(record, numbers)


def _draw_penalties(records: Sequence[Record], folder: Path) -> Drawing:
    drawing = Drawing(
        "penalties",
        "The gap of Figure 1 over the ridge penalty",
        "FSE(S_α→M_1) − FSE(M_1′→M_1) at multiples of the penalties that cross-validation chose. A verdict that is not "
        "the same over this band is inconclusive.",
        margin_of(records),
        folder,
    )
    effect_at, numbers = CLAIMS["span-over"].effect, []
    with panels(drawing, 1, len(records), numbers) as grid:
        for axes, record in zip(grid[0], records, strict=True):
            for alpha, stroke in zip(record.narrow_alphas, STROKES, strict=False):
                effects = [record.effect(effect_at(alpha), factor) for factor in PENALTY_FACTORS]
                draw_band(axes, PENALTY_FACTORS, effects, f"α = {alpha}", stroke)
                rows = zip(PENALTY_FACTORS, effects, strict=True)
                numbers += of_study(
                    record, [{"alpha": str(alpha), "factor": factor, **columns_of(e)} for factor, e in rows]
                )
            axes.set_xscale("log")
            axes.set_xlabel("multiple of the chosen λ")
            axes.set_title(title(record, line_break=True))
            axes.legend(fontsize=8)
        grid[0, 0].set_ylabel("feature span gap")
    return drawing
