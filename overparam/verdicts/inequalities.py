"""What a claim says of measured quantities, and how a record decides it, at margins declared beforehand."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from overparam.study.feature_blocks import ANY_WIDTH
from overparam.study.quantities import Contrast
from overparam.study.record import Record
from overparam.verdicts.equal_fit import budgets_read, judge_at_equal_fit
from overparam.verdicts.findings import Finding, every, greater, grows, not_above
from overparam.verdicts.margins import Preregistration, Unit

R = TypeVar("R", contravariant=True)  # what is judged: the record of a study, or of the toy


class Inequality(ABC, Generic[R]):
    """An inequality that the record of a study, or of the toy, decides."""

    unit: Unit  # which margin
    several: ClassVar[bool] = False  # whether its verdict stands on several effects, of which it shows the first

    @abstractmethod
    def compared(self, record: R, widths: Sequence[Fraction]) -> list[Contrast]:
        """The differences that a verdict stands on, widths as below."""

    @abstractmethod
    def finding(self, record: R, widths: Sequence[Fraction], margins: Preregistration, choice: float) -> Finding:
        """What the numbers alone say.

        Args:
            record: of measurements.
            widths: the width factor that it is judged at, and narrower ones that the claim is about too; of a trend,
                all of them.
            margins: declared beforehand.
            choice: of the analysis that a verdict must not hinge on: a factor on every cross-validated ridge penalty;
                of the toy, the alignment above which a neuron is activated.
        """

    @abstractmethod
    def __str__(self) -> str:
        """The inequality, with α for the width factor and δ for the margin."""


@dataclass(frozen=True)
class OfEffect(Inequality[Record]):
    """An inequality of one effect: at one width, or, where it is `several`, at all of them.

    Attributes:
        effect: by α, the measured difference that is compared with the margin.
        unit: which margin: of span errors or of accuracies.
    """

    effect: Callable[[Fraction], Contrast]
    unit: Unit

    def compared(self, record: Record, widths: Sequence[Fraction]) -> list[Contrast]:
        """The effect at each width that the verdict stands on."""
        return [self.effect(alpha) for alpha in (widths if self.several else widths[:1])]

    def on(self, called: Callable[[Contrast], Contrast]) -> Self:
        """The same of other quantities, such as `unseen` ones."""
        return replace(self, effect=lambda alpha: called(self.effect(alpha)))

    @property
    def words(self) -> str:
        """The effect at any width."""
        return str(self.effect(ANY_WIDTH))


class Above(OfEffect):
    """The effect is greater than the margin."""

    def finding(self, record: Record, widths: Sequence[Fraction], margins: Preregistration, choice: float) -> Finding:
        """The effect at that width against the margin."""
        return greater(record.effect(self.effect(widths[0]), choice), margins.of(self.unit))

    def __str__(self) -> str:
        return f"{self.words} > δ"


class NotAbove(OfEffect):
    """The effect is not greater than the margin."""

    def finding(self, record: Record, widths: Sequence[Fraction], margins: Preregistration, choice: float) -> Finding:
        """The effect at that width against the margin."""
        return not_above(record.effect(self.effect(widths[0]), choice), margins.of(self.unit))

    def __str__(self) -> str:
        return f"{self.words} not > δ"


class Least(NotAbove):
    """The effect is not greater than the margin, and less than at every narrower width."""

    several = True

    def finding(self, record: Record, widths: Sequence[Fraction], margins: Preregistration, choice: float) -> Finding:
        """The effect compared with the margin, and with the effect at every narrower width, which must be greater."""
        alpha, *narrower = widths
        more = {a: record.effect(self.effect(a) - self.effect(alpha), choice) for a in narrower}
        beyond = [greater(effect, 0.0).of(f"how much greater the effect is at α = {a}") for a, effect in more.items()]
        return every([super().finding(record, widths, margins, choice), *beyond])

    def __str__(self) -> str:
        return f"{super().__str__()}, and less than at every narrower α"


class Grows(OfEffect):
    """The effect grows as α falls: by slope, and never falls by more than the margin from one width to the next."""

    several = True

    def finding(self, record: Record, widths: Sequence[Fraction], margins: Preregistration, choice: float) -> Finding:
        """The least-squares slope of the effect on log2(1/α), and its steps between adjacent widths."""
        margin = margins.of(self.unit)
        halvings = np.array([np.log2(float(1 / alpha)) for alpha in widths])
        centred = halvings - halvings.mean()
        slope = Contrast({})
        for weight, alpha in zip(centred / np.sum(centred**2), widths, strict=True):
            slope = slope + float(weight) * self.effect(alpha)
        steps = {
            f"step from α = {wider} to {narrower}": record.effect(self.effect(narrower) - self.effect(wider), choice)
            for wider, narrower in pairwise(widths)
        }
        return grows(record.effect(slope, choice), steps, margins.slope_share * margin, margin)

    def __str__(self) -> str:
        return f"{self.words} grows as α falls"


@dataclass(frozen=True)
class AtEqualFit(Inequality[Record]):
    """The effect is greater than the margin where wide networks fit their training data as badly as narrow ones.

    Attributes:
        at_budget: by α and epochs, the effect with wide networks in the place of M_1 that were trained for so many;
            for None until they fit as narrow ones do.
        unit: which margin.
    """

    at_budget: Callable[[Fraction, float | None], Contrast]
    unit: Unit
    several = True

    def compared(self, record: Record, widths: Sequence[Fraction]) -> list[Contrast]:
        """The effect at the budgets between which it is read off."""
        return [self.at_budget(widths[0], budget) for budget in budgets_read(record, widths[0])]

    def finding(self, record: Record, widths: Sequence[Fraction], margins: Preregistration, choice: float) -> Finding:
        """Read off at both matches, of single networks and of those of S_α together."""
        at_budget = partial(self.at_budget, widths[0])
        return judge_at_equal_fit(record, widths[0], at_budget, margins.of(self.unit), margins, choice)

    def __str__(self) -> str:
        return f"{self.at_budget(ANY_WIDTH, None)} > δ, with W and W′ wide networks trained until they fit as M_α does"
