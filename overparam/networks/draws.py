"""The order in which a loader draws the examples of its dataset, watched: row k must be example k."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, IterableDataset, Subset

from overparam.errors import MeasurementError
from overparam.metrics.rows import plain_array


class Watch:
    """A sampler, of examples or of batches, that fails as soon as it leaves the dataset's order.

    Attributes:
        count: examples drawn so far.
    """

    def __init__(self, sampler: Iterable[Any], dataset: Any) -> None:
        self.sampler = sampler
        self.dataset = dataset
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        for drawn in self.sampler:
            positions = plain_array(drawn).ravel()
            end = self.count + len(positions)
            if not np.array_equal(positions, np.arange(self.count, end)):
                raise MeasurementError(
                    f"the loader draws {_shown(positions)} where examples {_shown(np.arange(self.count, end))} of its "
                    "dataset come next, so the rows of two networks could be different examples: make it with "
                    "shuffle=False and without a sampler, of a torch.utils.data.Subset for another order"
                )
            self.count = end
            yield drawn

    @property
    def ids(self) -> np.ndarray:
        """Of what was drawn, positions in the dataset, (examples,); of a `Subset`, in the dataset that it is of."""
        positions, dataset = np.arange(self.count), self.dataset
        while isinstance(dataset, Subset):
            positions, dataset = np.asarray(dataset.indices)[positions], dataset.dataset
        return positions


def watched(loader: Iterable[Any]) -> tuple[Iterable[Any], Watch | None]:
    """The loader with a watch on what it draws, and that watch; None where there is nothing to watch."""
    if not isinstance(loader, DataLoader):
        if getattr(loader, "sampler", None) is not None:
            raise MeasurementError(
                f"a {type(loader).__name__} has a sampler but is no torch DataLoader, so its order cannot be watched: "
                "give the DataLoader itself"
            )
        return loader, None
    if not loader.in_order and loader.num_workers > 0:
        raise MeasurementError("the loader gives batches as workers finish them: make it with in_order=True")
    if isinstance(loader.dataset, IterableDataset):
        return loader, None
    place = "sampler" if loader.batch_sampler is None else "batch_sampler"
    watch = Watch(getattr(loader, place), loader.dataset)
    # A DataLoader lets nobody exchange its sampler, so that of a copy is: whoever gave it keeps it as it was.
    with_watch = copy.copy(loader)
    vars(with_watch).update({place: watch, "_iterator": None})
    return with_watch, watch


def _shown(positions: np.ndarray) -> str:
    return f"{', '.join(map(str, positions[:5].tolist()))}{', …' if len(positions) > 5 else ''}"
