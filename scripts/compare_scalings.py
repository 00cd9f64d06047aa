#!/usr/bin/env python
"""Feature performance where the features of a block are divided by one number, standardised, or whitened.

Writes the tables of docs/probes.md: of generated features, and of the feature files of one replicate each, in which the
first networks of a width make S_α, the first wide one M_1.

    python scripts/compare_scalings.py artifacts/features/smoke/mosaics-resnet18-{1,1_4}-r0.safetensors
"""

import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import Measured, feature_performance, residuals, ridge_regression
from overparam.study.feature_blocks import M_1, R, S
from overparam.study.feature_file import read_features
from overparam.study.quantities import FP

FIT, HELDOUT, FEATURES, CLASSES, SEEDS = 500, 2000, 32, 5, 5
Scaling = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of features (examples, features), by their fit rows
Change = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def standardise(values: np.ndarray, fit: np.ndarray) -> np.ndarray:
    """Each feature has mean 0 and variance 1 on the fit rows; constant ones become 0."""
    centred = values - values[fit].mean(axis=0)
    spread = centred[fit].std(axis=0)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)


def whiten(values: np.ndarray, fit: np.ndarray) -> np.ndarray:
    """Principal components on the fit rows, each of variance 1; those within rounding of 0 are left out."""
    centred = values - values[fit].mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred[fit], full_matrices=False)
    kept = sizes > len(sizes) * np.finfo(float).eps * sizes[0]
    return centred @ axes[kept].T / (sizes[kept] / np.sqrt(fit.sum()))


# `feature_performance` divides what comes out by one number a block, in any case.
SCALINGS: Mapping[str, Scaling] = {
    "one number a block": lambda values, fit: values,
    "standardised": standardise,
    "whitened": whiten,
}


def outlier(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Noise in the place of one feature, of most of the variance."""
    return np.hstack([300 * rng.standard_normal((len(features), 1)), features[:, 1:]])


def gain(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """A number of each example, added to every feature by a factor of its own."""
    sizes = np.abs(1 + 0.5 * rng.standard_normal((len(features), 1)))
    return features + 100 * sizes * np.abs(rng.standard_normal(features.shape[1]))


def nearly_constant(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Further features that hardly vary, and at random."""
    return np.hstack([features, 1e-3 * rng.standard_normal((len(features), 300))])


def seldom_alive(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Further features that are 0 on 99 of 100 rows, the others at random."""
    return np.hstack([features, 0.1 * (rng.random((len(features), 300)) < 0.01)])


def shrunk(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """The same features in sizes of their own."""
    return features * np.logspace(0, -3, features.shape[1])


def decaying(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """The same features and as much noise as makes 300, small and rotated, so that no feature is either."""
    rotation = np.linalg.qr(rng.standard_normal((300, 300)))[0]
    return np.hstack([features, 0.1 * rng.standard_normal((len(features), 300 - FEATURES))]) @ rotation


CHANGES: Mapping[str, Change] = {
    "as they are": lambda rng, features: features,
    "one outlier unit × 300 that tells nothing": outlier,
    "a common gain × 100 that tells nothing": gain,
    "300 nearly constant units more that tell nothing": nearly_constant,
    "300 seldom alive units more that tell nothing": seldom_alive,
    "sizes of units from 1 to 1/1000": shrunk,
    "all told in the 32 largest of 300 rotated directions": decaying,
}


def performance(blocks: Blocks, names: list[str], scaling: Scaling) -> Measured:
    """FP of blocks side by side after the scaling of each."""
    scaled = {name: scaling(np.asarray(blocks[name][:], dtype=np.float64), ~blocks.heldout) for name in names}
    return feature_performance(Blocks(scaled, blocks.ids, blocks.labels, blocks.heldout), names)


def generated(change: Change, seed: int) -> Blocks:
    """Overlapping Gaussian clouds, one a class, and what is done to them."""
    rng, count = np.random.default_rng(seed), FIT + HELDOUT
    labels = rng.integers(CLASSES, size=count)
    features = 0.5 * rng.standard_normal((CLASSES, FEATURES))[labels] + rng.standard_normal((count, FEATURES))
    return Blocks({"A": change(rng, features)}, np.arange(count), labels, np.arange(count) >= FIT)


def described(measured: list[Measured]) -> str:
    """Mean accuracy, and the penalties that were chosen."""
    chosen = sorted({measurement.penalty for measurement in measured}, reverse=True)
    return f"{np.mean([m.value for m in measured]):.1%} ({', '.join(f'{penalty:g}' for penalty in chosen)})"


def networks(paths: list[Path]) -> Blocks:
    """M_1, every S_α, and what the one leaves of the other, from the feature files of one replicate."""
    files = [read_features(path) for path in paths]
    widest = max(file.features.shape[2] for file in files)
    first = files[0]
    arrays = {}
    for file in files:
        alpha = Fraction(file.features.shape[2], widest)
        side_by_side = file.features[:, : alpha.denominator].reshape(len(file.ids), -1)
        arrays[M_1 if alpha == 1 else S(alpha)] = side_by_side
    blocks = Blocks(arrays, first.ids, first.labels, first.heldout)
    left = {R(name, M_1): residuals(blocks, ridge_regression(blocks, name, M_1)) for name in arrays if name != M_1}
    return Blocks({**arrays, **left}, blocks.ids, blocks.labels, blocks.heldout)


def main() -> None:
    """Print one table of generated features, and one of the files."""
    head = f"| {{}} | {' | '.join(SCALINGS)} |\n|---|{'--:|' * len(SCALINGS)}"
    print(head.format(f"generated features, {SEEDS} seeds"))
    for name, change in CHANGES.items():
        worlds = [generated(change, seed) for seed in range(SEEDS)]
        cells = [described([performance(world, ["A"], s) for world in worlds]) for s in SCALINGS.values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    replicates: dict[str, list[Path]] = {}
    for path in map(Path, sys.argv[1:]):
        replicates.setdefault(path.stem.rpartition("-r")[2], []).append(path)
    studies = [networks(paths) for paths in replicates.values()]
    if studies:
        print("\n" + head.format(f"features of networks, {len(studies)} replicate{'s' * (len(studies) > 1)}"))
        plain = [name for name in studies[0].arrays if not name.startswith("R(")]
        for names in [*([name] for name in plain), *([name, R(name, M_1)] for name in plain if name != M_1)]:
            cells = [described([performance(study, names, s) for study in studies]) for s in SCALINGS.values()]
            print(f"| {FP(*names)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
