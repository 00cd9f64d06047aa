"""First and second moments of feature blocks: one streaming pass in float64, mergeable, split by folds.

Everything linear in the paper is a function of these. With rows in groups ``g`` (the cross-validation folds of the
fit split, and last the held-out split), the moments of a group are its count ``n_g``, mean ``m_g`` and centred second
moment ``C_g = Σ_i (x_i − m_g)(x_i − m_g)ᵀ`` over all columns of all blocks side by side. They form a monoid under

    C_{a∪b} = C_a + C_b + (n_a n_b / n) (m_a − m_b)(m_a − m_b)ᵀ        (Chan, Golub and LeVeque 1979)

so shards, workers and folds add up, and a fold is left out by adding the others: subtracting it would leave rounding
noise where few rows are left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks, Name

FOLDS = 5
LEAST_FIT_ROWS = 2 * FOLDS  # on which cross-validation chooses a penalty
# Features whose standard deviation is below this share of their mean are constant but for rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Group:
    """Moments of one set of rows: count, mean (columns,), centred second moment (columns, columns)."""

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    def __add__(self, other: "Group") -> "Group":
        count = self.count + other.count
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        gap = other.mean - self.mean
        scatter = self.scatter + other.scatter
        scatter += np.outer(gap, gap * (self.count * other.count / count))
        return Group(count, self.mean + gap * (other.count / count), scatter)

    def constant(self, columns: slice) -> np.ndarray:
        """Which of a block's features do not vary beyond rounding: (features,) bool."""
        variances = np.diag(self.scatter)[columns] / max(self.count, 1)
        return variances <= np.square(ROUNDING * self.mean[columns])

    def about(self, centre: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """``Σ_i (x_i − centre)(y_i − centre)ᵀ`` for two blocks' columns: second moments about another group's mean."""
        gap = self.mean - centre
        return self.scatter[rows, columns] + self.count * np.outer(gap[rows], gap[columns])

    @classmethod
    def of(cls, values: np.ndarray) -> "Group":
        """Moments of rows (examples, columns) in float64."""
        if len(values) == 0:
            return cls(0, np.zeros(values.shape[1]), np.zeros((values.shape[1],) * 2))
        mean = values.mean(axis=0)
        centred = values - mean
        return cls(len(values), mean, centred.T @ centred)


@dataclass(frozen=True)
class Moments:
    """Moments of named blocks, by group of rows.

    Attributes:
        columns: where each block's features stand among the columns.
        groups: one `Group` a fold, then the held-out one.
    """

    columns: Mapping[Name, slice]
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, blocks: Blocks, names: Sequence[Name] | None = None) -> "Moments":
        """Take the moments of the named blocks (all, by default) in one streaming pass.

        Raises:
            MeasurementError: for features that are not finite, naming block and example.
        """
        names = list(blocks.arrays) if names is None else list(names)
        ends = np.cumsum([0] + [blocks[name].shape[1] for name in names]).tolist()
        columns = {name: slice(a, b) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
        folds = blocks.folds(FOLDS)
        groups = [Group.of(np.empty((0, ends[-1]))) for _ in range(FOLDS + 1)]
        for rows, batch in blocks.batches(names):
            values = np.hstack([batch[name] for name in names])
            for fold in range(FOLDS + 1):
                groups[fold] = groups[fold] + Group.of(values[folds[rows] == fold])
        return cls(columns, tuple(groups))

    def __add__(self, other: "Moments") -> "Moments":
        """Moments of two sets of rows with the same blocks, as if they had been one."""
        if dict(self.columns) != dict(other.columns) or len(self.groups) != len(other.groups):
            raise MeasurementError("moments of different blocks do not add up: take both over the same blocks")
        return Moments(self.columns, tuple(a + b for a, b in zip(self.groups, other.groups, strict=True)))

    def block(self, name: Name) -> slice:
        """Give the columns of one block, or raise MeasurementError if there is none of that name."""
        if name not in self.columns:
            raise MeasurementError(
                f"there are no moments of block {name}: there are {', '.join(map(str, self.columns))}"
            )
        return self.columns[name]

    @property
    def folds(self) -> tuple[Group, ...]:
        """The folds of the fit split."""
        return self.groups[:-1]

    @property
    def fit(self) -> Group:
        """The whole fit split."""
        return reduce(add, self.folds)

    def without_each_fold(self) -> list[tuple[Group, Group]]:
        """Give, for every fold that has rows, the moments of all others together and its own.

        Raises:
            MeasurementError: if there are too few rows to choose a penalty on.
        """
        folds = self.folds
        check_folds([fold.count for fold in folds])
        return [(reduce(add, [other for other in folds if other is not fold]), fold) for fold in folds if fold.count]

    @property
    def heldout(self) -> Group:
        """The held-out split."""
        return self.groups[-1]


def check_folds(sizes: Sequence[int]) -> None:
    """Raise MeasurementError unless folds of so many rows are enough to choose a penalty by cross-validation.

    That is `LEAST_FIT_ROWS` in all, in two folds or more.
    """
    used = np.count_nonzero(sizes)
    if sum(sizes) < LEAST_FIT_ROWS or used < 2:
        raise MeasurementError(
            f"{sum(sizes)} fit rows in {used} folds are too few to choose a penalty by cross-validation: "
            f"leave {LEAST_FIT_ROWS} or more, in two folds or more, to fit"
        )
