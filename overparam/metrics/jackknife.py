"""How much a measure of similarity owes to the examples that it was taken on: the delete-a-group jackknife.

With θ on all rows and θ_(−g) without group g of G (Shao and Tu 1995), the numbers

    ψ_g = θ + (G − 1) (θ̄_(−) − θ_(−g)),    θ̄_(−) = mean_g θ_(−g)

have the mean θ, and their variance divided by G is the jackknife's of θ. So they stand to it as contributions of
examples do to a mean, and `overparam.metrics.stats.Effect` makes the interval of both.
"""

from functools import cached_property, reduce
from operator import add

import numpy as np

from overparam.metrics.moments import Group
from overparam.metrics.similarity import Measure, Pair, evenly_spaced

GROUPS = 10
# What looks at single rows compares all pairs of them, eleven times: of more rows than this, so many, evenly spaced.
ROWS = 1000


class Jackknife:
    """Two blocks on the same rows, as a whole and without each tenth of them: every tenth row is of one group.

    Moments are taken once for all measures. Memory is 20 times that of the moments of both blocks.

    Args:
        A: (examples, features of A) in float64, finite.
        B: (examples, features of B), likewise.
    """

    def __init__(self, A: np.ndarray, B: np.ndarray) -> None:
        self.groups = min(GROUPS, len(A))
        self.columns = slice(0, A.shape[1]), slice(A.shape[1], A.shape[1] + B.shape[1])
        rows = evenly_spaced(len(A), ROWS)
        self.rows = A[rows], B[rows]
        self._parts = [Group.of(np.hstack([A[g :: self.groups], B[g :: self.groups]])) for g in range(self.groups)]

    def value(self, measure: Measure) -> float:
        """The measure of all rows, θ.

        Raises:
            MeasurementError: as the measure.
        """
        if measure.takes == "rows":
            return measure.of(*self.rows)
        return measure.of(Pair(reduce(add, self._parts), *self.columns))

    def contributions(self, measure: Measure, value: float) -> np.ndarray:
        """ψ (groups,), whose mean is θ.

        Args:
            measure: which.
            value: θ, as `value` gives it.

        Raises:
            MeasurementError: as the measure, of nine tenths of the rows.
        """
        if measure.takes == "rows":
            kept = [np.arange(len(self.rows[0])) % self.groups != g for g in range(self.groups)]
            without = np.array([measure.of(*(block[rows] for block in self.rows)) for rows in kept])
        else:
            without = np.array([measure.of(Pair(others, *self.columns)) for others in self._without_each])
        return value + (self.groups - 1) * (without.mean() - without)

    @cached_property
    def _without_each(self) -> list[Group]:
        return [reduce(add, self._parts[:g] + self._parts[g + 1 :]) for g in range(self.groups)]
