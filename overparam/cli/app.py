"""The application that commands register with: where it begins, and how it ends on an error."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.text import Text

import overparam
from overparam.errors import OverparamError, SpecError

app = typer.Typer(
    help="How does overparameterization affect features? Train, measure and judge the paper's claims.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Get the data that is not embedded.", no_args_is_help=True)
app.add_typer(data_app, name="data")


def _say_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"overparam {overparam.__version__}\n")
        raise typer.Exit


@app.callback()
def _of_every_command(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None: ...


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
