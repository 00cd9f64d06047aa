"""Ridge paths, four decades either way: is a gap owed to the penalties that cross-validation chose?"""

from overparam.study.controls.quantities import LeastOfPath
from overparam.study.measure import Quantities
from overparam.study.record import PENALTY_FACTORS

# Factors on the chosen penalty: from a ten-thousandth to ten thousand times it, two a decade.
PATH_FACTORS = tuple(10.0 ** (half / 2) for half in range(-8, 9))


def best_of_path(path: Quantities) -> Quantities:
    """Every span error where it is least along its path; no penalty being left to vary, the same at every factor."""
    return {
        LeastOfPath(quantity): [min(errors, key=lambda error: error.value)] * len(PENALTY_FACTORS)
        for quantity, errors in path.items()
    }
