"""Figures with a column of panels for each study, drawn from records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from overparam.report.figures.drawing import Drawing, Numbers, panels, typeset
from overparam.report.readings import title
from overparam.study.record import Record
from overparam.verdicts.intervals import CONDITION, GIVEN


@dataclass(frozen=True)
class StudyFigure:
    """A figure of every study of one scale.

    Attributes:
        name: of its files.
        title: what it shows.
        caption: how to read it, and what the paper says of it.
        labels: of the y axes, from the top panel down.
        draw: draws one study on its column of panels, and returns the numbers it drew.
        measured: whether a record holds anything to draw.
        compares: whether studies of one task share the scales of the y axes.
    """

    name: str
    title: str
    caption: str
    labels: tuple[str, ...]
    draw: Callable[[Sequence[Axes], Record], Numbers]
    measured: Callable[[Record], bool] = lambda record: True
    compares: bool = True


def draw_figures(figures: Sequence[StudyFigure], records: Sequence[Record], folder: Path) -> list[Drawing]:
    """Draw every figure of the records that have measured it; columns follow the order of the records."""
    shown = {figure: list(filter(figure.measured, records)) for figure in figures}
    return [_draw(figure, measured, folder) for figure, measured in shown.items() if measured]


def _draw(figure: StudyFigure, records: Sequence[Record], folder: Path) -> Drawing:
    drawing = Drawing(figure.name, figure.title, f"{figure.caption} {CONDITION}", margin_of(records), folder)
    numbers: Numbers = []
    with panels(drawing, len(figure.labels), len(records), numbers) as grid:
        if figure.compares:
            _share_scales(grid, [record.task for record in records])
        for column, record in zip(grid.T, records, strict=True):
            column[0].set_title(title(record, line_break=True))
            about = {"task": record.task, "arch": record.arch}
            numbers += [{**about, **row} for row in figure.draw(column, record)]
        for axes, label in zip(grid[:, 0], figure.labels, strict=True):
            axes.set_ylabel(typeset(label))
    return drawing


def _share_scales(grid: np.ndarray, tasks: Sequence[str]) -> None:
    """In every row of panels, those of one task have the same scale, by which to compare architectures."""
    for row in grid:
        first: dict[str, Axes] = {}
        for axes, task in zip(row, tasks, strict=True):
            if first.setdefault(task, axes) is not axes:
                axes.sharey(first[task])


def margin_of(records: Sequence[Record]) -> str:
    """Scale, data, replicates and version of what a figure was drawn from."""
    scales = ", ".join(dict.fromkeys(record.scale for record in records))
    data = "; ".join(dict.fromkeys(record.data["source"] for record in records))
    replicates = "/".join(dict.fromkeys(str(len(record.replicates)) for record in records))
    keys = ", ".join(record.key[:8] for record in records)
    return (
        f"scale {scales} · {data} · R = {replicates} (dots); bands and bars reach to one-sided 95 % bounds, {GIVEN} · "
        f"measured from inputs and code {keys}"
    )
