"""Arguments and options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
Root = Annotated[
    Path,
    typer.Option(
        "--root",
        metavar="FOLDER",
        default_factory=find_root,
        callback=find_root,
        help="the repository to read",
        show_default="the one that overparam is installed from, or what a wheel has of it",
    ),
]
OwnRoot = Annotated[
    Path,
    typer.Option(
        "--root",
        metavar="FOLDER",
        default_factory=own_root,
        callback=own_root,
        help="the repository to read and to write in",
        show_default="the one that overparam is installed from",
    ),
]
MarginsFile = Annotated[
    Path | None, typer.Option("--margins", metavar="FILE", help="judge by the margins of this file, not the package's")
]
VerdictsFile = Annotated[
    Path | None, typer.Option("--verdicts", metavar="FILE", help="write every judgement to this JSON file")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON, and nothing else")]
