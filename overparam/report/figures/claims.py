"""The paper's Figures 1 to 4 from our records, in its own arrangement, and what a sceptic would draw beside them."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from overparam.metrics.stats import Effect
from overparam.report.figures.drawing import (
    SMALL,
    Numbers,
    columns_of,
    draw_band,
    draw_bars,
    draw_curve,
    key,
    label_widths,
    stroke_of,
)
from overparam.report.figures.studies import StudyFigure
from overparam.report.readings import ONE, Reading, accuracy, measured, over_replicates
from overparam.study.feature_blocks import M_1, M_1_PRIME, Early, R, S, S_matched, S_prime
from overparam.study.quantities import FP, FSE
from overparam.study.record import PENALTY_FACTORS, Record
from overparam.study.widths import Width
from overparam.verdicts.claims import SPAN_OVER


def _by_width(name: str, title: str, caption: str, rows: dict[str, dict[str, Reading]]) -> StudyFigure:
    """Curves by width factor; ``rows`` of panels hold, by the label of their y axis, the curves by label."""

    def draw(column: Sequence[Axes], record: Record) -> Numbers:
        return [
            row
            for axes, curves in zip(column, rows.values(), strict=True)
            for row in _draw_curves(axes, record, curves)
        ]

    def anything(record: Record) -> bool:
        readings = [reading for curves in rows.values() for reading in curves.values()]
        return any(reading(record, alpha) is not None for reading in readings for alpha in record.alphas)

    return StudyFigure(name, title, caption, tuple(rows), draw, anything)


def _draw_curves(axes: Axes, record: Record, curves: dict[str, Reading]) -> Numbers:
    numbers: Numbers = []
    widths: set[Width] = set()
    for place, (label, reading) in enumerate(curves.items()):
        effects = {record.width(alpha): reading(record, alpha) for alpha in record.alphas}
        points = {width: effect for width, effect in effects.items() if effect is not None}
        if points:
            widths |= set(points)
            numbers += draw_curve(axes, points, label, place)
    label_widths(axes, sorted(widths, key=lambda width: width.alpha, reverse=True))
    key(axes)
    return numbers


def _draw_training(column: Sequence[Axes], record: Record) -> Numbers:
    numbers: Numbers = []
    for axes, metric in zip(column, ("loss", "accuracy"), strict=True):
        for place, alpha in enumerate(record.alphas):
            by_epoch = np.transpose(record.networks[alpha]["history"][metric])  # (epochs, replicates)
            effects = {epoch: Effect.independent(values) for epoch, values in enumerate(by_epoch, start=1)}
            width = record.width(alpha)
            draw_band(
                axes, list(effects), list(effects.values()), f"α = {width}", {**stroke_of(place), "markersize": 3}
            )
            about = {"metric": metric, **width.columns}
            numbers += [{**about, "epoch": epoch, **columns_of(effect)} for epoch, effect in effects.items()]
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    key(column[0], 2)
    return numbers


def _draw_matched_fit(column: Sequence[Axes], record: Record) -> Numbers:
    return [row for axes, span in zip(column, (True, False), strict=True) for row in _against_fit(axes, record, span)]


def _against_fit(axes: Axes, record: Record, span: bool) -> Numbers:
    """Points (training accuracy, metric): narrow networks by α, and M_1′ by epochs; M_1 itself ends its performance.

    What a point is of stands in it, so that no two labels meet unless the points do.
    """
    wide = record.networks[ONE]
    kept = wide.get("early", {"epochs": [], "train_accuracy": []})
    widths = [record.width(alpha) for alpha in record.narrow_alphas]
    series = {
        f"S_α, by α, {widths[0].absolute} to {widths[-1].absolute}": [
            (
                str(width.alpha),
                record.train_accuracy(width.alpha),
                FSE(S(width.alpha), M_1) if span else FP(S(width.alpha)),
            )
            for width in widths
        ],
        "M_1′, by epochs of training": [
            *(
                (
                    f"{epochs}",
                    over_replicates([[row[k]] for row in kept["train_accuracy"]]).mean,
                    FSE(Early(epochs), M_1) if span else FP(Early(epochs)),
                )
                for k, epochs in enumerate(kept["epochs"])
            ),
            (str(record.recipe["epochs"]), record.train_accuracy(ONE), FSE(M_1_PRIME, M_1) if span else FP(M_1)),
        ],
    }
    metric = "feature span error" if span else "feature performance"
    numbers: Numbers = []
    for place, (label, points) in enumerate(series.items()):
        effects = [record.effect(contrast) for _, _, contrast in points]
        stroke = stroke_of(place)
        draw_bars(axes, [fit for _, fit, _ in points], effects, label, stroke)
        for (name, fit, _), effect in zip(points, effects, strict=True):
            around = {"markersize": 2 * SMALL, "markerfacecolor": "white", "zorder": 3 + place}
            axes.plot(fit, effect.mean, **{**stroke, **around})
            axes.text(fit, effect.mean, name, fontsize=SMALL - 2, ha="center", va="center", zorder=3.5 + place)
            row = {"metric": metric, "curve": label, "point": name, "training accuracy": fit}
            numbers.append({**row, **columns_of(effect)})
    axes.margins(0.1)
    axes.set_xlabel("training accuracy of one network")
    key(axes)
    return numbers


def _draw_penalties(column: Sequence[Axes], record: Record) -> Numbers:
    (axes,), gap = column, SPAN_OVER.effect
    numbers: Numbers = []
    for place, alpha in enumerate(_with_gap(record)):
        effects = {factor: record.effect(gap(alpha), factor) for factor in PENALTY_FACTORS}
        width = record.width(alpha)
        draw_band(axes, list(effects), list(effects.values()), f"α = {width}", stroke_of(place))
        numbers += [{**width.columns, "factor": factor, **columns_of(e)} for factor, e in effects.items()]
    axes.set_xscale("log")
    axes.set_xlabel("multiple of the chosen λ")
    key(axes)
    return numbers


def _with_gap(record: Record) -> list[Fraction]:
    """The widths at which the gap of Figure 1 was measured."""
    return [alpha for alpha in record.narrow_alphas if not record.lacks(SPAN_OVER.effect(alpha))]


ACCURACY = _by_width(
    "accuracy",
    "Accuracy of single networks by width",
    "Training and held-out accuracy of one network, averaged over the networks of a replicate. Where narrow "
    "networks fit their training data less well, width alone may not be the cause of what differs.",
    {"accuracy": {"training": accuracy("train_accuracy"), "held-out": accuracy("heldout_accuracy")}},
)
FIGURES = (
    _by_width(
        "figure-1",
        "Figure 1: what narrow networks span of the wide one",
        "Feature span error onto the wide network M_1, from as many features of narrow networks and from another wide "
        "network. In the paper the curves are close at α = 1/2 and far apart at 1/8 and 1/16; of its CNNs these are "
        "32, 8 and 4 channels.",
        {
            "feature span error": {
                "FSE(S_α→M_1)": measured(lambda alpha: FSE(S(alpha), M_1)),
                "FSE(M_1′→M_1)": measured(lambda _: FSE(M_1_PRIME, M_1)),
                "FSE(S_α→M_1), U = 1/α²": measured(lambda alpha: FSE(S_matched(alpha), M_1)),
            }
        },
    ),
    _by_width(
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
    _by_width(
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
    _by_width(
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
    StudyFigure(
        "training",
        "Training curves",
        "Loss (nats) and accuracy over the training data of each epoch, as the network met them on its way (pictures "
        "augmented); of one network, averaged over the networks of a replicate.",
        ("training loss", "training accuracy"),
        _draw_training,
        lambda record: "history" in record.networks[ONE],
    ),
    StudyFigure(
        "matched-fit",
        "At matched training accuracy",
        "Span error onto M_1 and feature performance against training accuracy: of narrow networks by width, and of "
        "the wide network M_1′ by epochs of its training. Lines between epochs guide the eye, and bars that are "
        "shorter than a mark are hidden by it. Nothing is judged by these stages: where the learning rate is high, "
        "statistics of batch normalisation lag behind the weights, and their training accuracy says too little.",
        ("feature span error onto M_1", "feature performance"),
        _draw_matched_fit,
        lambda record: ACCURACY.measured(record) and "epochs" in record.recipe,
    ),
    StudyFigure(
        "penalties",
        "The gap of Figure 1 over the ridge penalty",
        "FSE(S_α→M_1) − FSE(M_1′→M_1) at multiples of the penalties that cross-validation chose. Where "
        "an effect moves by more than the margin to another outcome within a decade, its verdict is inconclusive.",
        ("feature span gap",),
        _draw_penalties,
        lambda record: bool(_with_gap(record)),
    ),
)
