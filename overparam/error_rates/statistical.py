"""Statistical worlds: contributions ψ whose true effect is known, and what the judge says of them.

Two arms, A and B, are trained anew in every replicate and measured on the same held-out examples; the effect is A − B.
Runs differ by their seeds. Errors correlate through the examples, since some are hard for all networks, and some for
those of one arm: near 0.6 within an arm and between arms.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from overparam.error_rates.randomness import generator
from overparam.metrics.stats import Effect, greater, not_above

EXAMPLES = 10_000
# Shares of a latent error's variance that all networks have in common, and beyond them those of one arm. Whether a
# prediction is wrong correlates less than the latent error that decides it.
COMMON, OF_ARM = {"accuracy": 0.85, "span": 0.5}, {"accuracy": 0.03, "span": 0.04}
ACCURACY, SPAN_ERROR = 0.9, 0.3  # of both arms, where there is no effect
BAD_SHARE, BAD_BY = 0.2, 5.0  # one run in five is worse by five standard deviations of the others

Unit = Literal["accuracy", "span"]
Inequality = Literal["above", "not above"]
Interval = Callable[[Effect, float], float]  # the one-sided bound of an effect at a tail, as `Effect.bound` gives it


def gaussian(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """How far runs are from their mean, in standard deviations."""
    return rng.standard_normal(shape)


def heavy_tailed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Student's t with three degrees of freedom, scaled to a standard deviation of 1."""
    return rng.standard_t(3, shape) / 3**0.5


def bad_run(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Gaussian, but for one run in five that fails; the mean is still 0."""
    return rng.standard_normal(shape) - BAD_BY * ((rng.random(shape) < BAD_SHARE) - BAD_SHARE)


SPREADS = {"Gaussian": gaussian, "t₃": heavy_tailed, "bad run": bad_run}
Spread = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def accuracy_contributions(rng: np.random.Generator, spread: Spread, replicates: int, effect: float) -> np.ndarray:
    """ψ_ri = correct_A − correct_B, (replicates, examples); runs have a standard deviation of 0.3 percentage points."""
    accuracy = ACCURACY + _arms(effect) + 0.003 * spread(rng, (2, replicates, 1))
    correct = _errors(rng, replicates, "accuracy") < ndtri(np.clip(accuracy, 0, 1))  # heavy tails reach beyond
    return correct[0].astype(np.float64) - correct[1]


def span_contributions(rng: np.random.Generator, spread: Spread, replicates: int, effect: float) -> np.ndarray:
    """ψ_ri of a difference of span errors, (replicates, examples); runs have a standard deviation of 0.01.

    With q the squared error and v the squared distance from the mean, D_r = Σ(q^A − q^B) / Σv and
    ψ_ri = (q^A − q^B − D_r (v − v̄)) / v̄. Given v, q is log-normal with mean FSE · v.
    """
    span_error = SPAN_ERROR + _arms(effect) - 0.01 * spread(rng, (2, replicates, 1))
    v = np.exp(0.5 * (rng.standard_normal(EXAMPLES) + 0.5 * rng.standard_normal((replicates, EXAMPLES))))
    q = span_error * v * np.exp(0.5 * _errors(rng, replicates, "span") - 0.5**2 / 2)
    difference, mean = q[0] - q[1], v.mean(axis=1, keepdims=True)
    return (difference - difference.mean(axis=1, keepdims=True) / mean * (v - mean)) / mean


def _arms(effect: float) -> np.ndarray:
    return np.array([effect / 2, -effect / 2]).reshape(2, 1, 1)


def _errors(rng: np.random.Generator, replicates: int, unit: Unit) -> np.ndarray:
    """(arms, replicates, examples) standard normal, correlated through the examples."""
    shares = COMMON[unit], OF_ARM[unit], 1 - COMMON[unit] - OF_ARM[unit]
    common = rng.standard_normal(EXAMPLES, dtype=np.float32)
    of_arm = rng.standard_normal((2, 1, EXAMPLES), dtype=np.float32)
    own = rng.standard_normal((2, replicates, EXAMPLES), dtype=np.float32)
    return shares[0] ** 0.5 * common + shares[1] ** 0.5 * of_arm + shares[2] ** 0.5 * own


CONTRIBUTIONS = {"accuracy": accuracy_contributions, "span": span_contributions}


@dataclass(frozen=True)
class StatisticalWorlds:
    """Worlds of one kind.

    Attributes:
        unit: ``accuracy`` or ``span``: what the effect is a difference of, and so which margin is meant.
        spread: how runs differ by their seeds, one of ``SPREADS``.
        replicates: R.
        effect: the true one.
    """

    unit: Unit
    spread: str
    replicates: int
    effect: float

    def contributions(self, number: int) -> np.ndarray:
        """ψ (replicates, examples) in one of these worlds."""
        rng = generator(f"{self.unit} {self.spread}", self.replicates, number)
        return CONTRIBUTIONS[self.unit](rng, SPREADS[self.spread], self.replicates, self.effect)

    def outcomes(self, margin: float, worlds: int, interval: Interval) -> dict[Inequality, Counter[str]]:
        """How often each inequality holds, is refuted, or stays inconclusive, judged with that interval."""
        counts: dict[Inequality, Counter[str]] = {"above": Counter(), "not above": Counter()}
        for number in range(worlds):
            plain = Effect.of(self.contributions(number))
            effect = _Bounded(plain.values, plain.shared, interval)
            counts["above"][greater(effect, margin).outcome] += 1
            counts["not above"][not_above(effect, margin).outcome] += 1
        return counts


@dataclass(frozen=True)
class _Bounded(Effect):
    """An effect whose bounds a given interval decides."""

    interval: Interval

    def bound(self, tail: float) -> float:
        return self.interval(Effect(self.values, self.shared), tail)
