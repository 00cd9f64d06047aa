"""The application that commands register with, and what they share: arguments, the scoreboard, the end on an error."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.console import Console
from rich.text import Text

from overparam.config.studies import StudySpec, load_config
from overparam.config.workspace import Workspace
from overparam.errors import OverparamError, SpecError
from overparam.io.progress import progress_display

if TYPE_CHECKING:
    from overparam.report.settings import Setting
    from overparam.verdicts.judge import Judgement

app = typer.Typer(
    help="How does overparameterization affect features? Train, measure and judge the paper's claims.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
data_app = typer.Typer(help="Get the data that is not embedded.", no_args_is_help=True)
app.add_typer(data_app, name="data")
# Names of files and studies are shown as they are, whatever rich would make of them.
console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)

Task = Annotated[str, typer.Argument(help="digits, nli, cifar or mnli")]
Arch = Annotated[str, typer.Argument(help="resnet18, vgg16 or transformer")]
Alpha = Annotated[str, typer.Argument(help="width factor, 1/16 or 1_16")]
ReplicateNumber = Annotated[int, typer.Argument(help="number of the replicate, from 0")]
ScaleName = Annotated[
    str | None, typer.Option("--scale", help="a scale of params.yaml; the task's default if left out")
]
Budget = Annotated[
    float | None, typer.Option("--epochs", help="of wide networks that are trained less, one of the scale's budgets")
]


def main() -> None:
    """Run the command line; a known error is one sentence on standard error, never a traceback."""
    sys.stdout = sys.stdout or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no α shows a question mark
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OverparamError as error:
        tell(error)
        sys.exit(2 if isinstance(error, SpecError) else 1)
    except OSError as error:
        tell(f"could not use {error.filename or 'standard output'} ({error.strerror}): what was made is in its files")
        _nowhere()  # or the interpreter would complain again when it ends
        sys.exit(1)


def _nowhere() -> TextIO:
    """Standard output in place of one that is closed or broken; libraries, and processes that they start, want one."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return open(1, "w", closefd=False)


def tell(error: OverparamError | str) -> None:
    """Say on standard error what went wrong."""
    with suppress(OSError):
        Console(stderr=True, soft_wrap=True).print(Text.assemble(("error: ", "red"), str(error)))


def in_turn(*steps: Callable[[], object]) -> None:
    """Take every step, though one before it fails, then raise the last error: a full disk costs no scoreboard."""
    errors: list[OverparamError] = []
    for step in steps:
        try:
            step()
        except OverparamError as error:
            errors.append(error)
    for error in errors[:-1]:
        tell(error)
    if errors:
        raise errors[-1]


def study_of(task: str, arch: str, scale: str | None, epochs: float | None = None) -> StudySpec:
    """The study that a command's arguments name, or its wide networks that are trained for so many epochs."""
    study = load_config().study(task, arch, scale)
    return study if epochs is None else study.trained_less(epochs)


def workspace() -> Workspace:
    """Where artifacts lie: below the current folder."""
    return Workspace.at(Path())


def judged(studies: list[StudySpec]) -> "list[Judgement]":
    """How the records of some studies are judged."""
    from overparam.study.belonging import read_record_of
    from overparam.verdicts.margins import load_preregistration
    from overparam.verdicts.registry import judge_record

    preregistration = load_preregistration()
    return [
        judgement
        for chosen in studies
        for judgement in judge_record(read_record_of(chosen, workspace()), preregistration, evidence="record")
    ]


def wide_console() -> Console:
    """A console in which no line of a board is cut, however narrow the terminal."""
    from overparam.verdicts.scoreboard import WIDTH

    return Console(width=max(console.width, WIDTH))


def show(judgements: "list[Judgement]") -> None:
    """Print the scoreboard, and below it each claim's reach."""
    from overparam.verdicts.scoreboard import scoreboard, summary

    wide_console().print(scoreboard(judgements))
    for line in summary(judgements):
        console.print(line)


def draw_page(settings: "list[Setting]", folder: Path) -> None:
    """Draw every figure and write the page into a folder, and say where they are."""
    from overparam.report.page import write_page
    from overparam.verdicts.margins import load_preregistration

    with progress_display() as display:
        page = write_page(settings, load_preregistration(), folder, progress=display)
    console.print(f"{page} is written, with its figures as SVG, PNG and CSV in {folder / 'figures'}")
