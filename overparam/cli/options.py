"""Arguments and options that commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from overparam.config.plugins import use
from overparam.config.root import find_root, own_root

Task = Annotated[str, typer.Argument(help="a task, such as cifar: `overparam ls tasks`")]
Arch = Annotated[str, typer.Argument(help="an architecture, such as resnet18: `overparam ls architectures`")]
Alpha = Annotated[str, typer.Argument(help="width factor, 1/16 or 1_16")]
ReplicateNumber = Annotated[int, typer.Argument(help="number of the replicate, from 0")]
ScaleName = Annotated[
    str | None, typer.Option("--scale", help="a scale of params.yaml; the task's default if left out")
]
Budget = Annotated[
    float | None, typer.Option("--epochs", help="of wide networks that are trained less, one of the scale's budgets")
]


def _root(find: Callable[[Path | None], Path], purpose: str, default: str) -> Any:
    """The option that names a repository, as ``find`` takes it."""
    return typer.Option(
        "--root",
        metavar="FOLDER",
        default_factory=lambda: find(None),
        callback=find,
        help=f"the repository to {purpose}",
        show_default=f"the one that overparam is installed from{default}",
    )


Root = Annotated[Path, _root(find_root, "read", ", or what a wheel has of it")]
OwnRoot = Annotated[Path, _root(own_root, "read and to write in", "")]
MarginsFile = Annotated[
    Path | None, typer.Option("--margins", metavar="FILE", help="judge by the margins of this file, not the package's")
]
VerdictsFile = Annotated[
    Path | None, typer.Option("--verdicts", metavar="FILE", help="write every judgement to this JSON file")
]


def _plug_in(files: list[Path] | None) -> list[Path] | None:
    for file in files or ():
        use(file)
    return files


Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", callback=_plug_in, help="plug in what a file defines; once for each"),
]
Heldout = Annotated[
    str,
    typer.Option(help="share of the examples to measure on, or a file of booleans, of 0 and 1, or of row numbers"),
]
SplitSeed = Annotated[int, typer.Option(min=0, help="of the split")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON, and nothing else")]
