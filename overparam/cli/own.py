"""The command for networks of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from overparam.cli.app import app, in_turn
from overparam.cli.lookup import margins_of
from overparam.cli.options import Heldout, MarginsFile, Plugins, SplitSeed, VerdictsFile
from overparam.cli.output import as_json, draw_page, print_fitting
from overparam.io.progress import progress_display


@app.command()
def compare(
    folder: Annotated[
        Path | None, typer.Argument(help="replicates r0, r1, …, each with wide, baseline, narrow-0, narrow-1, …")
    ] = None,
    wide: Annotated[Path | None, typer.Option(help="features of the wide network, (examples, features)")] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="features of another wide network from its own seed, if there is one")
    ] = None,
    narrow: Annotated[list[Path] | None, typer.Option(help="features of one narrow network; once for each")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="class of each example, whole numbers; FOLDER/labels.* if left out")
    ] = None,
    heldout: Heldout = "0.5",
    seed: SplitSeed = 0,
    margins: MarginsFile = None,
    verdicts: VerdictsFile = None,
    plugin: Plugins = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="fail at the first quantity that decides nothing, or has no value")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="write the page and its figures into this folder")] = None,
) -> None:
    """Measure and judge the claims on features of your own networks: a folder of replicates, or the files of one.

    Row k must be the same example in every file: ids that lie beside one, such as wide.ids.npy, are compared, and so
    are labels, such as wide.labels.npy. Without ids the order is taken on trust, and the notes say so.

    Example: `overparam compare --wide m1.npy --baseline m1b.npy --narrow a.npy --narrow b.npy --labels y.npy`
    """
    from overparam.compare.api import compare_files
    from overparam.io.files import write_json

    declared = margins_of(margins)
    with progress_display() as display:
        display.add_task("measuring", total=None)
        comparison = compare_files(
            folder,
            wide=wide,
            baseline=baseline,
            narrow=narrow or (),
            labels=labels,
            heldout=heldout,
            seed=seed,
            preregistration=declared,
            strict=strict,
        )

    def write_verdicts() -> None:
        if verdicts:
            write_json(verdicts, as_json(comparison.judgements))

    def write_report() -> None:
        if report:
            from overparam.report.settings import Setting

            draw_page([Setting.of_own(comparison)], declared, report)

    in_turn(write_verdicts, write_report, lambda: print_fitting(*comparison.__rich__().renderables))
