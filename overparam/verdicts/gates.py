"""The gates that a verdict passes: what makes it inconclusive, whatever the numbers say.

Where networks are to fit their training data, all must; the best penalties must lie on the grids that were searched;
where ridge penalties move by a decade, no effect may move by more than the margin to another outcome; and claims about
residuals need a probe that works on these features.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic

from overparam.metrics.stats import greater
from overparam.study.feature_blocks import M_1, M_1_PRIME, PLANTED
from overparam.study.quantities import FP, FSE, Contrast
from overparam.study.record import Record
from overparam.verdicts.inequalities import Inequality, R
from overparam.verdicts.margins import Preregistration

NOISY = 0.5  # FSE(M_1′→M_1) above which features are mostly their seed's
DECADE = (0.1, 10.0)  # factors on every cross-validated ridge penalty at which verdicts are taken again


class Gate(ABC, Generic[R]):
    """What may withhold the verdict of a claim."""

    @abstractmethod
    def complaint(
        self, record: R, inequality: Inequality[R], widths: Sequence[Fraction], margins: Preregistration
    ) -> str | None:
        """Why the verdict of an inequality at some widths is withheld; None if it is not."""

    @property
    def reads(self) -> list[Contrast]:
        """What it looks at beyond what the inequality compares."""
        return []


class Admission(Gate[Record]):
    """A width whose networks do not all fit their training examples says nothing of networks that do.

    Asked where the study declares how well they must. Where not even M_1′ spans half of M_1, features differ too much
    between seeds for span errors to tell what width does.
    """

    def complaint(
        self, record: Record, inequality: Inequality[Record], widths: Sequence[Fraction], margins: Preregistration
    ) -> str | None:
        """The first network that is not admitted; or how little another wide network spans."""
        least = record.data.get("admission")
        if least is None:
            return None
        for alpha in (Fraction(1), *(widths if inequality.several else widths[:1])):
            for replicate, members in zip(record.replicates, record.networks[alpha]["train_accuracy"], strict=True):
                if min(members) < least:
                    which = f"network {members.index(min(members))} of α = {alpha} in replicate {replicate}"
                    return (
                        f"not fitted: {which} gets {min(members):.2%} of its training examples right, where each must "
                        f"get {least:.0%}"
                    )
        if inequality.unit == "span":
            missed = record.effect(FSE(M_1_PRIME, M_1)).mean
            if missed > NOISY:
                return f"too noisy: M_1′ does not span {missed:.2f} of M_1, more than {NOISY:g}"
        return None


class GridEdge(Gate[Record]):
    """A difference is not known if the loss of one of its penalties still falls at the edge of a grid.

    A flat edge is no complaint, and an unknown one, of a record that kept no curves, is none either.
    """

    def complaint(
        self, record: Record, inequality: Inequality[Record], widths: Sequence[Fraction], margins: Preregistration
    ) -> str | None:
        """The first such edge."""
        for quantity in dict.fromkeys(n for contrast in inequality.compared(record, widths) for n in contrast.by_name):
            for fitted, choices in record.penalties.get(quantity, {}).items():
                for replicate, choice in zip(record.replicates, choices, strict=True):
                    if choice.complaint:
                        return (
                            f"λ: the best {fitted} penalty for {quantity} in replicate {replicate} {choice.complaint}"
                        )
        return None


class PenaltySensitivity(Gate[Record]):
    """The ridge penalty decides too much where within a decade the outcome is another one and the effect moves by δ.

    An outcome alone measures noise: of an effect near the margin it changes by next to nothing. A move alone would
    withhold what is far beyond the margin at both: most spans of generated networks with a true signal, which must
    hold. Of a verdict that stands on several effects the outcome must be the same.
    """

    def complaint(
        self, record: Record, inequality: Inequality[Record], widths: Sequence[Fraction], margins: Preregistration
    ) -> str | None:
        """The first factor on the penalties at which it does."""
        chosen = inequality.finding(record, widths, margins, record.chosen)
        for factor in DECADE:
            other = inequality.finding(record, widths, margins, factor)
            moved = abs(other.effect.mean - chosen.effect.mean) > chosen.margin
            if other.outcome != chosen.outcome and (inequality.several or moved):
                return (
                    f"λ: {chosen.outcome} at the cross-validated ridge penalty ({chosen.effect.mean:+.4f}), "
                    f"{other.outcome} at {factor:g} times it ({other.effect.mean:+.4f})"
                )
        return None


@dataclass(frozen=True)
class WorkingProbe(Gate[Record]):
    """A probe could not have told, if it does not beat the most common class by the margin.

    Attributes:
        planted: whether it must also see the gain of planted labels, which do help: for what says that nothing does.
        fitted: what its quantities are called, being fitted on some examples or others.
    """

    planted: bool = False
    fitted: Callable[[Contrast], Contrast] = lambda contrast: contrast

    @property
    def reads(self) -> list[Contrast]:
        """How the probe does on M_1, and beside planted labels."""
        return [self.fitted(FP(M_1)), *([self.fitted(FP(M_1, PLANTED))] if self.planted else [])]

    def complaint(
        self, record: Record, inequality: Inequality[Record], widths: Sequence[Fraction], margins: Preregistration
    ) -> str | None:
        """Which of both it fails; one replicate tells nothing in any case, and says so by itself."""
        if len(record.replicates) == 1:
            return None
        margin, chance = margins.accuracy, record.data["majority_share"]
        if not greater(record.effect(self.fitted(FP(M_1))), chance + margin).holds:
            return f"positive control: the probe on M_1 is not above chance ({chance:.3f})"
        if self.planted:
            gain = record.effect(self.fitted(FP(M_1, PLANTED) - FP(M_1)))
            if not greater(gain, margin).holds:
                return f"positive control: the probe does not see the gain of planted labels ({gain.mean:z.4f})"
        return None
