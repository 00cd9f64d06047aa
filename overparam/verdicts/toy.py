"""The claims of the paper's toy setting.

Shares of neurons and alignments are judged like other effects, over seeds that share nothing; a verdict must be the
same at every alignment threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from overparam.metrics.stats import Outcome
from overparam.study.quantities import Contrast, alone
from overparam.toy.record import Activated, BestAlignment, ToyRecord
from overparam.toy.spec import NO_PRODUCT, Plane
from overparam.verdicts.claims import Claim
from overparam.verdicts.findings import Finding, every, greater, not_above
from overparam.verdicts.gates import Gate
from overparam.verdicts.inequalities import Inequality
from overparam.verdicts.margins import Preregistration, Unit
from overparam.verdicts.widths import Every, Narrowest, These

ONE = Fraction(1)
COLLAPSING = (Fraction(1, 200), Fraction(1, 300))  # of which the paper says so


@dataclass(frozen=True)
class Kept(Inequality[ToyRecord]):
    """Of the neurons a pair of signals activates a share above the margin."""

    plane: Plane
    signals: str
    unit: Unit = "neurons"

    def compared(self, record: ToyRecord, widths: Sequence[Fraction]) -> list[Contrast]:
        """The share at that width."""
        return [alone(Activated(self.plane, widths[0], record.chosen))]

    def finding(
        self, record: ToyRecord, widths: Sequence[Fraction], margins: Preregistration, choice: float
    ) -> Finding:
        """That share against the margin."""
        share = alone(Activated(self.plane, widths[0], choice))
        return greater(record.effect(share), margins.of(self.unit))

    def __str__(self) -> str:
        return f"share of neurons activated by {self.signals} > δ"


class Lost(Kept):
    """Narrow networks lose what the wide one has: where it has nothing, nothing collapses."""

    several = True

    def finding(
        self, record: ToyRecord, widths: Sequence[Fraction], margins: Preregistration, choice: float
    ) -> Finding:
        """The narrow networks' share is not above the margin, and the wide one's is."""
        narrow = record.effect(alone(Activated(self.plane, widths[0], choice)))
        wide = super().finding(record, [ONE], margins, choice).of("share in the wide network")
        return every([not_above(narrow, margins.of(self.unit)), wide])

    def __str__(self) -> str:
        return f"share of neurons activated by {self.signals} not > δ, and > δ at α = 1"


@dataclass(frozen=True)
class Aligned(Inequality[ToyRecord]):
    """The best neurons turn to each pair of signals in training."""

    unit: Unit = "alignment"
    several = True

    def compared(self, record: ToyRecord, widths: Sequence[Fraction]) -> list[Contrast]:
        """The best alignment with each pair, and how far it rose."""
        return [alone(BestAlignment(plane, widths[0], rise)) for plane in PLANES for rise in (False, True)]

    def finding(
        self, record: ToyRecord, widths: Sequence[Fraction], margins: Preregistration, choice: float
    ) -> Finding:
        """The best alignment against the margin, and its rise against none."""
        parts = []
        for plane in PLANES:
            best = record.effect(alone(BestAlignment(plane, widths[0])))
            rise = record.effect(alone(BestAlignment(plane, widths[0], rise=True)))
            parts.append(greater(best, margins.of(self.unit)).of(plane))
            parts.append(greater(rise, 0.0).of(f"rise in training, {plane}"))
        return every(parts)

    def __str__(self) -> str:
        return "best alignment with the plane of each pair > δ, and greater than before training"


PLANES: tuple[Plane, ...] = ("product", "addition")
TURNED: dict[Outcome, Outcome] = {"refuted": "holds", "holds": "refuted", "inconclusive": "inconclusive"}


@dataclass(frozen=True)
class Refuted(Inequality[ToyRecord]):
    """Another inequality is refuted where one thing is changed, so that it cannot hold.

    Attributes:
        inequality: the other one.
        claim: the claim that it is of.
        control: what is changed.
        where: the same in words.
    """

    inequality: Inequality[ToyRecord]
    claim: str
    control: str
    where: str

    @property
    def unit(self) -> Unit:
        """That of the other one."""
        return self.inequality.unit

    def compared(self, record: ToyRecord, widths: Sequence[Fraction]) -> list[Contrast]:
        """What the other one compares."""
        return self.inequality.compared(record, widths)

    def finding(
        self, record: ToyRecord, widths: Sequence[Fraction], margins: Preregistration, choice: float
    ) -> Finding:
        """The other finding, turned round."""
        found = self.inequality.finding(record.control(self.control), widths, margins, choice)
        return replace(
            found,
            outcome=TURNED[found.outcome],
            why=f"without a product {self.claim} is {found.outcome}: {found.why}",
            p_value_against=found.p_value,
            p_value=found.p_value_against,
        )

    def __str__(self) -> str:
        return f"{self.claim} is refuted where {self.where}"


class ThresholdSensitivity(Gate[ToyRecord]):
    """A verdict must not hinge on the alignment above which a neuron counts as activated."""

    def complaint(
        self,
        record: ToyRecord,
        inequality: Inequality[ToyRecord],
        widths: Sequence[Fraction],
        margins: Preregistration,
    ) -> str | None:
        """The first threshold at which the outcome is another one."""
        chosen = inequality.finding(record, widths, margins, record.chosen)
        for threshold in record.spec["thresholds"]:
            other = inequality.finding(record, widths, margins, threshold)
            if other.outcome != chosen.outcome:
                return (
                    f"alignment: {chosen.outcome} at the threshold {record.chosen:g}, {other.outcome} at {threshold:g}"
                )
        return None


GATES = (ThresholdSensitivity(),)
COLLAPSE = Lost("product", "v_3, v_4")
TOY_CLAIMS = {
    claim.id: claim
    for claim in (
        Claim(
            "toy-addition",
            "5a",
            "wide and narrow networks keep neurons that the added signals activate",
            Kept("addition", "v_1, v_2"),
            Every(),
            GATES,
            by_fit=False,
        ),
        Claim(
            "toy-collapse",
            "5b",
            "the narrowest networks keep no neuron that the multiplied signals activate, and the wide one does",
            COLLAPSE,
            These(COLLAPSING),
            GATES,
            by_fit=False,
        ),
        Claim(
            "toy-alignment",
            "5c",
            "the best neurons of the wide network turn to each pair of signals in training",
            Aligned(),
            These((ONE,)),
            GATES,
            by_fit=False,
        ),
    )
}
TOY_CONTROLS = {
    control.id: control
    for control in (
        Claim(
            "toy-collapse-needs-product",
            "5b",
            "where the target has no product, there is nothing to lose, and no collapse is found",
            Refuted(COLLAPSE, "toy-collapse", NO_PRODUCT, "c = 0"),
            Narrowest(),
            GATES,
            by_fit=False,
        ),
    )
}
