"""Worlds of wide networks at several budgets, whose effect against narrow ones changes with how well they fit."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from overparam.error_rates.bounds import Bound, row
from overparam.error_rates.randomness import generator
from overparam.error_rates.trial_file import Row
from overparam.metrics.stats import Verdict, contribution_covariance
from overparam.verdicts.equal_fit import Fits, Readings, greater_at_equal_fit
from overparam.verdicts.margins import Gates, Preregistration

EXAMPLES = 10_000
NARROW = 0.61  # training accuracy of the narrow networks
BUDGETS = NARROW + 0.025 * np.array([-3.4, -2.4, -1.4, -0.4, 0.6, 1.6, 2.6])  # of the wide ones
NATS = 2.5  # of cross-entropy, by which a network that errs always is worse than one that never does
SLOPE = 0.2  # of the effect in training accuracy: two and a half points of fit are worth the margin
OF_FIT = 0.005  # standard deviation of either's fit between replicates, which effects follow
OF_EXAMPLE, OF_RUN = 0.3, 0.002  # standard deviations of a contribution; and of either arm by its seed
OF_LOSS = 0.004  # nats by which cross-entropies are off what accuracies say

Judge = Callable[[Readings, Fits, float, Gates], Verdict]


@dataclass(frozen=True)
class EqualFitTrial:
    """Accuracies of which a true effect is known where fits are equal.

    Attributes:
        replicates: R.
        effect: the true one at the match; None for one at the margin.
        noise: standard deviation of the training accuracies as they are measured, which effects know nothing of.
        bounds: on what comes out.
        worlds: their number.
    """

    replicates: int
    effect: float | None
    noise: float
    bounds: tuple[Bound, ...]
    worlds: int = 200

    def run(self, worlds: int, margins: Preregistration, judge: Judge = greater_at_equal_fit) -> Counter[str]:
        """How often the effect at equal fit comes out how."""
        effect = margins.accuracy if self.effect is None else self.effect
        return Counter(
            judge(*self._world(number, effect), margins.accuracy, margins).outcome for number in range(worlds)
        )

    def _world(self, number: int, effect: float) -> tuple[Readings, Fits]:
        rng, shape = generator("equal fit", self.replicates, number), (self.replicates, len(BUDGETS))
        narrow = NARROW + OF_FIT * rng.standard_normal(self.replicates)
        wide = BUDGETS + OF_FIT * rng.standard_normal((self.replicates, 1))
        runs = OF_RUN * (rng.standard_normal((self.replicates, 1)) + rng.standard_normal(shape))
        common, own = rng.standard_normal(EXAMPLES), rng.standard_normal((*shape, EXAMPLES))
        psi = (effect + SLOPE * (wide - narrow[:, None]) + runs)[..., None] + OF_EXAMPLE * (common + own) / 2**0.5
        seen = wide + self.noise * rng.standard_normal(shape)
        loss = NATS * (1 - seen) + OF_LOSS * rng.standard_normal(shape)
        fits = Fits(NATS * (1 - narrow), narrow, loss, seen)
        covariance = contribution_covariance(psi.reshape(-1, EXAMPLES))
        return Readings(psi.mean(axis=2), covariance.reshape(*shape, *shape)), fits

    def rows(self, counts: Mapping[str, int], worlds: int) -> list[Row]:
        """One row."""
        said = "at the margin" if self.effect is None else f"{self.effect:g}"
        noise = f", training accuracies off by {100 * self.noise:g} points" if self.noise else ""
        world = f"budgets around the match{noise}, true effect there {said}"
        return [row(world, "accuracy above the margin at equal fit", self.replicates, worlds, counts, self.bounds)]
