"""Any networks beside each other: a heatmap of each measure of all pairs."""

from math import ceil
from pathlib import Path

from overparam.compare.span_matrix import SPAN, SpanMatrix
from overparam.errors import SpecError
from overparam.metrics.neighbours import similarities
from overparam.report.figures.drawing import Drawing, Numbers, draw_heatmap, panels

COLUMNS = 3


def draw_span_matrix(matrix: SpanMatrix, path: Path) -> Drawing:
    """Draw a panel for each measure, and beside ``path`` write it as PNG and its numbers as CSV.

    Raises:
        SpecError: if ``path`` is no SVG.
        StorageError: if the disk refuses it.
    """
    check_svg(path)
    reach = "" if len(matrix.replicates) == 1 else f", means over {len(matrix.replicates)} replicates"
    drawing = Drawing(
        path.stem,
        "Networks beside each other",
        "How badly a row's network spans a column's, and how alike they are; light is alike.",
        f"{matrix.notes[0]}{reach}. FSE from a row's network onto a column's: 0 is spanned, 1 no better than the mean. "
        "Light is alike; nothing stands where a number is not known.",
        path.parent,
    )
    numbers: Numbers = matrix.to_frame().to_dict("records")
    names = list(matrix.widths)
    rows = ceil(len(matrix.measures) / COLUMNS)
    with panels(drawing, rows, min(COLUMNS, len(matrix.measures)), numbers) as grid:
        for axes in grid.flat[len(matrix.measures) :]:
            axes.remove()
        known = similarities()
        for axes, measure in zip(grid.flat, matrix.measures, strict=False):
            axes.set_title("feature span error" if measure == SPAN else measure)
            larger = measure != SPAN and known[measure].larger_is_more_similar
            end = 1 if measure == SPAN else known[measure].range[1]
            values = matrix.values(measure)
            draw_heatmap(axes, values, names, names, end=end, larger_is_more_similar=larger)
    return drawing


def check_svg(path: Path) -> None:
    """Raise SpecError unless a figure is to be an SVG: before anything is measured for it."""
    if path.suffix != ".svg":
        raise SpecError(f"{path} is no SVG: name it .svg, and PNG and CSV are written beside it")
