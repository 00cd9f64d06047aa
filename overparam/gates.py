"""The gates that every verdict passes: what makes it inconclusive, whatever the numbers say.

The best penalties must lie on the grids that were searched; no effect may move by more than the margin where ridge
penalties move by a decade; and claims about residuals need a probe that works on these features.
"""

from collections.abc import Callable, Iterable, Sequence

from overparam.claims import Claim
from overparam.quantities import FP, M_1, PLANTED, Contrast
from overparam.results import Record
from overparam.stats import Effect, Outcome, greater

DECADE = (0.1, 10.0)  # factors on every cross-validated ridge penalty at which effects are read again


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


def shift_complaint(effects_at: Callable[[float], Sequence[Effect]], margin: float) -> str | None:
    """Why the ridge penalty decides too much; None if no effect moves by more than the margin within a decade.

    Asking that the *verdict* be the same would measure noise: an effect near the margin changes sides by little.

    Args:
        effects_at: the effects that a verdict stands on, at a factor on every cross-validated ridge penalty.
        margin: δ.
    """
    chosen = effects_at(1.0)
    for factor in DECADE:
        for before, after in zip(chosen, effects_at(factor), strict=True):
            if abs(after.mean - before.mean) > margin:
                return (
                    f"λ: an effect of {before.mean:+.4f} at the cross-validated ridge penalty is {after.mean:+.4f} at "
                    f"{factor:g} times it"
                )
    return None


def outcome_complaint(outcome_at: Callable[[float], Outcome]) -> str | None:
    """Why the ridge penalty decides too much; None if the outcome is the same within a decade."""
    chosen = outcome_at(1.0)
    for factor in DECADE:
        if outcome_at(factor) != chosen:
            return f"λ: {chosen} at the cross-validated ridge penalty, {outcome_at(factor)} at {factor:g} times it"
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
