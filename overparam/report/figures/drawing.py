"""One style for every figure, and how it is saved: SVG, PNG and its numbers as CSV, side by side."""

import csv
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from overparam.io.files import write_atomically
from overparam.metrics.stats import Effect
from overparam.report.figures.svg import slim
from overparam.study.widths import Width

# Okabe and Ito's palette survives colour blindness; markers and dashes survive greyscale.
STROKES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    {"color": "#D55E00", "marker": "s", "linestyle": "--"},
    {"color": "#009E73", "marker": "^", "linestyle": ":"},
    {"color": "#7B3F7B", "marker": "D", "linestyle": "-."},
    {"color": "#8A6D00", "marker": "v", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": "#222222", "marker": "P", "linestyle": (0, (1, 3))},
)
SMALL = 8  # points, of keys and of what stands at points; no smaller, since the page shows figures as they are
STYLE: Any = {
    "font.size": 9,
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],  # a reader's browser may lack the first
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.markersize": 5,
    "legend.fontsize": SMALL,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",  # text as text: a fifth of the size of its outlines, and one can search it
    "svg.hashsalt": "overparam",  # the same numbers draw the same file
}
PANEL = (3.7, 3.0)  # inches
DOTS_PER_INCH = 150
LETTERS_PER_INCH = 16  # in the margin
LEGIBLE = 12  # numbers side by side in a panel
DODGE = 0.05  # halvings, between curves at the same width


@dataclass(frozen=True)
class Drawing:
    """A figure on disk.

    Attributes:
        name: of its files, without ending.
        title: what it shows.
        caption: how to read it, and what the paper says of it; stands in for the picture where it is not seen.
        margin: scale, data, replicates and version, as they stand in the figure.
        folder: where ``name.svg``, ``name.png`` and ``name.csv`` lie.
    """

    name: str
    title: str
    caption: str
    margin: str
    folder: Path

    def file(self, ending: str) -> Path:
        """The file with the given ending: svg, png or csv."""
        return self.folder / f"{self.name}.{ending}"


Numbers = list[dict[str, Any]]  # a row of the CSV, by column


@contextmanager
def panels(drawing: Drawing, rows: int, columns: int, numbers: Numbers) -> Iterator[np.ndarray]:
    """Axes (rows, columns) to draw on; on leaving, the figure and the numbers collected meanwhile are saved."""
    with matplotlib.rc_context(STYLE):
        width = PANEL[0] * columns
        figure = Figure(figsize=(width, PANEL[1] * rows + 0.3))
        grid = figure.subplots(rows, columns, squeeze=False)
        yield grid
        _make_room_for_keys(figure, grid)
        margin = textwrap.fill(drawing.margin, int(LETTERS_PER_INCH * width))
        figure.supxlabel(margin, fontsize=SMALL - 1, color="#555555", x=0.01, ha="left")
        _lay_out(figure)
        write_atomically(drawing.file("svg"), lambda path: _save_svg(figure, path))
        write_atomically(
            drawing.file("png"),
            lambda path: figure.savefig(path, format="png", metadata={"Software": None}, dpi=DOTS_PER_INCH),
        )
    write_atomically(drawing.file("csv"), lambda path: _write_numbers(path, numbers))


def key(axes: Axes, columns: int = 1) -> None:
    """Name the curves of a panel above it, where that hides none of them."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, handlelength=2.8, ncols=columns)


def _make_room_for_keys(figure: Figure, grid: np.ndarray) -> None:
    """Titles above the keys, and panels as high as without them; a key is not said again beside itself."""
    added = 0.0
    for row in grid:
        keys = {tuple(text.get_text() for text in shown.get_texts()): shown for shown in _keys(row[::-1])}
        for shown in _keys(row):
            if shown not in keys.values():
                shown.remove()
        high = max((shown.get_window_extent().height / figure.dpi for shown in keys.values()), default=0.0)  # inches
        for axes in row:
            axes.set_title(axes.get_title(), pad=72 * high + 6)
        added += high
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + added)


def _keys(row: Iterable[Axes]) -> list[Legend]:
    return [shown for shown in (axes.get_legend() for axes in row) if shown]


def _lay_out(figure: Figure) -> None:
    """Place the panels once, and not again for every format."""
    engine = figure.get_layout_engine()
    assert engine is not None  # the style has one
    engine.execute(figure)
    figure.set_layout_engine("none")


def _save_svg(figure: Figure, path: Path) -> None:
    drawn = StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    path.write_text(slim(drawn.getvalue()), encoding="utf-8")


def draw_curve(axes: Axes, points: Mapping[Width, Effect], label: str, place: int) -> Numbers:
    """One quantity by width factor: mean, a bar to its one-sided 95 % bounds, a dot for every replicate.

    Args:
        axes: to draw on; x is log2(1/α), and a little more for every curve before, so that no bar hides another.
        points: by width.
        label: of the curve.
        place: which stroke to draw it with.

    Returns:
        The numbers that were drawn.
    """
    stroke = stroke_of(place)
    widths = sorted(points, key=lambda width: width.alpha, reverse=True)
    x = [at + DODGE * place for at in halvings(widths)]
    effects = [points[width] for width in widths]
    draw_bars(axes, x, effects, label, stroke)
    for at, effect in zip(x, effects, strict=True):
        axes.scatter(
            np.full(len(effect.values), at), effect.values, s=7, color=stroke["color"], alpha=0.6, linewidth=0, zorder=3
        )
    return [{"curve": label, **width.columns, **columns_of(points[width])} for width in widths]


def draw_band(axes: Axes, x: Sequence[float], effects: Sequence[Effect], label: str, stroke: Mapping[str, Any]) -> None:
    """Means as a line, in the band between their one-sided 95 % bounds where there are any."""
    axes.plot(x, [effect.mean for effect in effects], label=typeset(label), **stroke)
    bounds = np.array([[effect.lower, effect.upper] for effect in effects])
    if np.isfinite(bounds).all():
        axes.fill_between(x, *bounds.T, color=stroke["color"], alpha=0.12, linewidth=0)


def draw_bars(axes: Axes, x: Sequence[float], effects: Sequence[Effect], label: str, stroke: Mapping[str, Any]) -> None:
    """Means as a line, with bars to their one-sided 95 % bounds where there are any."""
    reach = [effect.upper - effect.mean for effect in effects]
    means: Any = [effect.mean for effect in effects]
    bars = reach if np.isfinite(reach).all() else None
    axes.errorbar(x, means, yerr=bars, label=typeset(label), capsize=2, elinewidth=1, **stroke)


def draw_heatmap(
    axes: Axes,
    values: np.ndarray,
    names: Sequence[str],
    rows: Iterable[str],
    *,
    end: float = 1,
    larger_is_more_similar: bool = False,
) -> None:
    """A measure of all pairs, from 0 to ``end``, with its numbers where there is room; what is alike is light.

    Args:
        axes: to draw on.
        values: (rows, columns), NaN where there is none.
        names: of columns.
        rows: names of rows.
        end: of the scale of colours.
        larger_is_more_similar: of the measure.
    """
    dark_is_large = not larger_is_more_similar
    axes.imshow(values, cmap="cividis_r" if dark_is_large else "cividis", vmin=0, vmax=end)
    axes.grid(visible=False)
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value) and len(names) <= LEGIBLE:
            color = "white" if (value > end / 2) == dark_is_large else "black"
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", color=color, fontsize=7)
    axes.set_xticks(range(len(names)), names, rotation=60, fontsize=8)
    axes.set_yticks(range(len(names)), rows, fontsize=8)


def stroke_of(place: int) -> dict[str, Any]:
    """The stroke of the curve at a place; after the last one they begin again."""
    return STROKES[place % len(STROKES)]


def typeset(name: object) -> str:
    """M_1 and S_α as mathematics."""
    return re.sub(r"([MS])_(1|α)", r"$\1_\2$", str(name))


def halvings(widths: Sequence[Width]) -> list[float]:
    """log2(1/α): 0 at the full width, and one more at each halving."""
    return [float(np.log2(float(1 / width.alpha))) for width in widths]


def label_widths(axes: Axes, widths: Sequence[Width]) -> None:
    """Name the width factors on the x axis, and below each how wide a network is there."""
    axes.set_xticks(halvings(widths), [f"{width.alpha}\n{width.count}" for width in widths])
    counted = dict.fromkeys(width.unit.words for width in widths)
    axes.set_xlabel("\n".join(["width factor α", *counted]))


def columns_of(effect: Effect) -> dict[str, Any]:
    """An effect as columns of a CSV: mean, one-sided bounds, and every replicate."""
    values = {f"replicate {r}": value for r, value in enumerate(effect.values)}
    return {"mean": effect.mean, "lower": effect.lower, "upper": effect.upper, **values}


def _write_numbers(path: Path, numbers: Numbers) -> None:
    columns = list(dict.fromkeys(name for row in numbers for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(numbers)
