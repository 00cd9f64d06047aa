"""Worlds of generated networks, with things done to them that the judge must see through, or must not mind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from overparam.error_rates.networks import (
    ONE,
    ONE_LAW,
    SIGNAL,
    Files,
    Law,
    declared_accuracies,
)
from overparam.error_rates.randomness import generator
from overparam.metrics.definitions import residuals, ridge_regression
from overparam.study.feature_blocks import M_1, S
from overparam.study.feature_file import FeatureFile
from overparam.study.layout import Replicate

# Noise on features of networks that are badly trained, and the training accuracy that they declare. M_1′ is kept as it
# was when it was even worse, and when it was as bad as the narrow ones.
BAD_TRAINING = {1: (2.0, 0.6), 2: (1.0, 0.8)}
AS_BAD = 2
# What has most of the variance and tells nothing, as in trained Transformers: one unit, or one number of an example
# that moves all units together.
OUTLIER, GAIN = 300.0, 100.0

Study = dict[int, Files]  # by replicate
Change = Callable[[Files, np.random.Generator], Files]


@dataclass(frozen=True)
class World:
    """A law by which networks are drawn, and what is then done to a study of them."""

    law: Law
    change: Callable[[Study, np.random.Generator], Study]

    def study(self, name: str, number: int, replicates: int) -> Study:
        """The study of that number, changed by random numbers of that name."""
        return self.change(self.law.replicates(number, replicates), generator(name, number))


def _as_drawn(study: Study, rng: np.random.Generator) -> Study:
    return study


def _in_each(change: Change) -> Callable[[Study, np.random.Generator], Study]:
    return lambda study, rng: {replicate: change(files, rng) for replicate, files in study.items()}


def _with_wide(files: Files, *features: np.ndarray) -> Files:
    """Other features (examples, features) in the place of M_1's, or of M_1's and M_1′'s."""
    wide = files[ONE].features.copy()
    for member, given in enumerate(features):
        wide[:, member] = given
    return {**files, ONE: replace(files[ONE], features=wide)}


def narrow_width(files: Files) -> Fraction:
    """The narrow width factor, of which a study has one here."""
    (alpha,) = (alpha for alpha in files if alpha != ONE)
    return alpha


def _with_narrow(files: Files, **changes: Any) -> Files:
    """Another file in the place of the narrow networks'."""
    alpha = narrow_width(files)
    return {**files, alpha: replace(files[alpha], **changes)}


def _narrow(files: Files) -> FeatureFile:
    return files[narrow_width(files)]


def _concatenation(files: Files, which: int) -> np.ndarray:
    """S_α for 0, S_α′ for 1, and so on to the last for −1: (examples, features)."""
    features, parts = _narrow(files).features, narrow_width(files).denominator
    whole = features[:, : features.shape[1] // parts * parts].reshape(len(features), -1, parts * features.shape[2])
    return whole[:, which]


def _m_1_as_another_concatenation(study: Study, rng: np.random.Generator) -> Study:
    """The S_α of the next replicate in the place of M_1: every other one here is S_α, or held out as S_α′."""
    following = dict(zip(study, [*study][1:] + [*study][:1], strict=True))
    return {
        replicate: _with_wide(files, _concatenation(study[following[replicate]], 0))
        for replicate, files in study.items()
    }


def _swapped(files: Files, rng: np.random.Generator) -> Files:
    """Concatenations as M_1 and M_1′, and M_1 as S_α; S_α′ stays, on whose features span-under measures both."""
    features, parts = _narrow(files).features.copy(), narrow_width(files).denominator
    features[:, :parts] = files[ONE].features[:, 0].reshape(len(features), parts, -1)
    swapped = _with_wide(files, _concatenation(files, 0), _concatenation(files, -1))
    return _with_narrow(swapped, features=features)


def _with_residual(stand_in: Callable[[np.random.Generator, np.ndarray], np.ndarray]) -> Change:
    """What S_α predicts of M_1, and beside it something else than the residual (examples, features)."""

    def change(files: Files, rng: np.random.Generator) -> Files:
        blocks = Replicate.of(files).blocks
        residual = residuals(blocks, ridge_regression(blocks, S(narrow_width(files)), M_1))
        return _with_wide(files, files[ONE].features[:, 0] - residual + stand_in(rng, residual))

    return change


def _noise_like(rng: np.random.Generator, residual: np.ndarray) -> np.ndarray:
    return residual.std(axis=0) * rng.standard_normal(residual.shape)


def _shuffled_labels(study: Study, rng: np.random.Generator) -> Study:
    order = rng.permutation(len(study[0][ONE].labels))
    return {
        replicate: {alpha: replace(file, labels=file.labels[order]) for alpha, file in files.items()}
        for replicate, files in study.items()
    }


def _half_precision(files: Files, rng: np.random.Generator) -> Files:
    return {alpha: replace(file, features=file.features.astype(np.float16)) for alpha, file in files.items()}


def _narrow_thousandfold(files: Files, rng: np.random.Generator) -> Files:
    return _with_narrow(files, features=1000 * _narrow(files).features)


def _with_an_outlier_unit(files: Files, rng: np.random.Generator) -> Files:
    """Noise in the place of a unit of M_1, of M_1′ and of one network of every concatenation."""
    wide = _first_unit_of(files[ONE], slice(None), rng)
    return {**files, ONE: wide, narrow_width(files): _narrow_outliers(files, slice(None), rng)}


def _with_an_outlier_unit_in_sources(files: Files, rng: np.random.Generator) -> Files:
    """The same in M_1′ and S_α alone: a target with such a unit would be little else, and another target."""
    wide = _first_unit_of(files[ONE], slice(1, None), rng)
    return {**files, ONE: wide, narrow_width(files): _narrow_outliers(files, slice(1), rng)}


def _narrow_outliers(files: Files, concatenations: slice, rng: np.random.Generator) -> FeatureFile:
    narrow = _narrow(files)
    firsts = np.arange(0, narrow.features.shape[1], narrow_width(files).denominator)
    return _first_unit_of(narrow, firsts[concatenations], rng)


def _first_unit_of(file: FeatureFile, members: slice | np.ndarray, rng: np.random.Generator) -> FeatureFile:
    features = file.features.copy()
    features[:, members, 0] = OUTLIER * rng.standard_normal(features[:, members, 0].shape)
    return replace(file, features=features)


def _with_a_common_gain(files: Files, rng: np.random.Generator) -> Files:
    """A number of each example, the same for all networks, by which their units grow, each by a factor of its own."""
    gains = np.abs(1 + 0.5 * rng.standard_normal((len(_narrow(files).ids), 1, 1)))

    def grown(file: FeatureFile) -> FeatureFile:
        factors = np.abs(rng.standard_normal(file.features.shape[1:]))
        return replace(file, features=(file.features + GAIN * gains * factors).astype(file.features.dtype))

    return {alpha: grown(file) for alpha, file in files.items()}


def _misaligned(files: Files, rng: np.random.Generator) -> Files:
    narrow = _narrow(files)
    order = rng.permutation(len(narrow.ids))
    return _with_narrow(files, **{n: getattr(narrow, n)[order] for n in ("features", "ids", "labels", "heldout")})


def _half_as_wide(files: Files, rng: np.random.Generator) -> Files:
    features = _narrow(files).features
    return _with_narrow(files, features=features[:, :, : features.shape[2] // 2])


def _badly_trained(files: Files, rng: np.random.Generator) -> Files:
    """Noise on the narrow networks, and on M_1′ as it was early in its training; width makes no difference."""
    wide, narrow = files[ONE], _narrow(files)
    noise, level = BAD_TRAINING[AS_BAD]
    worse = _with_narrow(
        files,
        features=_noisy(narrow.features, noise, rng),
        metadata=_declaring(narrow, declared_accuracies(rng, level, narrow.features.shape[1])),
    )
    early = [_noisy(wide.features[:, 1:], noise, rng) for noise, _ in BAD_TRAINING.values()]
    levels = [accuracy for _, level in BAD_TRAINING.values() for accuracy in declared_accuracies(rng, level, 1)]
    kept = replace(
        wide,
        features=np.hstack([wide.features, *early]),
        epochs=np.array([*wide.epochs, *BAD_TRAINING]),
        metadata=_declaring(wide, [*wide.metadata["train_accuracy"], *levels]),
    )
    return {**worse, ONE: kept}


def _noisy(features: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    return (features + noise * rng.standard_normal(features.shape)).astype(features.dtype)


def _declaring(file: FeatureFile, accuracies: list[float]) -> dict:
    return {**file.metadata, "train_accuracy": accuracies, "heldout_accuracy": accuracies}


WORLDS = {
    "S and M_1 from one law": World(ONE_LAW, _as_drawn),
    "true signal": World(SIGNAL, _as_drawn),
    "M_1 replaced by an S": World(SIGNAL, _m_1_as_another_concatenation),
    "wide and narrow swapped": World(SIGNAL, _in_each(_swapped)),
    "labels shuffled": World(SIGNAL, _shuffled_labels),
    "residual replaced by noise": World(SIGNAL, _in_each(_with_residual(_noise_like))),
    "rows of the residual shuffled": World(
        SIGNAL, _in_each(_with_residual(lambda rng, residual: rng.permutation(residual)))
    ),
    "features stored as float16": World(SIGNAL, _in_each(_half_precision)),
    "S × 1000": World(SIGNAL, _in_each(_narrow_thousandfold)),
    "one outlier unit × 300": World(SIGNAL, _in_each(_with_an_outlier_unit)),
    "one outlier unit × 300 in what spans": World(SIGNAL, _in_each(_with_an_outlier_unit_in_sources)),
    "a common gain × 100": World(SIGNAL, _in_each(_with_a_common_gain)),
    "rows misaligned between blocks": World(SIGNAL, _in_each(_misaligned)),
    "S with half the features": World(SIGNAL, _in_each(_half_as_wide)),
    "S badly trained": World(ONE_LAW, _in_each(_badly_trained)),
    "one replicate copied": World(SIGNAL, lambda study, rng: dict.fromkeys(study, study[0])),
}
