"""From a task's name to its examples: embedded, or from ``data/``; splits are fixed and carry ids."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from overparam.data.entailment import load_nli
from overparam.data.examples import Dataset, Examples, Normalisation
from overparam.data.hub import HubDataset
from overparam.data.images import CIFAR, load_cifar, load_digits
from overparam.data.sentences import MNLI, load_mnli
from overparam.errors import DataError

__all__ = ["HUB_DATASETS", "Dataset", "Examples", "HubDataset", "Normalisation", "data_at_hand", "load_dataset"]

EMBEDDED: dict[str, Callable[[int | None], Dataset]] = {"digits": load_digits, "nli": load_nli}
FETCHED: dict[str, Callable[[Path, int | None], Dataset]] = {"cifar": load_cifar, "mnli": load_mnli}
HUB_DATASETS: dict[str, HubDataset] = {dataset.task: dataset for dataset in (CIFAR, MNLI)}


def load_dataset(
    task: str,
    *,
    train_examples: int | None = None,
    fit_examples: int | None = None,
    root: Path = Path("data"),
) -> Dataset:
    """The examples of ``task``, with as many for training and for fitting as asked (None: all).

    Raises:
        DataError: for an unknown task, or data that is missing, damaged or not what was fetched.
    """
    if task in EMBEDDED:
        dataset = EMBEDDED[task](train_examples)
    elif task in FETCHED:
        dataset = FETCHED[task](root, train_examples)
    else:
        raise DataError(f"there is no data for task {task!r}: there is {', '.join([*EMBEDDED, *FETCHED])}")
    return replace(dataset, fit=dataset.train.subset(fit_examples))


def data_at_hand(task: str, root: Path = Path("data")) -> bool:
    """Whether a task's data can be read here; embedded data always can."""
    return task in EMBEDDED or HUB_DATASETS[task].is_at_hand(root)
