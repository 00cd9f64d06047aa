"""The command for any networks beside each other."""

from pathlib import Path
from typing import Annotated

import typer

from overparam.cli.app import app, in_turn
from overparam.cli.options import AsJson, Heldout, Plugins, SplitSeed
from overparam.cli.output import console, print_fitting, print_json
from overparam.io.progress import progress_display


@app.command()
def span(
    networks: Annotated[
        list[str], typer.Argument(help="files A.npy, B.npy, …; A.npy+B.npy of two side by side, or A+B of two given")
    ],
    *,
    labels: Annotated[Path | None, typer.Option(help="class of each example; those beside files if left out")] = None,
    heldout: Heldout = "0.5",
    seed: SplitSeed = 0,
    measure: Annotated[
        list[str] | None, typer.Option(help="FSE, or one of `overparam ls measures`; once for each, all if left out")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="draw heatmaps; PNG and CSV are written beside it")
    ] = None,
    json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Measure how well any networks span each other, both ways, and how alike they are, with intervals.

    A network is called what its file is. Files of one name in several folders, such as r0/A.npy and r1/A.npy, are
    replicates of it. Row k must be the same example in every file: ids and labels that lie beside one, such as
    A.ids.npy, are compared.

    Example: `overparam span A.npy B.npy C.npy B+C --labels y.npy`
    """
    from overparam.compare.sources import span_files
    from overparam.report.figures.span_matrix import check_svg, draw_span_matrix

    if figure:
        check_svg(figure)
    with progress_display() as display:
        bar = display.add_task("measuring", total=None)
        matrix = span_files(
            networks,
            labels=labels,
            heldout=heldout,
            seed=seed,
            measures=measure or None,
            advance=lambda done, total: display.update(bar, completed=done, total=total),
        )

    def draw() -> None:
        if figure:
            drawn = draw_span_matrix(matrix, figure)
            if not json:
                console.print(f"{drawn.file('svg')} is drawn, its numbers beside it")

    def say() -> None:
        if json:
            print_json(matrix.as_json())
        else:
            print_fitting(*matrix.__rich__().renderables)

    in_turn(draw, say)
