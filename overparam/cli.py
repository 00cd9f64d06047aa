"""The command line: wires stages, holds no maths. Every error is one sentence, every command says how it ended.

Exit codes: 0 done; 1 it could not be done (data missing, a file damaged, the disk full); 2 it was asked for wrongly (an
unknown option, task or scale, a width factor out of range); 130 interrupted.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from overparam.config import StudySpec, load_config, parse_alpha
from overparam.errors import OverparamError, SpecError
from overparam.progress import progress_display
from overparam.workspace import Workspace

if TYPE_CHECKING:
    from overparam.judging import Judgement

app = typer.Typer(
    help="How does overparameterization affect features? Train, measure and judge the paper's claims.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
data_app = typer.Typer(help="Get the data that is not embedded.", no_args_is_help=True)
app.add_typer(data_app, name="data")
console = Console()

Task = Annotated[str, typer.Argument(help="digits, nli, cifar or mnli")]
Arch = Annotated[str, typer.Argument(help="resnet18, vgg16 or transformer")]
Alpha = Annotated[str, typer.Argument(help="width factor, 1/16 or 1_16")]
ReplicateNumber = Annotated[int, typer.Argument(help="number of the replicate, from 0")]
ScaleName = Annotated[
    str | None, typer.Option("--scale", help="a scale of params.yaml; the task's default if left out")
]


@data_app.command("fetch")
def data_fetch(
    task: Annotated[str, typer.Argument(help="cifar or mnli")],
    mirror: Annotated[
        Path | None, typer.Option("--from", help="a folder in the hub's layout, with cifar10/ or mnli/ in it")
    ] = None,
) -> None:
    """Fetch a task's data from the hub, or copy it from a local mirror, and check it.

    Example: `overparam data fetch cifar --from ~/mirror`
    """
    from overparam.fetch import fetch

    for split in fetch(task, mirror=mirror):
        columns = ", ".join(f"{name} ({kind})" for name, kind in split.columns.items())
        least, most = min(split.class_counts), max(split.class_counts)
        counts = f"{least:,}{'' if least == most else f' to {most:,}'} in each of {len(split.class_counts)} classes"
        print(f"{split.path.name}: {split.rows:,} rows, {counts}; columns {columns}; sha256 {split.sha256}")


@app.command()
def tokenizer(task: Annotated[str, typer.Argument(help="mnli")]) -> None:
    """Train a task's tokenizer on its training split; does nothing if it is there.

    Example: `overparam tokenizer mnli`
    """
    from overparam.data.sentences import MNLI, TOKENIZER, tokenizer_of

    if task != MNLI.task:
        raise SpecError(f"task {task!r} has no tokenizer to train: only {MNLI.task} has")
    _, sha256, tables = MNLI.open(Path("data"))
    tokenizer_of(tables["train"], sha256["train"], TOKENIZER)
    console.print(f"{TOKENIZER} is up to date")


@app.command()
def train(task: Task, arch: Arch, alpha: Alpha, replicate: ReplicateNumber, scale: ScaleName = None) -> None:
    """Train all copies at one width in one replicate; does nothing if that checkpoint is there.

    Interrupted, it goes on from the last epoch when started again. Example: `overparam train digits resnet18 1/16 0`
    """
    from overparam.stages import train_stage

    study = _study(task, arch, scale)
    with _resumable(), progress_display() as display:
        path = train_stage(study, parse_alpha(alpha), replicate, _workspace(), progress=display)
    console.print(f"{path} is up to date")


@app.command()
def features(task: Task, arch: Arch, alpha: Alpha, replicate: ReplicateNumber, scale: ScaleName = None) -> None:
    """Extract the features of one checkpoint on the fit and held-out examples.

    Example: `overparam features digits resnet18 1/16 0`
    """
    from overparam.stages import feature_stage

    path = feature_stage(_study(task, arch, scale), parse_alpha(alpha), replicate, _workspace())
    console.print(f"{path} is up to date")


@app.command()
def measure(task: Task, arch: Arch, scale: ScaleName = None) -> None:
    """Measure every quantity of one study from its feature files, and write its record.

    Example: `overparam measure digits resnet18`
    """
    from overparam.stages import measure_stage

    study = _study(task, arch, scale)
    with progress_display() as display:
        measure_stage(study, _workspace(), progress=display)
    console.print(f"{_workspace().record(study)} is up to date")


@app.command()
def study(task: Task, arch: Arch, scale: ScaleName = None) -> None:
    """Train, extract and measure whatever one study lacks; show how it is judged.

    Example: `overparam study cifar resnet18 --scale pilot`
    """
    from overparam.stages import run_study

    chosen = _study(task, arch, scale)
    with _resumable(), progress_display() as display:
        run_study(chosen, _workspace(), progress=display)
    _show([chosen])


@app.command()
def toy() -> None:
    """Train and measure the toy setting with its controls and its phase diagram, and show how it is judged.

    Example: `overparam toy`
    """
    from overparam.judging import load_preregistration
    from overparam.toy.claims import TOY_CLAIMS, judge_toy
    from overparam.toy.evidence import record_path, run_toy
    from overparam.toy.spec import read_toy

    spec, preregistration = read_toy(), load_preregistration()
    with progress_display() as display:
        record = run_toy(spec, record_path(_workspace().results), display)
    _print(
        [
            judge_toy(claim, record, alpha, preregistration, evidence="record")
            for claim in TOY_CLAIMS.values()
            for alpha in claim.alphas(spec)
        ]
    )


@app.command()
def judge(
    task: Task,
    scale: ScaleName = None,
    verdicts: Annotated[Path | None, typer.Option(help="write every judgement to this JSON file")] = None,
) -> None:
    """Judge every record of one task, and print the scoreboard.

    Example: `overparam judge digits --verdicts verdicts.json`
    """
    from overparam.files import write_json

    chosen = load_config().scale_of(task, scale)
    judgements = _show([StudySpec(arch, chosen) for arch in chosen.architectures])
    if verdicts:
        write_json(verdicts, [judgement.as_json() for judgement in judgements])


@app.command()
def tables(file: Annotated[Path, typer.Argument(help="a Markdown file with sections <!-- tables SCALE -->")]) -> None:
    """Write the tables of a Markdown file anew from the records.

    Example: `overparam tables README.md`
    """
    from overparam.report.tables import fill_tables

    fill_tables(file, _workspace().results)
    console.print(f"the tables of {file} are those of the records")


@app.command()
def status() -> None:
    """Say what evidence each study has and what it lacks, with the command that makes it.

    Example: `overparam status`
    """
    from overparam.data import data_at_hand
    from overparam.evidence import make_command

    config = load_config()
    table = Table("study", "checkpoints", "record", "data", "to make what is lacking")
    for scale in config.scales:
        for chosen in config.studies(scale):
            total = len(chosen.scale.alphas) * len(chosen.scale.replicates)
            at_hand = total - len(_workspace().lacking(chosen))
            recorded = _workspace().record(chosen).exists()
            has_data = data_at_hand(chosen.task)
            fetch = "" if has_data else f"overparam data fetch {chosen.task}, then "
            remedy = "" if recorded and at_hand == total else f"{fetch}{make_command(chosen)}"
            table.add_row(
                str(chosen), f"{at_hand} of {total}", "yes" if recorded else "no", "yes" if has_data else "no", remedy
            )
    Console(width=max(console.width, 150)).print(table)


def main() -> None:
    """Run the command line; a known error is one sentence on standard error, never a traceback."""
    try:
        app()
    except OverparamError as error:
        Console(stderr=True).print(f"[red]error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(2 if isinstance(error, SpecError) else 1)


@contextmanager
def _resumable() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted: start the same command again to go on from the last finished epoch")
        raise typer.Exit(130) from None


def _study(task: str, arch: str, scale: str | None) -> StudySpec:
    return load_config().study(task, arch, scale)


def _workspace() -> Workspace:
    return Workspace.at(Path())


def _show(studies: list[StudySpec]) -> "list[Judgement]":
    from overparam.judging import judge_record, load_preregistration
    from overparam.results import read_record

    preregistration = load_preregistration()
    judgements = [
        judgement
        for chosen in studies
        for judgement in judge_record(read_record(_workspace().record(chosen)), preregistration, evidence="record")
    ]
    _print(judgements)
    return judgements


def _print(judgements: "list[Judgement]") -> None:
    from overparam.scoreboard import scoreboard, summary

    Console(width=max(console.width, 150)).print(scoreboard(judgements))
    for line in summary(judgements):
        console.print(line, highlight=False, soft_wrap=True)
