"""The penalty with the least cross-validated loss, and what is said where that lies at the edge of the grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import PROPERTY, SEEDS, generator

from overparam.metrics.penalties import NEGLIGIBLE, PenaltyChoice
from overparam.metrics.ridge import PENALTIES

GRID = (1e2, 1e1, 1e0, 1e-1, 1e-2)  # from strong to weak, as of probes
FOLDS = 5
APART = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])  # how folds differ: their mean is 0


def chosen(curve, *, noise=0.0, grid=GRID, hard=0.0) -> PenaltyChoice:
    """The choice from a curve of mean losses, where without features 1 is lost.

    ``noise`` is how far apart folds are in what they lose more at the second and at the last but one penalty than at
    the others, ``hard`` how far apart they are at all.
    """
    losses = np.tile(curve, (FOLDS, 1)) + hard * APART[:, None]
    losses[:, [1, -2]] += noise * APART[:, None]
    return PenaltyChoice.of(grid, losses, 1 + hard * APART)


# By what the curve does: losses from strong to weak, how far folds are apart, the penalty, and the edge.
CURVES = {
    "least inside": ((0.9, 0.5, 0.3, 0.4, 0.6), {}, 1e0, "inside"),
    "least beside the edge": ((0.9, 0.5, 0.3, 0.2, 0.6), {}, 1e-1, "inside"),
    "first a rise, then a far fall": ((0.9, 1.1, 1.2, 0.1, 0.2), {}, 1e-1, "inside"),
    "falling to the weak edge": ((0.9, 0.8, 0.6, 0.4, 0.1), {}, 1e-2, "falling"),
    "falling by little to the weak edge": ((0.9, 0.3, 0.21, 0.202, 0.2), {}, 1e-2, "falling"),
    "falling by next to nothing": ((0.9, 0.3, 0.21, 0.2009, 0.2), {}, 1e-2, "flat"),
    "falling towards 0": ((1e-1, 1e-2, 1e-4, 1e-6, 1e-8), {}, 1e-2, "flat"),
    "falling by less than one standard error": ((0.9, 0.8, 0.6, 0.11, 0.1), {"noise": 0.02}, 1e-2, "flat"),
    "falling by more than one standard error": ((0.9, 0.8, 0.6, 0.11, 0.1), {"noise": 0.01}, 1e-2, "falling"),
    "falling where folds are unlike, but all alike in this": (
        (0.9, 0.8, 0.6, 0.11, 0.1),
        {"hard": 0.04},
        1e-2,
        "falling",
    ),
    "least at the strong edge, as without features": ((1.0005, 1.3, 1.4, 1.5, 1.6), {}, 1e2, "flat"),
    "least at the strong edge, above what is lost without features": (
        (1.05, 1.3, 1.4, 1.5, 1.6),
        {},
        1e2,
        "falling",
    ),
    "least at the strong edge, below what is lost without features": ((0.7, 0.8, 1.4, 1.5, 1.6), {}, 1e2, "falling"),
    "flat at the strong edge, below what is lost without features": (
        (0.7, 0.7005, 1.4, 1.5, 1.6),
        {},
        1e2,
        "flat",
    ),
    "the same everywhere": ((0.8, 0.8, 0.8, 0.8, 0.8), {}, 1e2, "flat"),
}


@pytest.mark.parametrize(("curve", "folds", "penalty", "edge"), CURVES.values(), ids=CURVES.keys())
def test_an_edge_is_flat_or_falling(curve, folds, penalty, edge):
    choice = chosen(curve, **folds)
    assert (choice.penalty, choice.edge, choice.grid) == (penalty, edge, GRID)
    np.testing.assert_allclose(choice.losses, curve)


@pytest.mark.parametrize(("curve", "folds", "penalty", "edge"), CURVES.values(), ids=CURVES.keys())
def test_a_grid_from_weak_to_strong_gives_the_same(curve, folds, penalty, edge):
    choice = chosen(curve[::-1], grid=GRID[::-1], **folds)
    assert choice.edge == edge
    assert choice.penalty == (penalty if len(set(curve)) > 1 else GRID[-1])


@pytest.mark.parametrize(("fall", "edge"), [(0.9 * NEGLIGIBLE, "flat"), (1.1 * NEGLIGIBLE, "falling")])
def test_the_fall_is_taken_over_a_decade_whatever_the_step_of_the_grid(fall, edge):
    curve = np.full(len(PENALTIES), 0.5)
    curve[:2] = 0.2, 0.2 + fall / 2
    curve[2] = 0.2 + fall
    assert chosen(curve, grid=PENALTIES).edge == edge


@PROPERTY
@given(SEEDS, st.integers(3, 12), st.integers(2, 8), st.floats(-3, 3))
def test_the_choice_is_the_least_loss_whatever_unit_order_of_folds_and_scale(seed, count, folds, exponent):
    rng = generator(seed)
    grid = 10.0 ** np.arange(count)
    losses, without = rng.random((folds, count)), 0.5 + rng.random(folds)
    choice = PenaltyChoice.of(grid, losses, without)
    assert choice.penalty == grid[np.argmin(losses.sum(axis=0))]
    assert (choice.edge == "inside") == (choice.penalty not in (grid[0], grid[-1]))
    order, unit = rng.permutation(folds), 10**exponent
    again = PenaltyChoice.of(grid, unit * losses[order], unit * without[order])
    assert (again.penalty, again.edge) == (choice.penalty, choice.edge)
    np.testing.assert_allclose(again.losses, choice.losses)
