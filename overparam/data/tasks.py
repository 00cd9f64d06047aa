"""Tasks by name: what loads the examples of each, embedded or from ``data/``."""

from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from overparam.data.examples import Dataset
from overparam.errors import DataError

if TYPE_CHECKING:
    from overparam.data.hub import HubDataset

# A module and a name in it, loaded when asked for: no task depends on how another one is loaded.
LOADERS = {
    "digits": "overparam.data.images:load_digits",
    "nli": "overparam.data.entailment:load_nli",
    "cifar": "overparam.data.images:load_cifar",
    "mnli": "overparam.data.sentences:load_mnli",
}
# Of those that are not embedded, what is fetched; their loaders also take the folder that it lies in.
HUB = {"cifar": "overparam.data.images:CIFAR", "mnli": "overparam.data.sentences:MNLI"}


def load_dataset(
    task: str,
    *,
    train_examples: int | None = None,
    fit_examples: int | None = None,
    root: Path = Path("data"),
) -> Dataset:
    """Load the examples of ``task``, with as many for training and for fitting as asked (None: all).

    Raises:
        DataError: for an unknown task, or data that is missing, damaged or not what was fetched.
    """
    loader_module(task)
    load = resolve_name(LOADERS[task])
    dataset: Dataset = load(root, train_examples) if task in HUB else load(train_examples)
    return dataset.fitted_on(fit_examples)


def loader_module(task: str) -> str:
    """The module that loads a task's examples, by its dotted name; DataError for an unknown task."""
    if task not in LOADERS:
        raise DataError(f"there is no data for task {task!r}: there is {', '.join(LOADERS)}")
    return LOADERS[task].partition(":")[0]


def hub_dataset(task: str) -> "HubDataset":
    """What is fetched for a task of `HUB`."""
    return resolve_name(HUB[task])


def data_at_hand(task: str, root: Path = Path("data")) -> bool:
    """Whether a task's data can be read here; embedded data always can."""
    return task not in HUB or hub_dataset(task).is_at_hand(root)
