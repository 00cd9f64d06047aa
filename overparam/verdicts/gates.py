"""The gates that every verdict passes: what makes it inconclusive, whatever the numbers say.

The best penalties must lie on the grids that were searched; where ridge penalties move by a decade, no effect may move
by more than the margin to another outcome; and claims about residuals need a probe that works on these features.
"""

from collections.abc import Callable, Iterable

from overparam.metrics.stats import Verdict, greater
from overparam.study.quantities import FP, M_1, PLANTED, Contrast
from overparam.study.record import Record
from overparam.verdicts.claims import Claim

DECADE = (0.1, 10.0)  # factors on every cross-validated ridge penalty at which verdicts are taken again


def edge_complaint(record: Record, compared: Iterable[Contrast]) -> str | None:
    """Why one of these differences is not known: the loss still falls at the edge of a grid. None if all are.

    A flat edge is no complaint, and an unknown one, of a record that kept no curves, is none either.
    """
    for quantity in dict.fromkeys(name for contrast in compared for name in contrast.weights):
        for fitted, choices in record.penalties.get(quantity, {}).items():
            for replicate, choice in zip(record.replicates, choices, strict=True):
                if choice.edge == "falling":
                    return (
                        f"λ: the best {fitted} penalty for {quantity} in replicate {replicate} lies beyond the grid: "
                        f"the cross-validated loss still falls at its edge, {choice.penalty:g}"
                    )
    return None


def penalty_complaint(verdict_at: Callable[[float], Verdict], *, several: bool) -> str | None:
    """Why the ridge penalty decides too much; None if it does not.

    It does where within a decade the outcome is another one and the effect moves by more than the margin. An outcome
    alone measures noise: of an effect near the margin it changes by next to nothing. A move alone would withhold what
    is far beyond the margin at both: most spans of generated networks with a true signal, which must hold.

    Args:
        verdict_at: the verdict at a factor on every cross-validated ridge penalty.
        several: whether it stands on several effects, of which it shows the first: then the outcome must be the same.
    """
    chosen = verdict_at(1.0)
    for factor in DECADE:
        other = verdict_at(factor)
        moved = abs(other.effect.mean - chosen.effect.mean) > chosen.margin
        if other.outcome != chosen.outcome and (several or moved):
            return (
                f"λ: {chosen.outcome} at the cross-validated ridge penalty ({chosen.effect.mean:+.4f}), "
                f"{other.outcome} at {factor:g} times it ({other.effect.mean:+.4f})"
            )
    return None


def assay_complaint(record: Record, claim: Claim, margin: float) -> str | None:
    """Why a probe on these features could not have told; None if it could.

    It must beat the most common class; and where a claim says that something does not help, it must see the gain of
    planted labels, which do.
    """
    chance = record.data["majority_share"]
    if not greater(record.effect(claim.fitted(FP(M_1))), chance + margin).holds:
        return f"assay: the probe on M_1 is not above chance ({chance:.3f})"
    if claim.direction == "not above":
        gain = record.effect(claim.fitted(FP(M_1, PLANTED) - FP(M_1)))
        if not greater(gain, margin).holds:
            return f"assay: the probe does not see the gain of planted labels ({gain.mean:z.4f})"
    return None
