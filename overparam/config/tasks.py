"""Tasks by name, built in or from outside: what their data are called, and what loads them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from overparam.config.plugins import BUILT_IN, plugged_in
from overparam.errors import DataError


@dataclass(frozen=True)
class TaskData:
    """The data of a task. What is named as a module and a name in it is loaded when asked for.

    Attributes:
        title: in words.
        load: makes an `overparam.data.Dataset` of a number of training examples, None for all; where they are fetched,
            of the folder that they lie in and that number.
        hub: what is fetched, an `overparam.data.hub.HubDataset`; None of what needs no fetching.
    """

    title: str
    load: str | Callable[..., Any]
    hub: str | None = None


TASKS = {
    "digits": TaskData("scikit-learn's digits", "overparam.data.images:load_digits"),  # so few that tests train on them
    "mosaics": TaskData("mosaics of digits", "overparam.data.mosaics:load_mosaics"),
    "nli": TaskData("generated sentence pairs", "overparam.data.entailment:load_nli"),
    "cifar": TaskData("CIFAR-10", "overparam.data.images:load_cifar", hub="overparam.data.images:CIFAR"),
    "mnli": TaskData("MNLI", "overparam.data.sentences:load_mnli", hub="overparam.data.sentences:MNLI"),
}


def tasks() -> dict[str, str]:
    """Where each task comes from, by name."""
    outside = plugged_in("tasks", TASKS)
    return dict.fromkeys(TASKS, BUILT_IN) | {name: plugin.origin for name, plugin in outside.items()}


def find_task(name: str) -> TaskData | None:
    """The data of a task; None of an unknown one, such as the task of networks of one's own."""
    outside = plugged_in("tasks", TASKS)
    return outside[name].load(TaskData) if name in outside else TASKS.get(name)


def known_task(name: str) -> TaskData:
    """The data of a task; DataError for an unknown one."""
    found = find_task(name)
    if found is None:
        raise DataError(f"there is no data for task {name!r}: there is {', '.join(tasks())}")
    return found
