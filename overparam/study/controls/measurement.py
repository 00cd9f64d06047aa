"""Every quantity that the controls compare or report, in every replicate."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import Measured, residuals, ridge_regression
from overparam.metrics.penalties import Choices, Penalties
from overparam.metrics.similarity import measures
from overparam.study.controls.members import counts
from overparam.study.controls.nonlinear import predict_nonlinearly
from overparam.study.controls.penalties import PATH_FACTORS, best_of_path
from overparam.study.controls.quantities import STITCHED, Nonlinear, OneNarrow, Untrained
from overparam.study.feature_blocks import M_1, M_1_PRIME, Block, Concatenation, S
from overparam.study.feature_file import FeatureFile
from overparam.study.measure import Quantities, chosen, joint_sample, single_threaded, spans
from overparam.study.quantities import Metric, Quantity
from overparam.study.record import PENALTY_FACTORS, Sample


@dataclass(frozen=True)
class Readout:
    """The last layer of M_1: weight (classes, features) and bias (classes,)."""

    weight: np.ndarray
    bias: np.ndarray

    def correct(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """(examples,) 1.0 where the class of the largest logit is right."""
        return (np.argmax(features @ self.weight.T + self.bias, axis=1) == labels).astype(np.float64)


@dataclass(frozen=True)
class Networks:
    """The networks of one replicate.

    Attributes:
        trained: by width factor, their features.
        initial: by width factor, features (examples, members, features) of M_1 and M_1′, or of the networks of S_α, as
            they were initialised.
        readout: of M_1.
    """

    trained: Mapping[Fraction, FeatureFile]
    initial: Mapping[Fraction, np.ndarray]
    readout: Readout

    @property
    def narrow(self) -> list[Fraction]:
        """The narrow width factors, from the widest down."""
        return sorted((alpha for alpha in self.trained if alpha < 1), reverse=True)

    @property
    def rivals(self) -> list[Block]:
        """What is compared in how it spans M_1: M_1′, and every S_α."""
        return [M_1_PRIME, *map(S, self.narrow)]

    def sizes(self, alpha: Fraction) -> list[int]:
        """Every U, how many networks are put side by side."""
        return counts(alpha, self.trained[alpha].features.shape[1])

    @cached_property
    def blocks(self) -> Blocks:
        """M_1, M_1′, M_α, and S_α^(U) for growing U; and M_1, M_1′ and S_α untrained."""
        wide = self.trained[Fraction(1)]
        arrays: dict[Hashable, np.ndarray] = {M_1: wide.features[:, 0], M_1_PRIME: wide.features[:, 1]}
        arrays |= {Untrained(name): self.initial[Fraction(1)][:, k] for k, name in enumerate((M_1, M_1_PRIME))}
        for alpha in self.narrow:
            features, initial = self.trained[alpha].features, self.initial[alpha]
            alive = np.ptp(features, axis=0).any(axis=1)  # (members,)
            arrays[OneNarrow(alpha)] = features[:, int(np.argmax(alive))]
            for U in self.sizes(alpha):
                arrays[Concatenation(alpha, U)] = features[:, :U].reshape(len(features), -1)
            arrays[Untrained(S(alpha))] = initial.reshape(len(initial), -1)
        return Blocks(arrays, wide.ids, wide.labels, wide.heldout)


def measure_controls(
    replicates: Mapping[int, Networks],
    *,
    workers: int = -1,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[dict[str, Sample], Penalties]:
    """Measure what the controls compare or report.

    Args:
        replicates: the networks of each replicate.
        workers: processes that share the work; −1 for one a core.
        advance: called with the parts done and their total, for a progress bar.

    Returns:
        The samples ``copies``, of S_α^(U) as U grows, ``untrained``, ``nonlinear`` and ``stitched``; ``path``, span
        errors at each of ``PATH_FACTORS``, and ``best``, where they are least; and, since nothing is compared with
        them, one sample for each span error between two blocks, and for each similarity of two. And by quantity, what
        cross-validation chose.
    """
    # Records that were measured name the growing ensembles "copies".
    kinds = {"copies": _growing, "untrained": _untrained, "nonlinear": _nonlinear, "stitched": _stitched}
    alone = {"pairs": _pairs, "similarity": _similarity}
    everything = {**kinds, **alone, "path": _path}
    parts = [
        partial(measure_kind, networks) for measure_kind in everything.values() for networks in replicates.values()
    ]
    run_all: Any = Parallel(n_jobs=workers, return_as="generator")
    measured: list[Quantities] = []
    for quantities in run_all(delayed(single_threaded)(part) for part in parts):
        measured.append(quantities)
        advance(len(measured), len(parts))
    by_replicate = iter(measured)
    found = {kind: [next(by_replicate) for _ in replicates] for kind in everything}
    samples = {kind: joint_sample(found[kind]) for kind in kinds}
    samples["path"] = joint_sample(found["path"], PATH_FACTORS)
    found["best"] = [best_of_path(path) for path in found["path"]]
    samples["best"] = joint_sample(found["best"])
    for kind in alone:
        for quantity in found[kind][0]:
            samples[str(quantity)] = joint_sample([{quantity: quantities[quantity]} for quantities in found[kind]])
    penalties = {name: choices for by_replicate in found.values() for name, choices in chosen(by_replicate).items()}
    return samples, penalties


def _growing(networks: Networks) -> Quantities:
    """FSE(S_α^(U)→M_1) as U grows, beside FSE(M_1′→M_1)."""
    sources = [Concatenation(alpha, U) for alpha in networks.narrow for U in networks.sizes(alpha)]
    return _onto(networks.blocks, M_1, [M_1_PRIME, *sources])


def _path(networks: Networks) -> Quantities:
    """FSE onto M_1 from M_1′ and S_α along the ridge path."""
    return _onto(networks.blocks, M_1, networks.rivals, PATH_FACTORS)


def _pairs(networks: Networks) -> Quantities:
    """FSE between M_1, M_1′ and every S_α, both ways."""
    names = [M_1, *networks.rivals]
    return spans(networks.blocks, [(a, b) for a in names for b in names if a != b])


def _untrained(networks: Networks) -> Quantities:
    """FSE onto M_1 as initialised, from M_1′ and S_α as initialised."""
    return _onto(networks.blocks, Untrained(M_1), list(map(Untrained, networks.rivals)))


def _nonlinear(networks: Networks) -> Quantities:
    """FSE onto M_1 of nonlinear predictions from M_1′ and S_α."""
    blocks = networks.blocks
    predicted = {Nonlinear(source): predict_nonlinearly(blocks, source, M_1) for source in networks.rivals}
    extended = Blocks({M_1: blocks[M_1], **predicted}, blocks.ids, blocks.labels, blocks.heldout)
    return _onto(extended, M_1, list(predicted))


def _onto(
    blocks: Blocks, target: Block, sources: Sequence[Block], factors: Sequence[float] = PENALTY_FACTORS
) -> Quantities:
    """FSE from every source, one at a time: moments of all side by side would grow with the square of their number."""
    measured: Quantities = {}
    for source in sources:
        measured |= spans(blocks, [(source, target)], factors)
    return measured


def _stitched(networks: Networks) -> Quantities:
    """Accuracy of M_1's readout on M_1, and on what ridge regression predicts of M_1 from M_1′ and S_α."""
    blocks, readout = networks.blocks, networks.readout
    held, labels = blocks.heldout, blocks.classes[blocks.heldout]
    wide = np.asarray(blocks[M_1][:], dtype=np.float64)

    def accuracy(features: np.ndarray, choices: Choices) -> Measured:
        correct = readout.correct(features[held], labels)
        return Measured(float(correct.mean()), correct, float("nan"), choices)

    measured: Quantities = {Quantity(STITCHED, (M_1,)): [accuracy(wide, {})] * len(PENALTY_FACTORS)}
    for source in networks.rivals:
        regression = ridge_regression(blocks, source, M_1)
        measured[Quantity(STITCHED, (source,))] = [
            accuracy(
                wide - residuals(blocks, regression, penalty=regression.penalty * factor), {"ridge": regression.choice}
            )
            for factor in PENALTY_FACTORS
        ]
    return measured


def _similarity(networks: Networks) -> Quantities:
    """Every similarity measure of M_1 with M_1′, S_α and M_α on held-out examples; single numbers, no contributions."""
    blocks = networks.blocks
    wide = np.asarray(blocks[M_1][:], dtype=np.float64)[blocks.heldout]
    measured: Quantities = {}
    for other in (*networks.rivals, *map(OneNarrow, networks.narrow)):
        features = np.asarray(blocks[other][:], dtype=np.float64)[blocks.heldout]
        for name, measure in measures().items():
            value = Measured(measure(wide, features), np.zeros(len(wide)), float("nan"))
            measured[Quantity(Metric(name), (M_1, other))] = [value] * len(PENALTY_FACTORS)
    return measured
