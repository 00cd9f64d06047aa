"""What the controls measure beyond the claims' own quantities."""

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction

from overparam.study.feature_blocks import M_1, Block
from overparam.study.quantities import FSE, SPAN_ERROR, Contrast, Metric, Quantity, alone

STITCHED = Metric("stitched")


@dataclass(frozen=True)
class OneNarrow(Block):
    """M_α: a single narrow network, the first that did not die in training."""

    alpha: Fraction

    def __str__(self) -> str:
        return f"M_{self.alpha}"


@dataclass(frozen=True)
class Untrained(Block):
    """The same networks as they were initialised."""

    block: Block

    def __str__(self) -> str:
        return f"untrained {self.block}"


@dataclass(frozen=True)
class Nonlinear(Block):
    """What a small nonlinear network predicts of M_1's features from those of ``source``."""

    source: Block

    def __str__(self) -> str:
        return f"MLP({self.source}→{M_1})"


@dataclass(frozen=True)
class Unseen:
    """A quantity of maps and probes fitted on examples that no network was trained on."""

    quantity: Hashable

    def __str__(self) -> str:
        return f"unseen {self.quantity}"


@dataclass(frozen=True)
class LeastOfPath:
    """A span error where it is least along its ridge path."""

    quantity: Hashable

    def __str__(self) -> str:
        return f"min_λ {self.quantity}"


def unseen(contrast: Contrast) -> Contrast:
    """The same quantities, of maps and probes fitted on examples that no network was trained on."""
    return Contrast({Unseen(quantity): weight for quantity, weight in contrast.weights.items()})


def FSE_nonlinear(source: Block) -> Contrast:  # noqa: N802
    """Feature span error onto M_1 of a readout from what a small nonlinear network predicts of M_1."""
    return FSE(Nonlinear(source), M_1)


def FSE_untrained(source: Block) -> Contrast:  # noqa: N802
    """Feature span error onto M_1 before either network was trained."""
    return FSE(Untrained(source), Untrained(M_1))


def FSE_best(source: Block) -> Contrast:  # noqa: N802
    """Feature span error onto M_1 at the ridge penalty that errs least on the held-out examples themselves."""
    return alone(LeastOfPath(Quantity(SPAN_ERROR, (source, M_1))))


def stitched(source: Block) -> Contrast:
    """Accuracy of M_1's own readout on what ridge regression predicts of M_1 from ``source``; on M_1 itself for M_1."""
    return alone(Quantity(STITCHED, (source,)))


def similarity(measure: str, other: Block) -> Contrast:
    """One of `overparam.metrics.similarity.MEASURES` of M_1 and another block on held-out examples."""
    return alone(Quantity(Metric(measure), (M_1, other)))
