"""What the claims at equal fit compare: narrow networks with wide ones that were trained for fewer epochs."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks, Rows
from overparam.metrics.penalties import Penalties
from overparam.study.budgets.quantities import W, W_prime
from overparam.study.feature_blocks import M_1, S, S_prime
from overparam.study.feature_file import FeatureFile
from overparam.study.layout import Replicate, check_same_examples
from overparam.study.measure import (
    Quantities,
    chosen,
    joint_sample,
    performances,
    residual_performances,
    single_threaded,
    spans,
)
from overparam.study.record import Sample


@dataclass(frozen=True)
class Networks:
    """The networks of one replicate: those of the study, and wide ones that were trained less.

    Attributes:
        replicate: of the study.
        less: by budget of epochs, the features of W and W′.
    """

    replicate: Replicate
    less: Mapping[float, FeatureFile]

    @property
    def blocks(self) -> Blocks:
        """M_1, S_α and S_α′ of the study; W and W′ of every budget.

        Raises:
            MeasurementError: if they are of different examples.
        """
        own = self.replicate.blocks
        arrays: dict[Hashable, Rows] = {
            name: own[name] for name in (M_1, *map(S, self.replicate.alphas), *map(S_prime, self.replicate.alphas))
        }
        for budget, file in self.less.items():
            same = (np.array_equal(getattr(file, name), getattr(own, name)) for name in ("ids", "labels", "heldout"))
            if not all(same):
                raise MeasurementError(
                    f"the features of wide networks after {budget:g} epochs are of other examples than the study's, "
                    "or in another order: extract both from the same data"
                )
            arrays |= {W(budget): file.features[:, 0], W_prime(budget): file.features[:, 1]}
        return Blocks(arrays, own.ids, own.labels, own.heldout)


def measure_budgets(
    replicates: Mapping[int, Networks],
    near: Mapping[Fraction, Sequence[float]],
    *,
    workers: int = -1,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[dict[str, Sample], Penalties]:
    """Measure what is compared with the wide networks of some budgets.

    Args:
        replicates: the networks of each replicate.
        near: by narrow width factor, the budgets whose wide networks fit about as badly; others are not measured.
        workers: processes that share the work; −1 for one a core.
        advance: called with the parts done and their total, for a progress bar.

    Returns:
        By α, the samples ``span α`` and ``performance α``, and by quantity what cross-validation chose.

    Raises:
        MeasurementError: if networks are of different examples, or a quantity has no meaning on these features.
    """
    check_same_examples({number: networks.replicate for number, networks in replicates.items()})
    of_replicates = [networks.blocks for networks in replicates.values()]
    parts = [
        (f"{sample} {alpha}", partial(take, blocks, alpha, near[alpha]))
        for alpha in near
        for sample, take in (("span", _spans), ("performance", _performances))
        for blocks in of_replicates
    ]
    run_all: Any = Parallel(n_jobs=workers, return_as="generator")
    found: dict[str, list[Quantities]] = {sample: [] for sample, _ in parts}
    done = run_all(delayed(single_threaded)(part) for _, part in parts)
    for count, ((sample, _), quantities) in enumerate(zip(parts, done, strict=True), start=1):
        found[sample].append(quantities)
        advance(count, len(parts))
    penalties = {name: choices for by_replicate in found.values() for name, choices in chosen(by_replicate).items()}
    return {sample: joint_sample(by_replicate) for sample, by_replicate in found.items()}, penalties


def _spans(blocks: Blocks, alpha: Fraction, budgets: Sequence[float]) -> Quantities:
    """FSE onto W from S_α and from its rival W′ at every budget, and onto S_α′ from S_α and W."""
    narrow, independent = S(alpha), S_prime(alpha)
    measured = spans(blocks, [(narrow, independent)])
    for budget in budgets:
        wide, rival = W(budget), W_prime(budget)
        measured |= spans(blocks, [(narrow, wide), (rival, wide), (wide, independent)])
    return measured


def _performances(blocks: Blocks, alpha: Fraction, budgets: Sequence[float]) -> Quantities:
    """FP of M_1, S_α and every W; and of S_α with the residuals that it leaves of W, and of S_α′."""
    narrow, wide = S(alpha), [W(budget) for budget in budgets]
    pairs = [(narrow, target) for target in (*wide, S_prime(alpha))]
    # M_1 tells whether probes on such features work at all.
    return performances(blocks, [M_1, narrow, *wide]) | residual_performances(blocks, pairs)
