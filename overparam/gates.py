"""The gates that every verdict passes: what makes it inconclusive, whatever the numbers say.

The best penalties must lie on the grids that were searched; the verdict must be the same over the band of ridge
penalties; and claims about residuals need a probe that works on these features.
"""

from collections.abc import Callable, Iterable

from overparam.claims import Claim
from overparam.quantities import FP, M_1, PLANTED, Contrast
from overparam.results import PENALTY_FACTORS, Record
from overparam.stats import Verdict, greater


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


def over_penalties(judge_at: Callable[[float], Verdict]) -> Verdict:
    """The verdict at the cross-validated ridge penalties, unless it changes somewhere over the band around them."""
    changed = "λ: {} at the cross-validated ridge penalty, {} at {:g} times it"
    return throughout(judge_at, 1.0, PENALTY_FACTORS, changed)


def throughout(judge_at: Callable[[float], Verdict], chosen: float, others: Iterable[float], changed: str) -> Verdict:
    """The verdict at one setting, inconclusive if it is another at any of the others.

    Args:
        judge_at: the verdict at a setting.
        chosen: whose verdict it is.
        others: settings at which it must be the same.
        changed: why it is inconclusive, to be filled with both outcomes and the setting of the other.
    """
    verdict = judge_at(chosen)
    for setting in others:
        other = verdict if setting == chosen else judge_at(setting)
        if other.outcome != verdict.outcome:
            return verdict.inconclusive(changed.format(verdict.outcome, other.outcome, setting))
    return verdict


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
