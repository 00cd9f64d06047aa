"""Small feature blocks whose truth is known, and the few arithmetic helpers that tests of the metrics share."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import Measured

# Hypothesis draws seeds and sizes; numpy draws the numbers. Derandomised: the same cases in every run.
PROPERTY = settings(max_examples=20, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
RELATIVE_PENALTIES = st.floats(-6, 2).map(lambda exponent: 10.0**exponent)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def blocks_of(*, heldout: np.ndarray, labels: np.ndarray | None = None, **arrays: np.ndarray) -> Blocks:
    """Blocks of these arrays with ids that are neither sorted nor dense."""
    count = len(heldout)
    ids = generator(count).permutation(3 * count)[:count]
    return Blocks(arrays, ids, np.arange(count) % 3 if labels is None else labels, heldout)


def world(
    seed: int = 0, *, fit: int = 60, heldout: int = 40, source: int = 5, target: int = 4, noise: float = 0.5
) -> Blocks:
    """Correlated features A off the origin, B = A times a map plus noise, and labels in [0, 3) that A nearly knows.

    Fit and held-out rows are interleaved.
    """
    rng, count = generator(seed), fit + heldout
    held = rng.permutation(np.arange(count) < heldout)
    A = rng.normal(size=(count, source)) @ rng.normal(size=(source, source)) + rng.normal(size=source)
    B = A @ rng.normal(size=(source, target)) + rng.normal(size=target)
    B += noise * B.std() * rng.normal(size=B.shape)
    scores = (A - A.mean(axis=0)) @ rng.normal(size=(source, 3))
    labels = (scores + 0.5 * scores.std() * rng.normal(size=scores.shape)).argmax(axis=1)
    return blocks_of(heldout=held, labels=labels, A=A, B=B)


def with_arrays(blocks: Blocks, **arrays: np.ndarray) -> Blocks:
    """The same examples with some blocks replaced or added."""
    return Blocks({**blocks.arrays, **arrays}, blocks.ids, blocks.labels, blocks.heldout)


def reordered(blocks: Blocks, order: np.ndarray) -> Blocks:
    """The same examples in another order (or some of them: a shard)."""
    arrays = {name: array[order] for name, array in blocks.arrays.items()}  # pyright: ignore[reportArgumentType]
    return Blocks(arrays, blocks.ids[order], blocks.labels[order], blocks.heldout[order])


def split(blocks: Blocks, *names: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """(fit rows, held-out rows) in float64 of each named block, for formulas written out in tests."""
    arrays = [np.asarray(blocks[name][:], dtype=np.float64) for name in names]
    return [(array[~blocks.heldout], array[blocks.heldout]) for array in arrays]


def clouds(
    seed: int = 0, count: int = 300, *, classes: int = 3, features: int = 5, spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping Gaussian clouds off the origin, of unequal size but none empty; and their labels."""
    rng = generator(seed)
    weights = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    labels = np.concatenate([np.arange(classes), rng.choice(classes, size=count - classes, p=weights)])
    return spread * rng.normal(size=(classes, features))[labels] + rng.normal(size=(count, features)) + 2, labels


def sklearn_probe(features: np.ndarray, labels: np.ndarray, penalty: float) -> LogisticRegression:
    return LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000, solver="newton-cg").fit(features, labels)


def absolute(relative: float, features: np.ndarray) -> float:
    """λ = λ_rel · tr(AᵀA) / p on centred features: what scikit-learn's Ridge calls alpha."""
    return relative * features.var(axis=0).sum() * len(features) / features.shape[1]


def orthogonal(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(size, size)))[0]


def by_id(blocks: Blocks, contributions: np.ndarray) -> np.ndarray:
    """Contributions of the held-out examples in the order of their ids, whatever the order of the rows."""
    return contributions[np.argsort(blocks.ids[blocks.heldout])]


def fse(predicted: np.ndarray, target: np.ndarray, centre: np.ndarray) -> float:
    """Squared error over squared distance from a centre, pooled over features."""
    return float(np.sum((target - predicted) ** 2) / np.sum((target - centre) ** 2))


def side_by_side(blocks: Blocks, names: Sequence[str]) -> np.ndarray:
    return np.hstack([np.asarray(blocks[name][:]) for name in names])


def assert_same_measured(a: Measured, b: Measured, *, rtol: float = 1e-7) -> None:
    assert a.value == pytest.approx(b.value, rel=rtol, abs=1e-10)
    np.testing.assert_allclose(
        a.contributions, b.contributions, rtol=rtol, atol=0.01 * rtol * np.abs(b.contributions).max()
    )
