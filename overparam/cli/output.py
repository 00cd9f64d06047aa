"""What commands print: tables that fit the terminal, JSON for machines, the scoreboard, the page."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.table import Table

from overparam.io.progress import progress_display

if TYPE_CHECKING:
    from overparam.report.settings import Setting
    from overparam.verdicts.judge import Judgement
    from overparam.verdicts.margins import Preregistration

# Names of files and studies are shown as they are, whatever rich would make of them.
console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
UNBOUNDED = 170  # columns where there is no terminal: no cell of a table is folded


def print_fitting(*parts: RenderableType) -> None:
    """Print tables as wide as the terminal: a cell that is too wide for it goes on in the next line, and is not cut."""
    width = console.width if console.is_terminal else max(console.width, UNBOUNDED)
    for part in parts:
        for column in part.columns if isinstance(part, Table) else ():
            column.no_wrap, column.overflow = False, "fold"
        Console(width=width).print(part)


def print_json(content: Any) -> None:
    """Print for machines, in letters that every terminal has."""
    sys.stdout.write(f"{json.dumps(content, indent=1, allow_nan=False)}\n")


def as_json(judgements: "Iterable[Judgement]") -> list[dict[str, Any]]:
    """Judgements as plain values."""
    return [judgement.as_json() for judgement in judgements]


def show(judgements: "list[Judgement]") -> None:
    """Print the scoreboard, and below it each claim's reach."""
    from overparam.verdicts.scoreboard import scoreboard, summary

    print_fitting(scoreboard(judgements))
    for line in summary(judgements):
        console.print(line)


def draw_page(settings: "list[Setting]", margins: "Preregistration", folder: Path) -> None:
    """Draw every figure and write the page into a folder, and say where they are."""
    from overparam.report.page import write_page

    with progress_display() as display:
        page = write_page(settings, margins, folder, progress=display)
    console.print(f"{page} is written, with its figures as SVG, PNG and CSV in {folder / 'figures'}")
