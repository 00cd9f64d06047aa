"""Commands that read records: how they are judged, and what people read of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from overparam.cli.app import ScaleName, Task, app, console, draw_page, in_turn, judged, show, wide_console, workspace
from overparam.config.studies import StudySpec, load_config
from overparam.errors import SpecError

if TYPE_CHECKING:
    from overparam.report.settings import Setting


@app.command()
def judge(
    task: Task,
    scale: ScaleName = None,
    verdicts: Annotated[Path | None, typer.Option(help="write every judgement to this JSON file")] = None,
) -> None:
    """Judge every record of one task, and print the scoreboard.

    Example: `overparam judge digits --verdicts verdicts.json`
    """
    from overparam.io.files import write_json

    chosen = load_config().scale_of(task, scale)
    judgements = judged([StudySpec(arch, chosen) for arch in chosen.architectures])

    def write_verdicts() -> None:
        if verdicts:
            write_json(verdicts, [judgement.as_json() for judgement in judgements])

    in_turn(write_verdicts, lambda: show(judgements))


@app.command()
def plan(
    record: Annotated[Path, typer.Argument(help="a record, such as results/smoke/digits-resnet18.json")],
    power: Annotated[float, typer.Option(help="probability that a verdict is reached", min=0.01, max=0.99)] = 0.8,
) -> None:
    """Say how many replicates, or held-out examples, would decide what a record leaves open.

    Example: `overparam plan results/smoke/digits-resnet18.json --power 0.8`
    """
    from overparam.study.record import read_record
    from overparam.verdicts.intervals import CONDITION
    from overparam.verdicts.margins import load_preregistration
    from overparam.verdicts.planning import MOST, plan

    measured = read_record(record)
    count, held_out = len(measured.replicates), measured.data["heldout_examples"]
    if count < 2:
        raise SpecError(f"{record} has one replicate, which tells no variance to plan with: measure another")
    board = Table(
        title=f"To decide with a power of {power:g}, if true effects are the measured ones",
        title_justify="left",
        caption=CONDITION,
        caption_justify="left",
    )
    for heading in ("claim", "α", "effect", "margin", f"replicates, now {count}", f"or held out, now {held_out:,}"):
        board.add_column(heading, justify="left" if heading == "claim" else "right")
    board.add_column("undecided since", overflow="fold")
    for cell in plan(measured, load_preregistration(), power):
        numbers = ["–" if number is None else f"{number:,}" for number in (cell.replicates, cell.examples)]
        effect = f"{cell.verdict.effect.mean:+.4f} [{cell.verdict.effect.lower:+.4f}, {cell.verdict.effect.upper:+.4f}]"
        board.add_row(cell.claim, cell.place, effect, f"{cell.verdict.margin:g}", *numbers, Text(cell.verdict.why))
    wide_console().print(board)
    beyond = f"no {MOST:,} replicates, or times as many examples, would"
    console.print(f"– where {beyond}; where a gate withholds the verdict; and where several inequalities make it")


@app.command()
def tables(
    file: Annotated[
        Path,
        typer.Argument(
            help="Markdown with `<!-- KIND SCALE -->`, of tables, controls or equal-fit, or `<!-- calibration -->`"
        ),
    ],
) -> None:
    """Write the tables of a Markdown file anew from the records.

    Example: `overparam tables README.md`
    """
    from overparam.report.tables.sections import fill_sections

    fill_sections(file, workspace().results)
    console.print(f"the tables of {file} are those of the records")


@app.command()
def status() -> None:
    """Say what evidence each study has and what it lacks, with the command that makes it.

    Example: `overparam status`
    """
    from overparam.data import data_at_hand
    from overparam.pipeline.evidence import make_command

    config = load_config()
    table = Table("study", "checkpoints", "record", "data", "to make what is lacking")
    for scale in config.scales:
        for chosen in config.studies(scale):
            total = len(chosen.scale.alphas) * len(chosen.scale.replicates)
            at_hand = total - len(workspace().lacking(chosen))
            recorded = workspace().record(chosen).exists()
            has_data = data_at_hand(chosen.task)
            fetch = "" if has_data else f"overparam data fetch {chosen.task}, then "
            stored = recorded and at_hand < total and not chosen.scale.quick
            pull = "dvc pull --allow-missing, or " if stored else ""
            remedy = "" if recorded and at_hand == total and has_data else f"{fetch}{pull}{make_command(chosen)}"
            table.add_row(
                str(chosen), f"{at_hand} of {total}", "yes" if recorded else "no", "yes" if has_data else "no", remedy
            )
    Console(width=max(console.width, 150)).print(table)


Folder = Annotated[Path, typer.Option("--to", help="the folder to write into")]


@app.command()
def report(folder: Folder = Path("report")) -> None:
    """Draw every figure and write the page, from the records that `dvc.lock` pins.

    Example: `overparam report`
    """
    draw_page(_settings(), folder)


@app.command()
def badges(folder: Folder = Path("badges")) -> None:
    """Write a badge for every claim on every task that has a record, and one for all claims of the task.

    Example: `overparam badges`
    """
    from overparam.report.badges import write_badges

    written = write_badges(_settings(), folder)
    console.print(f"{len(written)} badges are in {folder}, each with its endpoint as JSON")


@app.command()
def explain(claim: Annotated[str, typer.Argument(help="a claim or a control, such as span-over")]) -> None:
    """Say what a claim states, what is measured for it, and how it is judged now.

    Example: `overparam explain span-over`
    """
    from overparam.verdicts.registry import REGISTRY

    if claim not in REGISTRY:
        raise SpecError(f"there is no claim {claim!r}: there are {', '.join(REGISTRY)}")
    chosen = REGISTRY[claim]
    console.print(Text.assemble((claim, "bold"), f" (Figure {chosen.figure}): {chosen.statement}."))
    console.print(f"Measured: {chosen.words}")
    show([judgement for setting in _settings() for judgement in setting.of(claim)])


def _settings() -> "list[Setting]":
    from overparam.report.settings import gather_settings
    from overparam.toy.spec import read_toy
    from overparam.verdicts.margins import load_preregistration

    return gather_settings(load_config(), read_toy(), load_preregistration(), Path())
