"""Generated feature files of networks that are not there, in worlds whose truth is known."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from overparam.study.feature_file import FeatureFile
from overparam.study.layout import Replicate

ONE, HALF, QUARTER = Fraction(1), Fraction(1, 2), Fraction(1, 4)
MEMBERS = {ONE: 2, HALF: 4, QUARTER: 8}
WIDTH, FIT, HELDOUT, CLASSES = 8, 150, 150, 3
BOTH, WIDE_ONLY, NARROW_ONLY = [0, 1], [2, 3, 4], [5, 6, 7]  # which networks see each of eight latent numbers


def latents() -> tuple[np.ndarray, np.ndarray]:
    """(examples, 8) latent numbers, and labels that those which only wide networks see tell, one in ten wrong."""
    rng = np.random.default_rng(5)
    z = rng.standard_normal((FIT + HELDOUT, 8))
    labels = z[:, WIDE_ONLY].argmax(axis=1)
    wrong = rng.random(len(labels)) < 0.1
    return z, np.where(wrong, rng.integers(CLASSES, size=len(labels)), labels)


def networks(rng: np.random.Generator, alpha: Fraction, seen: list[int]) -> np.ndarray:
    """(examples, members, features): every member maps what it sees by weights of its own, with a little noise."""
    z, _ = latents()
    width = int(WIDTH * alpha)
    weights = rng.standard_normal((MEMBERS[alpha], len(seen), width))
    features = np.einsum("nz,kzf->nkf", z[:, seen], weights)
    return (features + 0.3 * rng.standard_normal(features.shape)).astype(np.float32)


def file_of(features: np.ndarray, **changes) -> FeatureFile:
    heldout = np.repeat([False, True], [FIT, HELDOUT])
    ids = np.arange(FIT + HELDOUT) + 1000
    # The third wide network stands for M_1′ after 4 epochs of 10.
    epochs = np.array([10, 10, *[4 if features.shape[2] == WIDTH else 10] * (features.shape[1] - 2)])
    return replace(FeatureFile(features, ids, latents()[1], heldout, epochs, {}), **changes)


def world(kind: str = "signal", seed: int = 0) -> dict[Fraction, FeatureFile]:
    """The feature files of one replicate.

    ``signal``: wide and narrow networks each see something that the others do not, and only the wide see the labels.
    ``all S``: M_1 and M_1′ are concatenations of narrow networks. ``swapped``: wide networks see what narrow ones do.
    """
    rng = np.random.default_rng([11, seed])
    wide, narrow = BOTH + WIDE_ONLY, BOTH + NARROW_ONLY
    if kind == "swapped":
        wide, narrow = narrow, wide
    files = {alpha: file_of(networks(rng, alpha, narrow)) for alpha in (HALF, QUARTER)}
    if kind == "all S":
        halves = np.hstack(
            [networks(rng, HALF, narrow), networks(np.random.default_rng([12, seed]), HALF, narrow)[:, :2]]
        )
        return {ONE: file_of(halves.reshape(len(halves), 3, WIDTH)), **files}
    final = networks(rng, ONE, wide)
    early = networks(np.random.default_rng([12, seed]), ONE, wide)[:, :1]
    return {ONE: file_of(np.hstack([final, early])), **files}


def replicates(kind: str = "signal", count: int = 3) -> Mapping[int, Replicate]:
    return {number: Replicate.of(world(kind, number)) for number in range(count)}
