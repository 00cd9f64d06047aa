"""The command that says what there is to name: claims, tasks, architectures, scales, measures. Loads no torch."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from overparam.cli.app import app
from overparam.cli.lookup import config_of
from overparam.cli.options import AsJson, Root
from overparam.cli.output import print_fitting, print_json
from overparam.config.studies import Config

Rows = list[dict[str, Any]]


def _claims(config: Config) -> Rows:
    from overparam.verdicts.registry import REGISTRY

    return [
        {"claim": claim.id, "figure": claim.figure, "states": claim.statement, "measured": claim.words}
        for claim in REGISTRY.values()
    ]


def _tasks(config: Config) -> Rows:
    return [
        {
            "task": task,
            "default scale": default,
            "scales": [name for name, tasks in config.scales.items() if task in tasks],
            "architectures": list(config.scale_of(task).architectures),
        }
        for task, default in config.default_scales.items()
    ]


def _architectures(config: Config) -> Rows:
    studies = [study for scale in config.scales for study in config.studies(scale)]
    return [
        {
            "architecture": arch,
            "tasks": list(dict.fromkeys(study.task for study in studies if study.arch == arch)),
            "scales": list(dict.fromkeys(study.scale.name for study in studies if study.arch == arch)),
        }
        for arch in dict.fromkeys(study.arch for study in studies)
    ]


def _scales(config: Config) -> Rows:
    return [
        {
            "scale": name,
            "task": task,
            "base width": scale.base_width,
            "α": [str(alpha) for alpha in scale.alphas],
            "replicates": len(scale.replicates),
            "training examples": scale.train_examples,
            "epochs": scale.train.epochs,
        }
        for name, tasks in config.scales.items()
        for task, scale in tasks.items()
    ]


def _measures(config: Config) -> Rows:
    from overparam.metrics.neighbours import SIMILARITIES  # SciPy's statistics take a moment to load

    return [
        {
            "measure": measure.name,
            "range": list(measure.range),
            "more similar is": "larger" if measure.larger_is_more_similar else "smaller",
            "unmoved by": sorted(measure.invariances),
            "symmetric": measure.symmetric,
        }
        for measure in SIMILARITIES
    ]


class Kind(StrEnum):
    """What can be listed."""

    CLAIMS = "claims"
    TASKS = "tasks"
    ARCHITECTURES = "architectures"
    SCALES = "scales"
    MEASURES = "measures"


LISTS: dict[Kind, Callable[[Config], Rows]] = {
    Kind.CLAIMS: _claims,
    Kind.TASKS: _tasks,
    Kind.ARCHITECTURES: _architectures,
    Kind.SCALES: _scales,
    Kind.MEASURES: _measures,
}


@app.command("ls")
def ls(
    kind: Annotated[Kind | None, typer.Argument(help="one of these kinds; all if left out", show_default=False)] = None,
    *,
    json: AsJson = False,
    root: Root,
) -> None:
    """List claims, tasks, architectures, scales and measures of similarity.

    Example: `overparam ls claims`
    """
    config = config_of(root)
    found = {chosen.value: LISTS[chosen](config) for chosen in ([kind] if kind else Kind)}
    if json:
        print_json(found)
        return
    for name, rows in found.items():
        table = Table(*rows[0], title=name, title_justify="left")
        for row in rows:
            table.add_row(*map(_as_text, row.values()))
        print_fitting(table)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(f"{item:g}" if isinstance(item, float | int) else item for item in value)
    return "all" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
