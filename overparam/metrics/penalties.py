"""Penalties chosen by cross-validation, and whether the grid that they were chosen from held the best one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

# A difference of less than this share of what is lost without features is none.
NEGLIGIBLE = 1e-3

Fitted = Literal["ridge", "probe"]
Edge = Literal["inside", "flat", "falling", "unknown"]


@dataclass(frozen=True)
class PenaltyChoice:
    """The penalty with the least cross-validated loss on a grid, and the loss curve that it was read off.

    Attributes:
        penalty: the one with the least loss.
        edge: ``inside`` the grid; or at its edge, where the loss was ``flat`` or still ``falling``; ``unknown`` of
            records that kept no curve.
        grid: (penalties,) that were tried; empty if unknown.
        losses: (penalties,) cross-validated loss at each, as a share of what is lost without features (by the mean of
            the target, by the shares of the classes): 1 is no better than that. Empty if unknown.
    """

    penalty: float
    edge: Edge
    grid: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()

    @classmethod
    def of(cls, grid: Sequence[float], losses: np.ndarray, without_features: np.ndarray) -> "PenaltyChoice":
        """Choose from the losses on each left-out fold.

        At the edge of the grid the least loss may not have been reached. How much lower it comes further out is not
        known, but of which size that is: as much, about, as the loss fell over the last decade up to the edge. Beyond
        the strongest penalty it is known where the loss ends: without features. The edge is ``flat`` if that fall is
        none, or if the loss at the strongest penalty is already the one without features. A difference is none if it is

        - within one standard error of itself, √k · s, where s is the standard deviation of the differences in the k
          folds. All penalties are tried on the same folds, and a fold that is hard is hard at each: the standard error
          of a loss would call nearly every curve flat, where that of the difference knows what they share. Maps that
          leave out different folds still share most of their rows, so that it comes out a little small (no estimate
          from one cross-validation is unbiased: Bengio and Grandvalet 2004); this errs towards ``falling``, which
          withholds verdicts and makes none.
        - below `NEGLIGIBLE` of the loss without features: for a span error, a twentieth of the smallest that matters.
          As a share of the loss itself, no edge would be flat where a target is spanned exactly, and the loss falls
          towards 0 with the penalty.

        Args:
            grid: (penalties,) in ascending or descending order, more than a decade in all.
            losses: (folds, penalties) summed over the rows of each fold, two folds at least.
            without_features: (folds,) the same, of predictions without features; its sum is above 0.
        """
        total = losses.sum(axis=0)
        scale = without_features.sum()
        best = int(np.argmin(total))
        edge: Edge = "inside"
        if best in (0, len(grid) - 1):
            decades = np.abs(np.log10(np.asarray(grid) / grid[best]))
            beyond = [losses[:, int(np.argmin(np.abs(decades - 1)))] - losses[:, best]]
            if grid[best] == max(grid):
                beyond.append(losses[:, best] - without_features)
            edge = "flat" if any(_is_none(difference, scale) for difference in beyond) else "falling"
        return cls(float(grid[best]), edge, tuple(map(float, grid)), tuple((total / scale).tolist()))

    @property
    def complaint(self) -> str | None:
        """Why the best penalty is not known, to be said of it; None if it is, or if no curve was kept to tell."""
        if self.edge != "falling":
            return None
        return f"lies beyond the grid: the cross-validated loss still falls at its edge, {self.penalty:g}"


def _is_none(difference: np.ndarray, scale: float) -> bool:
    """Whether a difference of losses (folds,) is within its standard error, or negligible on a scale of losses."""
    error = np.sqrt(len(difference)) * difference.std(ddof=1)
    return bool(abs(difference.sum()) <= max(error, NEGLIGIBLE * scale))


# What cross-validation chose for one measurement: of its ridge map, of its probe, or of both.
Choices = Mapping[Fitted, PenaltyChoice]
# By quantity, the same in every replicate.
Penalties = Mapping[str, Mapping[Fitted, list[PenaltyChoice]]]
