"""Commands that make artifacts: data, tokenizers, checkpoints, features, records."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from overparam.cli.app import app, data_app, in_turn
from overparam.cli.lookup import judged, margins_of, study_of
from overparam.cli.options import Alpha, Arch, Budget, MarginsFile, OwnRoot, Plugins, ReplicateNumber, ScaleName, Task
from overparam.cli.output import console, show
from overparam.config.root import PARAMS
from overparam.config.studies import parse_alpha
from overparam.config.workspace import Workspace
from overparam.errors import SpecError
from overparam.io.progress import progress_display


@data_app.command("fetch")
def data_fetch(
    task: Annotated[str, typer.Argument(help="cifar or mnli")],
    mirror: Annotated[
        Path | None, typer.Option("--from", help="a folder in the hub's layout, with cifar10/ or mnli/ in it")
    ] = None,
    *,
    root: OwnRoot,
) -> None:
    """Fetch a task's data from the hub, or copy it from a local mirror, and check it.

    Example: `overparam data fetch cifar --from ~/mirror`
    """
    from overparam.data.fetch import fetch

    for split in fetch(task, mirror=mirror, root=Workspace.at(root).data):
        columns = ", ".join(f"{name} ({kind})" for name, kind in split.columns.items())
        least, most = min(split.class_counts), max(split.class_counts)
        counts = f"{least:,}{'' if least == most else f' to {most:,}'} in each of {len(split.class_counts)} classes"
        digests = f"sha256 {split.sha256}; content {split.content}"
        print(f"{split.path.name}: {split.rows:,} rows, {counts}; columns {columns}; {digests}")


@app.command()
def tokenizer(task: Annotated[str, typer.Argument(help="mnli")], *, root: OwnRoot) -> None:
    """Train a task's tokenizer on its training split; does nothing if it is there.

    Example: `overparam tokenizer mnli`
    """
    from overparam.data.sentences import MNLI, TOKENIZER, tokenizer_of

    if task != MNLI.task:
        raise SpecError(f"task {task!r} has no tokenizer to train: only {MNLI.task} has")
    opened = MNLI.open(Workspace.at(root).data)
    tokenizer_of(opened.tables["train"], opened.note.sha256["train"], root / TOKENIZER)
    console.print(f"{root / TOKENIZER} is up to date")


@app.command()
def train(
    task: Task,
    arch: Arch,
    alpha: Alpha,
    replicate: ReplicateNumber,
    *,
    scale: ScaleName = None,
    epochs: Budget = None,
    plugin: Plugins = None,
    root: OwnRoot,
) -> None:
    """Train the ensemble at one width in one replicate; does nothing if that checkpoint is there.

    Interrupted, it goes on from the last epoch when started again. Example: `overparam train mosaics resnet18 1/4 0`
    """
    from overparam.pipeline.stages import train_stage

    study = study_of(root, task, arch, scale, epochs)
    with resumable(), progress_display() as display:
        path = train_stage(study, parse_alpha(alpha), replicate, Workspace.at(root), progress=display)
    console.print(f"{path} is up to date")


@app.command()
def features(
    task: Task,
    arch: Arch,
    alpha: Alpha,
    replicate: ReplicateNumber,
    *,
    scale: ScaleName = None,
    epochs: Budget = None,
    plugin: Plugins = None,
    root: OwnRoot,
) -> None:
    """Extract the features of one checkpoint on the fit and held-out examples.

    Example: `overparam features mosaics resnet18 1/4 0`
    """
    from overparam.pipeline.stages import feature_stage

    path = feature_stage(study_of(root, task, arch, scale, epochs), parse_alpha(alpha), replicate, Workspace.at(root))
    console.print(f"{path} is up to date")


@app.command()
def fit(
    task: Task,
    arch: Arch,
    alpha: Alpha,
    replicate: ReplicateNumber,
    *,
    scale: ScaleName = None,
    epochs: Budget = None,
    plugin: Plugins = None,
    root: OwnRoot,
) -> None:
    """Measure how well the networks of one checkpoint fit their training data.

    Example: `overparam fit mosaics resnet18 1/4 0`
    """
    from overparam.pipeline.equal_fit import fit_stage

    study = study_of(root, task, arch, scale, epochs)
    fit_stage(study, parse_alpha(alpha), replicate, Workspace.at(root))
    console.print(f"{Workspace.at(root).fit(study, parse_alpha(alpha), replicate)} is up to date")


@app.command("equal-fit")
def equal_fit(task: Task, arch: Arch, *, scale: ScaleName = None, plugin: Plugins = None, root: OwnRoot) -> None:
    """Compare the narrow networks of one study with wide ones that were trained less and fit as badly.

    Example: `overparam equal-fit cifar resnet18 --scale reduced`
    """
    from overparam.pipeline.equal_fit import equal_fit_stage

    study = study_of(root, task, arch, scale)
    with progress_display() as display:
        equal_fit_stage(study, Workspace.at(root), progress=display)
    console.print(f"{Workspace.at(root).equal_fit(study)} is up to date")


@app.command()
def measure(task: Task, arch: Arch, *, scale: ScaleName = None, plugin: Plugins = None, root: OwnRoot) -> None:
    """Measure every quantity of one study from its feature files, and write its record.

    Example: `overparam measure mosaics resnet18`
    """
    from overparam.pipeline.stages import measure_stage

    study = study_of(root, task, arch, scale)
    with progress_display() as display:
        measure_stage(study, Workspace.at(root), progress=display)
    console.print(f"{Workspace.at(root).record(study)} is up to date")


@app.command()
def controls(task: Task, arch: Arch, *, scale: ScaleName = None, plugin: Plugins = None, root: OwnRoot) -> None:
    """Measure what a sceptic asks of one study that has its features.

    Ridge paths, nonlinear maps, more members, untrained networks, stitching, and the field's measures of similarity.

    Example: `overparam controls mosaics resnet18`
    """
    from overparam.pipeline.controls import controls_stage

    study = study_of(root, task, arch, scale)
    with progress_display() as display:
        controls_stage(study, Workspace.at(root), progress=display)
    console.print(f"{Workspace.at(root).controls(study)} is up to date")


@app.command()
def study(
    task: Task,
    arch: Arch,
    *,
    scale: ScaleName = None,
    margins: MarginsFile = None,
    plugin: Plugins = None,
    root: OwnRoot,
) -> None:
    """Train, extract and measure whatever one study lacks; show how it is judged.

    Example: `overparam study cifar resnet18 --scale pilot`
    """
    from overparam.pipeline.run import run_study

    chosen, declared = study_of(root, task, arch, scale), margins_of(margins)
    with resumable(), progress_display() as display:
        run_study(chosen, Workspace.at(root), progress=display)
    show(judged([chosen], root, declared))


@app.command()
def toy(*, margins: MarginsFile = None, root: OwnRoot) -> None:
    """Train and measure the toy setting with its controls and its phase diagram, and show how it is judged.

    Example: `overparam toy`
    """
    from overparam.pipeline.toy import record_path, run_toy
    from overparam.toy.spec import read_toy
    from overparam.verdicts.registry import judge_record

    spec, declared = read_toy(root / PARAMS), margins_of(margins)
    with progress_display() as display:
        record = run_toy(spec, record_path(Workspace.at(root).results), display)
    show(judge_record(record, declared, evidence="record"))


@app.command()
def error_rates(
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON to write", show_default="the root's results/error-rates.json"),
    ] = None,
    *,
    margins: MarginsFile = None,
    root: OwnRoot,
) -> None:
    """Put the judge on trial in worlds whose truth is known; exit code 1 if it is wrong more often than it may be.

    Takes about an hour of two cores; started again, it goes on where it was interrupted.

    Example: `overparam error-rates`
    """
    from overparam.error_rates.acceptance import measure_error_rates
    from overparam.error_rates.memory import Memory
    from overparam.io.files import write_sealed

    declared, file = margins_of(margins), to or Workspace.at(root).results / "error-rates.json"
    memory = Memory(root / ".overparam" / "error-rates.jsonl", declared)
    with progress_display() as display:
        bar = display.add_task("worlds", total=None)

        def advance(done: int, total: int) -> None:
            display.update(bar, completed=done, total=total)

        result = measure_error_rates(margins=declared, memory=memory, advance=advance)

    def show_rows() -> None:
        for row in result["rows"]:
            if not row["met"]:
                counts = ", ".join(f"{count} {name}" for name, count in row["counts"].items() if count)
                console.print(f"not met: {row['world']}, {row['claim']}, R = {row['R']}: {counts} of {row['worlds']}")
        met = sum(row["met"] for row in result["rows"])
        console.print(f"{met} of {len(result['rows'])} rows are as they must be: {file}")

    def write() -> None:
        write_sealed(file, result)
        memory.forget()

    in_turn(write, show_rows)
    if not result["met"]:
        raise typer.Exit(1)


@contextmanager
def resumable() -> Iterator[None]:
    """Ctrl-C in training ends with a sentence that says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted: start the same command again to go on from the last finished epoch")
        raise typer.Exit(130) from None
