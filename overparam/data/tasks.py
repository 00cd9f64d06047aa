"""The examples of tasks, embedded or from ``data/``."""

from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from overparam.config.tasks import find_task, known_task
from overparam.data.examples import Dataset

if TYPE_CHECKING:
    from overparam.data.hub import HubDataset


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
    data = known_task(task)
    load = resolve_name(data.load) if isinstance(data.load, str) else data.load
    dataset: Dataset = load(root, train_examples) if data.hub else load(train_examples)
    return dataset.fitted_on(fit_examples)


def hub_dataset(task: str) -> "HubDataset | None":
    """What is fetched for a task; None of one that needs no fetching, or is unknown."""
    data = find_task(task)
    return resolve_name(data.hub) if data and data.hub else None


def data_at_hand(task: str, root: Path = Path("data")) -> bool:
    """Whether a task's data can be read here; embedded data always can."""
    fetched = hub_dataset(task)
    return fetched is None or fetched.noted(root) is not None
