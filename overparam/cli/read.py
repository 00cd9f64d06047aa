"""Commands that read records: how they are judged, and what people read of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from overparam.cli.app import app, in_turn
from overparam.cli.lookup import config_of, judged, margins_of, settings_of
from overparam.cli.options import Arch, AsJson, MarginsFile, Plugins, Root, ScaleName, Task, VerdictsFile
from overparam.cli.output import as_json, console, draw_page, print_fitting, print_json, show
from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.errors import SpecError

if TYPE_CHECKING:
    from overparam.verdicts.planning import Plan


@app.command()
def judge(
    task: Task,
    *,
    scale: ScaleName = None,
    margins: MarginsFile = None,
    verdicts: VerdictsFile = None,
    json: AsJson = False,
    plugin: Plugins = None,
    root: Root,
) -> None:
    """Judge every record of one task, and print the scoreboard.

    Example: `overparam judge mosaics --verdicts verdicts.json`
    """
    from overparam.io.files import write_json

    chosen = config_of(root).scale_of(task, scale)
    judgements = judged([StudySpec(arch, chosen) for arch in chosen.architectures], root, margins_of(margins))

    def write_verdicts() -> None:
        if verdicts:
            write_json(verdicts, as_json(judgements))

    in_turn(write_verdicts, lambda: print_json(as_json(judgements)) if json else show(judgements))


@app.command()
def plan(
    record: Annotated[Path, typer.Argument(help="a record, such as results/smoke/mosaics-resnet18.json")],
    power: Annotated[float, typer.Option(help="probability that a verdict is reached", min=0.01, max=0.99)] = 0.8,
    *,
    margins: MarginsFile = None,
    json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Say how many replicates, or held-out examples, would decide what a record leaves open.

    Example: `overparam plan results/smoke/mosaics-resnet18.json --power 0.8`
    """
    from overparam.study.record import read_record
    from overparam.verdicts.intervals import CONDITION
    from overparam.verdicts.planning import MOST, plan

    measured = read_record(record)
    count, held_out = len(measured.replicates), measured.data["heldout_examples"]
    if count < 2:
        raise SpecError(f"{record} has one replicate, which tells no variance to plan with: measure another")
    cells = plan(measured, margins_of(margins), power)
    if json:
        print_json([_as_plain(cell) for cell in cells])
        return
    board = Table(
        title=f"To decide with a power of {power:g}, if true effects are the measured ones",
        title_justify="left",
        caption=CONDITION,
        caption_justify="left",
    )
    for heading in ("claim", "α", "effect", "margin", f"replicates, now {count}", f"or held out, now {held_out:,}"):
        board.add_column(heading, justify="left" if heading == "claim" else "right")
    board.add_column("undecided since", overflow="fold")
    for cell in cells:
        numbers = ["–" if number is None else f"{number:,}" for number in (cell.replicates, cell.examples)]
        effect = f"{cell.verdict.effect.mean:+.4f} [{cell.verdict.effect.lower:+.4f}, {cell.verdict.effect.upper:+.4f}]"
        board.add_row(cell.claim, cell.place, effect, f"{cell.verdict.margin:g}", *numbers, Text(cell.verdict.why))
    print_fitting(board)
    beyond = f"no {MOST:,} replicates, or times as many examples, would"
    console.print(f"– where {beyond}; where a gate withholds the verdict; and where several inequalities make it")


def _as_plain(cell: "Plan") -> dict[str, Any]:
    """What an undecided cell needs, as plain values; null for a bound that is infinite."""
    from overparam.verdicts.judge import finite

    verdict, effect = cell.verdict, cell.verdict.effect
    return {
        "claim": cell.claim,
        "place": cell.place,
        "effect": effect.mean,
        "lower": finite(effect.lower),
        "upper": finite(effect.upper),
        "margin": verdict.margin,
        "replicates": cell.replicates,
        "examples": cell.examples,
        "why": verdict.why,
    }


@app.command()
def tables(
    file: Annotated[
        Path,
        typer.Argument(
            help="Markdown with `<!-- KIND SCALE -->`, of tables, controls or equal-fit, or `<!-- error-rates -->`"
        ),
    ],
    *,
    plugin: Plugins = None,
    root: Root,
) -> None:
    """Write the tables of a Markdown file anew from the records.

    Example: `overparam tables README.md`
    """
    from overparam.report.tables.sections import fill_sections

    fill_sections(file, Workspace.at(root).results)
    console.print(f"the tables of {file} are those of the records")


@app.command()
def status(*, json: AsJson = False, plugin: Plugins = None, root: Root) -> None:
    """Say what evidence each study has and what it lacks, with the command that makes it.

    Example: `overparam status`
    """
    config = config_of(root)
    rows = [_status(chosen, Workspace.at(root)) for scale in config.scales for chosen in config.studies(scale)]
    if json:
        print_json(rows)
        return
    table = Table("study", "checkpoints", "record", "data", "to make what is lacking")
    for row in rows:
        at_hand = f"{row['checkpoints']} of {row['of']}"
        table.add_row(
            row["study"], at_hand, *("yes" if row[part] else "no" for part in ("record", "data")), row["make"]
        )
    print_fitting(table)


def _status(study: StudySpec, workspace: Workspace) -> dict[str, Any]:
    """The evidence for a study, as plain values."""
    from overparam.data import data_at_hand
    from overparam.pipeline.evidence import make_command

    total = len(study.scale.alphas) * len(study.scale.replicates)
    at_hand = total - len(workspace.lacking(study))
    recorded, has_data = workspace.record(study).exists(), data_at_hand(study.task, workspace.data)
    fetch = "" if has_data else f"overparam data fetch {study.task}, then "
    stored = recorded and at_hand < total and not study.scale.quick
    pull = "dvc pull --allow-missing, or " if stored else ""
    complete = recorded and at_hand == total and has_data
    return {
        "study": str(study),
        "task": study.task,
        "architecture": study.arch,
        "scale": study.scale.name,
        "checkpoints": at_hand,
        "of": total,
        "record": recorded,
        "data": has_data,
        "make": "" if complete else f"{fetch}{pull}{make_command(study)}",
    }


Folder = Annotated[Path, typer.Option("--to", help="the folder to write into")]


@app.command()
def report(folder: Folder = Path("report"), *, margins: MarginsFile = None, plugin: Plugins = None, root: Root) -> None:
    """Draw every figure and write the page, from the records that `dvc.lock` pins.

    Example: `overparam report`
    """
    declared = margins_of(margins)
    draw_page(settings_of(root, declared), declared, folder)


@app.command()
def figure(
    task: Task,
    arch: Arch,
    scale: ScaleName = None,
    folder: Folder = Path("docs/figures"),
    *,
    margins: MarginsFile = None,
    plugin: Plugins = None,
    root: Root,
) -> None:
    """Draw one study's Figure 1, and beside it its gap where networks fit alike: the picture of the README.

    Example: `overparam figure cifar resnet18 --to docs/figures`
    """
    from overparam.report.figures.at_equal_fit import draw_at_equal_fit

    chosen = config_of(root).study(task, arch, scale)
    settings = [
        each for each in settings_of(root, margins_of(margins)) if (each.task, each.arch) == (chosen.task, chosen.arch)
    ]
    (asked,) = (each for each in settings if each.scale == chosen.scale.name)
    drawing = draw_at_equal_fit(asked, [each for each in settings if each.all_fit], folder)
    console.print(f"{drawing.file('svg')} is drawn, its numbers beside it")


@app.command()
def badges(folder: Folder = Path("badges"), *, margins: MarginsFile = None, plugin: Plugins = None, root: Root) -> None:
    """Write a badge for every claim on every task that has a record, and one for all claims of the task.

    Example: `overparam badges`
    """
    from overparam.report.badges import write_badges

    written = write_badges(settings_of(root, margins_of(margins)), folder)
    console.print(f"{len(written)} badges are in {folder}, each with its endpoint as JSON")


@app.command()
def explain(
    claim: Annotated[str, typer.Argument(help="a claim or a control, such as span-over: `overparam ls claims`")],
    *,
    margins: MarginsFile = None,
    json: AsJson = False,
    plugin: Plugins = None,
    root: Root,
) -> None:
    """Say what a claim states, what is measured for it, and how it is judged now.

    Example: `overparam explain span-over`
    """
    from overparam.verdicts.registry import find_claim

    chosen = find_claim(claim)
    judgements = [judgement for setting in settings_of(root, margins_of(margins)) for judgement in setting.of(claim)]
    if json:
        about = {"claim": claim, "figure": chosen.figure, "states": chosen.statement, "measured": chosen.words}
        print_json({**about, "judgements": as_json(judgements)})
        return
    console.print(Text.assemble((claim, "bold"), f" (Figure {chosen.figure}): {chosen.statement}."))
    console.print(f"Measured: {chosen.words}")
    show(judgements)
