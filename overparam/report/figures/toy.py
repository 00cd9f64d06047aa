"""The paper's Figure 5 from the toy's record, its controls, and the phase diagram."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from overparam.metrics.stats import Effect
from overparam.report.figures.drawing import (
    Drawing,
    Numbers,
    columns_of,
    draw_band,
    draw_bars,
    key,
    panels,
    stroke_of,
)
from overparam.study.feature_blocks import M_1, S
from overparam.study.quantities import FSE
from overparam.toy.record import SCALE, TARGET, Activated, ToyRecord
from overparam.toy.spec import Plane

ONE = Fraction(1)
PREDICTION = "#D55E00"  # colour of what the theory says
PLANES: dict[Plane, str] = {
    "addition": "added",
    "product": "multiplied",
}  # by pair of signals, how the paper's target combines them
NEEDED = 4  # the fewest neurons that the sum and the product ask for: see the docstring of toy/simulation.py
FIRST_AT = np.sqrt(np.pi)  # the strength of the product above which neurons turn to it before the sum


def draw_toy_figures(record: ToyRecord, folder: Path) -> list[Drawing]:
    """Draw what the toy's record holds beyond the claims; nothing for a record of the claims alone."""
    if not record.more:
        return []
    return [
        draw(record, folder)
        for draw in (_draw_training, _draw_spans, _draw_thresholds, _draw_controls, _draw_phase_diagram)
    ]


def _margin(record: ToyRecord) -> str:
    spec = record.spec
    return (
        f"scale {SCALE} · Gaussian inputs, {spec['dimensions']} dimensions, {spec['neurons']} neurons, activated above "
        f"{spec['threshold']:g} · {spec['seeds']} seeds, which share nothing · bands and bars reach to one-sided "
        f"95 % bounds · measured from inputs and code {record.key[:8]}"
    )


def _draw_training(record: ToyRecord, folder: Path) -> Drawing:
    drawing = Drawing(
        "figure-5",
        "Figure 5: what toy networks learn in training",
        "Neurons activated by the added signals (a) and by the multiplied ones (b) in all networks of a width, and the "
        " alignment of the wide network's best neuron with each pair of signals (c). In the paper both widths "
        "keep the added signals, the narrowest lose the multiplied ones, and the alignments rise to 1.",
        _margin(record),
        folder,
    )
    numbers: Numbers = []
    trajectories = record.more["trajectories"]
    steps = trajectories["steps"]
    with panels(drawing, 1, 3, numbers) as grid:
        grid[0, 1].sharey(grid[0, 0])
        for axes, letter, (plane, kind) in zip(grid[0], "ab", PLANES.items(), strict=False):
            for place, (alpha, curves) in enumerate(trajectories["curves"].items()):
                label = f"α = {record.width(Fraction(alpha))}"
                numbers += _draw_trajectory(
                    axes, trajectories["steps"], curves[plane]["activated"], label, place, plane
                )
            axes.set_title(f"{letter}. neurons activated\nby the {kind} signals")
        key(grid[0, 0], 2)
        for place, (plane, kind) in enumerate(PLANES.items()):
            curve = trajectories["curves"][str(ONE)][plane]["best"]
            numbers += _draw_trajectory(grid[0, 2], steps, curve, f"{kind} signals", place, plane)
        grid[0, 2].set_title("c. best alignment of a\nwide network's neuron")
        key(grid[0, 2])
        for axes in grid[0]:
            axes.set_xlabel("training steps")
    return drawing


def _draw_trajectory(
    axes: Axes, steps: list[int], curve: list[list[float]], label: str, place: int, plane: str
) -> Numbers:
    """A curve (records, seeds) over training: the mean over seeds, and its band."""
    effects = [Effect.independent(values) for values in curve]
    stroke = {name: value for name, value in stroke_of(place).items() if name != "marker"}
    draw_band(axes, steps, effects, label, stroke)
    return [
        {"signals": plane, "curve": label, "step": step, **columns_of(effect)}
        for step, effect in zip(steps, effects, strict=True)
    ]


def _draw_spans(record: ToyRecord, folder: Path) -> Drawing:
    drawing = Drawing(
        "toy-spans",
        "What the toy's narrow networks cannot do",
        "Feature span error of networks side by side onto the wide network M_1, and onto the target y, which is the "
        "error of a ridge readout: what narrow networks lose, no readout brings back.",
        _margin(record),
        folder,
    )
    alphas = [Fraction(alpha) for alpha in record.spec["alphas"]]
    curves = {
        "FSE(S_α→M_1)": {alpha: FSE(S(alpha), M_1) for alpha in alphas if alpha != ONE},
        "FSE(S_α→y)": {alpha: FSE(S(alpha), TARGET) for alpha in alphas},
    }
    numbers: Numbers = []
    with panels(drawing, 1, 1, numbers) as grid:
        for place, (label, contrasts) in enumerate(curves.items()):
            effects = {alpha: record.effect(contrast) for alpha, contrast in contrasts.items()}
            # Side by side: at log2(1/α), where other figures have them, labels of such widths would meet.
            draw_bars(grid[0, 0], list(map(alphas.index, effects)), list(effects.values()), label, stroke_of(place))
            numbers += [
                {"curve": label, **record.width(alpha).columns, **columns_of(effect)}
                for alpha, effect in effects.items()
            ]
        widths = [record.width(alpha) for alpha in alphas]
        grid[0, 0].set_xticks(range(len(widths)), [f"{width.alpha}\n{width.count}" for width in widths])
        grid[0, 0].set_xlabel(f"width factor α\n{widths[0].unit.words}")
        grid[0, 0].set_ylabel("feature span error")
        key(grid[0, 0])
    return drawing


def _draw_thresholds(record: ToyRecord, folder: Path) -> Drawing:
    thresholds = record.spec["thresholds"]
    drawing = Drawing(
        "toy-thresholds",
        "The share of activated neurons by the threshold of alignment",
        "Neurons activated by each pair of signals at the end of training, in all networks of a width together. A "
        "verdict that is not the same at every threshold is inconclusive.",
        _margin(record),
        folder,
    )
    numbers: Numbers = []
    with panels(drawing, 1, 2, numbers) as grid:
        grid[0, 1].sharey(grid[0, 0])
        for axes, (plane, kind) in zip(grid[0], PLANES.items(), strict=True):
            for place, alpha in enumerate(map(Fraction, record.spec["alphas"])):
                effects = [Effect.independent(record.quantities[str(Activated(plane, alpha, t))]) for t in thresholds]
                width = record.width(alpha)
                draw_bars(axes, thresholds, effects, f"α = {width}", stroke_of(place))
                numbers += [
                    {"signals": plane, **width.columns, "threshold": threshold, **columns_of(effect)}
                    for threshold, effect in zip(thresholds, effects, strict=True)
                ]
            axes.set_title(f"share of neurons activated\nby the {kind} signals")
            axes.set_xlabel("alignment above which a neuron is activated")
        key(grid[0, 0], 2)
    return drawing


def _draw_controls(record: ToyRecord, folder: Path) -> Drawing:
    controls = record.controls
    seeds = len(next(values for quantities in controls.values() for values in quantities.values()))
    drawing = Drawing(
        "toy-controls",
        "The toy setting with one thing changed",
        "The share of neurons that each pair of signals activates at the end of training, in the widest and the "
        "narrowest networks: as it is, and with one thing changed at a time.",
        f"{_margin(record)}; of the controls {seeds} seeds",
        folder,
    )
    runs = {"as it is": record.quantities, **controls}
    narrowest = min(Fraction(alpha) for alpha in record.spec["alphas"])
    numbers: Numbers = []
    with panels(drawing, 1, 2, numbers) as grid:
        grid[0, 1].sharex(grid[0, 0])
        for axes, (plane, kind) in zip(grid[0], PLANES.items(), strict=True):
            for place, alpha in enumerate((ONE, narrowest)):
                width = record.width(alpha)
                name = str(Activated(plane, alpha, record.spec["threshold"]))
                effects = [Effect.independent(quantities[name]) for quantities in runs.values()]
                axes.errorbar(
                    [effect.mean for effect in effects],
                    np.arange(len(runs)) + 0.1 - 0.2 * place,
                    xerr=[effect.upper - effect.mean for effect in effects],
                    label=f"α = {width}",
                    capsize=2,
                    **{**stroke_of(place), "linestyle": "none"},
                )
                numbers += [
                    {"signals": plane, **width.columns, "run": run, **columns_of(effect)}
                    for run, effect in zip(runs, effects, strict=True)
                ]
            axes.set_yticks(range(len(runs)), list(runs) if axes is grid[0, 0] else [""] * len(runs))
            axes.invert_yaxis()
            axes.set_title(f"share of neurons activated\nby the {kind} signals")
            key(axes)
    return drawing


def _draw_phase_diagram(record: ToyRecord, folder: Path) -> Drawing:
    phase = record.more["phase"]
    drawing = Drawing(
        "phase-diagram",
        "What a network of few neurons learns of the product",
        "The share of networks with a neuron that the multiplied signals activate, by neurons of a network and by the "
        f"strength c of the product. The line is the prediction: the sum and all of the product ask for {NEEDED}; "
        "three serve half of the product. Right of the dotted line, at √π, neurons turn to the product before the sum.",
        f"{_margin(record)}; {phase['networks']} networks a cell",
        folder,
    )
    learned = np.array(phase["learned"])  # (neurons, products)
    numbers: Numbers = [
        {"neurons": neurons, "product": product, "learned": float(share)}
        for neurons, row in zip(phase["neurons"], learned, strict=True)
        for product, share in zip(phase["products"], row, strict=True)
    ]
    with panels(drawing, 1, 1, numbers) as grid:
        axes: Axes = grid[0, 0]
        axes.grid(visible=False)
        axes.imshow(learned, cmap="cividis", vmin=0, vmax=1, aspect="auto", origin="lower")
        for row, shares in enumerate(learned):
            for column, share in enumerate(shares):
                axes.text(
                    column, row, f"{share:.2f}", ha="center", va="center", fontsize=8, color="w" if share < 0.5 else "k"
                )
        places = {name: range(len(phase[name])) for name in ("neurons", "products")}
        enough = np.interp(NEEDED, phase["neurons"], places["neurons"]) - 0.5
        first = np.interp(np.log(FIRST_AT), np.log(phase["products"]), places["products"])
        axes.axhline(float(enough), color=PREDICTION, linewidth=2)
        axes.axvline(float(first), color=PREDICTION, linewidth=1.5, linestyle=":")
        axes.set_xticks(places["products"], [f"{product:g}" for product in phase["products"]])
        axes.set_yticks(places["neurons"], phase["neurons"])
        axes.set_xlabel("strength c of the product")
        axes.set_ylabel("neurons of a network")
    return drawing
