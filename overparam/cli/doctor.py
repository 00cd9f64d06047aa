"""The command that examines the machine."""

from typing import Annotated

import typer
from rich.table import Table

from overparam.cli.app import app
from overparam.cli.lookup import config_of
from overparam.cli.options import Plugins, Root, ScaleName
from overparam.cli.output import console, print_fitting
from overparam.config.studies import Config, StudySpec
from overparam.config.workspace import Workspace


@app.command()
def doctor(
    task: Annotated[str | None, typer.Argument(help="one of `overparam ls tasks`; all if left out")] = None,
    arch: Annotated[str | None, typer.Argument(help="one of `overparam ls architectures`; all if left out")] = None,
    *,
    scale: ScaleName = None,
    plugin: Plugins = None,
    root: Root,
) -> None:
    """Examine whether networks can be trained here; exit code 1 if a kernel fails.

    Each kernel that a step of training calls is compared with float64, output and gradients, and called twice. Training
    does so by itself, once for each machine. Example: `overparam doctor mosaics resnet18`
    """
    from overparam.data import data_at_hand, load_dataset
    from overparam.pipeline.doctor import diagnose, library, processor, step_of

    studies, data = _studies(config_of(root), task, arch, scale), Workspace.at(root).data
    lacking = [] if task else [study for study in studies if not data_at_hand(study.task, data)]
    examined = [study for study in studies if study not in lacking]
    columns = ("study", "precision", "kernels", "largest error", "rounding explains", "where", "faults")
    table = Table(*columns, title=f"Kernels of {library()} on {processor()}")
    faults: list[str] = []
    for study in examined:
        with console.status(f"examining {study}"):
            batch = min(study.scale.train.batch_size, study.scale.train_examples or study.scale.train.batch_size)
            dataset = load_dataset(study.task, train_examples=batch, root=data)
            diagnosis = diagnose(step_of(study, study.scale.alphas, dataset))
        faults += [f"{study}: {fault}" for fault in diagnosis.faults]
        for precision in sorted({finding.kernel.precision for finding in diagnosis.findings}):
            found = [finding for finding in diagnosis.findings if finding.kernel.precision == precision]
            worst = max(found, key=lambda finding: (finding.error != finding.error, finding.error))
            wrong = sum(not finding.sound for finding in found)
            where = f"{worst.part} of {worst.kernel.operation}, {worst.kernel.layer}"
            numbers = (str(len(found)), f"{worst.error:.1e}", f"{worst.tolerance:.0e}", where, str(wrong))
            table.add_row(str(study), precision, *numbers)
    print_fitting(table)
    for study in lacking:
        said = f"{study} is not examined for lack of its data: `overparam data fetch {study.task}`"
        console.print(said, highlight=False, soft_wrap=True)
    for fault in faults:
        console.print(fault, style="red", highlight=False, markup=False, soft_wrap=True)
    if faults or not examined:
        raise typer.Exit(1)
    console.print("every kernel gives what float64 gives, and the same bits twice")


def _studies(config: Config, task: str | None, arch: str | None, scale: str | None) -> list[StudySpec]:
    """One study, those of a task, or those of a scale or all default ones."""
    if task is None:
        return config.studies(scale)
    if arch is None:
        chosen = config.scale_of(task, scale)
        return [StudySpec(one, chosen) for one in chosen.architectures]
    return [config.study(task, arch, scale)]
