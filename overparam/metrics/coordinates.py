"""Blocks of more features than there are rows to fit: the dual form of ridge regression.

Whatever ridge regression fits to n centred rows lies in the space that they span. In orthonormal coordinates of that
space A (n, p) has n numbers a row instead of p, and regression the same errors and predictions: with ``Aᵀ = Q R``,

    ‖A w − b‖² + λ ‖w‖² = ‖(A Q) v − b‖² + λ ‖v‖²,    w = Q v,

so that what costs O(p³) costs O(n² p). Kernel ridge regression on ``A Aᵀ`` is the same, but squares what is small.
"""

from dataclasses import dataclass

import numpy as np

from overparam.metrics.blocks import Blocks, Name
from overparam.metrics.moments import ROUNDING


@dataclass(frozen=True)
class Coordinates:
    """Orthonormal coordinates of the space that a block's centred fit rows span.

    Attributes:
        centre: (features,) mean of the fit rows.
        axes: (features, fit rows), one axis a column.
        constant: (features,) bool, which features do not vary on the fit rows beyond rounding.
    """

    centre: np.ndarray
    axes: np.ndarray
    constant: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Coordinates":
        """Of the fit rows (fit rows, features) of a block with more features than that."""
        centre = rows.mean(axis=0)
        centred = rows - centre
        constant = np.square(centred).mean(axis=0) <= np.square(ROUNDING * centre)
        centred[:, constant] = 0  # or rounding would be all that a dead block has
        return cls(centre, np.linalg.qr(centred.T)[0], constant)

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """(rows, features) to (rows, axes + 1): last, how far each row is from the space, which is 0 of fit rows.

        No fit row tells anything of that distance, so that ridge regression predicts 0, and it counts as error in full.
        """
        centred = rows - self.centre
        inside = centred @ self.axes
        beyond = np.sum(np.square(centred), axis=1) - np.sum(np.square(inside), axis=1)
        return np.hstack([inside, np.sqrt(np.maximum(beyond, 0))[:, None]])

    def features(self, coordinates: np.ndarray) -> np.ndarray:
        """Back from (rows, axes + 1) to centred features (rows, features), in the space."""
        return coordinates[:, :-1] @ self.axes.T


def in_coordinates(blocks: Blocks, names: list[Name]) -> tuple[Blocks, dict[Name, Coordinates]]:
    """The named blocks, those with more features than fit rows by their coordinates; and these, by name."""
    fit = ~blocks.heldout
    arrays, coordinates = {name: blocks[name] for name in names}, {}
    for name in names:
        if blocks[name].shape[1] > fit.sum():
            rows = np.concatenate([batch[name] for _, batch in blocks.batches([name])])
            coordinates[name] = Coordinates.of(rows[fit])
            inner = coordinates[name].of_rows(rows)
            inner[fit, -1] = 0  # but for rounding
            arrays[name] = inner
    return Blocks(arrays, blocks.ids, blocks.labels, blocks.heldout), coordinates
