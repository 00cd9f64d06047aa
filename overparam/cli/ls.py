"""The command that says what there is to name: claims, tasks, architectures, scales, measures. Loads no torch."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from overparam.cli.app import app
from overparam.cli.lookup import config_of
from overparam.cli.options import AsJson, Plugins, Root
from overparam.cli.output import print_fitting, print_json
from overparam.config.architectures import architectures
from overparam.config.plugins import BUILT_IN, Plugin, plugged_in
from overparam.config.studies import Config
from overparam.config.tasks import tasks

Rows = list[dict[str, Any]]


def _claims(config: Config) -> Rows:
    from overparam.verdicts.registry import REGISTRY, every_claim

    outside = plugged_in("claims", REGISTRY)
    return [
        {
            "claim": name,
            "figure": claim.figure,
            "states": claim.statement,
            "measured": claim.words,
            "from": _origin(name, outside),
        }
        for name, claim in every_claim().items()
    ]


def _tasks(config: Config) -> Rows:
    return [
        {
            "task": task,
            "default scale": config.default_scales.get(task, ""),
            "scales": [name for name, of_scale in config.scales.items() if task in of_scale],
            "architectures": list(config.scale_of(task).architectures) if task in config.default_scales else [],
            "from": origin,
        }
        for task, origin in tasks().items()
    ]


def _architectures(config: Config) -> Rows:
    studies = [study for scale in config.scales for study in config.studies(scale)]
    return [
        {
            "architecture": arch,
            "tasks": list(dict.fromkeys(study.task for study in studies if study.arch == arch)),
            "scales": list(dict.fromkeys(study.scale.name for study in studies if study.arch == arch)),
            "from": origin,
        }
        for arch, origin in architectures().items()
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
    from overparam.metrics.neighbours import SIMILARITIES, similarities  # SciPy's statistics take a moment to load

    outside = plugged_in("measures", [measure.name for measure in SIMILARITIES])
    return [
        {
            "measure": name,
            "range": list(measure.range),
            "more similar is": "larger" if measure.larger_is_more_similar else "smaller",
            "unmoved by": sorted(measure.invariances),
            "symmetric": measure.symmetric,
            "from": _origin(name, outside),
        }
        for name, measure in similarities().items()
    ]


def _origin(name: str, outside: Mapping[str, Plugin]) -> str:
    return outside[name].origin if name in outside else BUILT_IN


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
    plugin: Plugins = None,
    root: Root,
) -> None:
    """List claims, tasks, architectures, scales and measures of similarity, and what is plugged in with its origin.

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
