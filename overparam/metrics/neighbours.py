"""Mutual nearest neighbours, and all measures of similarity with it.

`overparam.metrics.similarity.MEASURES` are those that studies record; what came later stands here, so that records stay
what they are.
"""

import numpy as np
from scipy.spatial.distance import pdist, squareform

from overparam.errors import MeasurementError
from overparam.metrics.similarity import MEASURES, Measure, Pair, evenly_spaced, with_plugged_in

NEIGHBOURS = 10  # as in Huh et al. (2024)
ROWS = 2000  # all pairs of rows are compared: of more than so many, so many are taken, evenly spaced


def mutual_neighbours(A: np.ndarray, B: np.ndarray) -> float:
    """Share of the 10 nearest neighbours of a row that are the same in both blocks, the mean over rows.

    ``mean_i |N(A_i) ∩ N(B_i)| / 10`` with the rows N of least Euclidean distance (Huh, Cheung, Wang and Isola 2024, who
    take the largest inner product of normalised rows, which depends on the origin). Of unrelated blocks about
    10 / (examples − 1). A (examples, features of A), B (examples, features of B); of more than 2,000 rows 2,000, evenly
    spaced.

    Raises:
        MeasurementError: for fewer than 12 rows, of which all others are neighbours whatever the features; for what
            are no features of the same rows, or a block that does not vary.
    """
    Pair.of(A, B)  # refuses what are no features of the same rows, or do not vary
    rows = evenly_spaced(len(A), ROWS)
    if len(rows) < NEIGHBOURS + 2:
        raise MeasurementError(
            f"of {len(rows)} rows nearly all are each other's {NEIGHBOURS} nearest: give at least {NEIGHBOURS + 2}"
        )
    a, b = (_nearest(np.asarray(block, dtype=np.float64)[rows]) for block in (A, B))
    return float(np.mean((a & b).sum(axis=1) / NEIGHBOURS))


def _nearest(block: np.ndarray) -> np.ndarray:
    """Which rows are among the nearest of each: (rows, rows) bool."""
    distances = squareform(pdist(block))
    np.fill_diagonal(distances, np.inf)
    nearest = np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    among = np.zeros(distances.shape, dtype=bool)
    np.put_along_axis(among, nearest, True, axis=1)
    return among


MUTUAL_NEIGHBOURS = Measure(
    "mutual nearest neighbours",
    mutual_neighbours,
    "rows",
    (0, 1),
    True,
    frozenset(("orthogonal maps", "isotropic scaling", "translation")),
    symmetric=True,
)
SIMILARITIES = (*MEASURES, MUTUAL_NEIGHBOURS)


def similarities() -> dict[str, Measure]:
    """`SIMILARITIES`, and those that are plugged in, by name."""
    return with_plugged_in(SIMILARITIES)
