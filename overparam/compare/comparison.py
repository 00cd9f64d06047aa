"""What a comparison of networks of one's own says: what was measured, what keeps the rest from it, and the verdicts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from overparam.compare.judging import effects_of
from overparam.compare.measure import Problem, listed_problems
from overparam.metrics.stats import Effect
from overparam.study.quantities import Quantity, alone
from overparam.study.record import Record
from overparam.verdicts.judge import Judgement, finite
from overparam.verdicts.registry import of_measurements
from overparam.verdicts.scoreboard import scoreboard, summary

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Comparison:
    """What was measured on networks of one's own, and what the claims say of it; rich prints it as tables.

    Attributes:
        replicates: their names.
        record: every quantity that was measured in all replicates.
        incomplete: (replicates,) of the quantities that have no value in some of them, NaN there.
        similarity: by name, linear CKA of M_1 with M_1′ and every S_α on held-out examples; no claim is about it. Its
            bounds are over replicates alone.
        judgements: every claim that these networks allow; inconclusive what rests on a quantity with a problem.
        problems: why quantities decide nothing, or have no value, by replicate; empty if all is well.
        notes: sentences on what was compared, and on what was left out and why.
    """

    replicates: tuple[str, ...]
    record: Record
    incomplete: Mapping[Quantity, tuple[float, ...]]
    similarity: Mapping[str, Effect]
    judgements: tuple[Judgement, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and the problems as sentences."""
        return (*self.notes, *(f"decides nothing: {sentence}" for sentence in listed_problems(self.problems)))

    def __rich__(self) -> Group:
        lines = [*self.remarks, "", *summary(self.judgements)]
        return Group(self._measured(), scoreboard(self.judgements), *map(Text, lines))

    def to_frame(self) -> "DataFrame":
        """What the claims say as a tidy table of pandas, a row for each claim at each width and for each trend.

        What was measured in each replicate is the table of the record, ``comparison.record.to_frame()``. The columns:

        - ``claim``: its id.
        - ``alpha``: width factor in (0, 1); NaN for the trend along all of them.
        - ``width``: how wide a narrow network is, in features; None for a trend.
        - ``replicates``: their number.
        - ``effect``, ``lower``, ``upper``, ``margin``: mean over replicates, one-sided 95 % bounds, and the declared
          margin; of spans a difference of shares of variance, of performances a difference of accuracies (0.01 is one
          percentage point). Bounds are NaN where one replicate gives none, and all three where a quantity has no value.
        - ``verdict``: ``holds``, ``refuted`` or ``inconclusive``, and ``why``.
        - ``p_value``, ``p_value_against``: for the claim, and against it; of this row alone.
        """
        from pandas import DataFrame  # half a second, and most comparisons are only printed

        columns = ["claim", "alpha", "width", "replicates", "effect", "lower", "upper", "margin", "verdict"]
        columns += ["why", "p_value", "p_value_against"]
        frame = DataFrame([judgement.as_json() for judgement in self.judgements], columns=columns)
        frame["alpha"] = [float(Fraction(alpha)) if alpha else math.nan for alpha in frame["alpha"]]
        return frame.astype(dict.fromkeys(("alpha", "effect", "lower", "upper"), float))

    def _measured(self) -> Table:
        """The quantities that claims compare, then their differences, then similarities."""
        effects = [effect for alpha in self.record.narrow_alphas for effect in effects_of(of_measurements(), alpha)]
        quantities = [alone(quantity) for effect in effects for quantity in effect.weights]
        table = Table(title="Measured", title_justify="left", header_style="bold")
        table.add_column("quantity", no_wrap=True)
        for heading in ("mean", "± to 95 % bounds", *map(Text, self.replicates)):
            table.add_column(heading, justify="right", no_wrap=True)
        measured = [
            {str(contrast): self.record.effect(contrast) for contrast in part if not self.record.lacks(contrast)}
            for part in (quantities, effects)
        ]
        incomplete = {str(quantity): Effect.independent(values) for quantity, values in self.incomplete.items()}
        for section in (measured[0] | incomplete, measured[1], self.similarity):
            for name, effect in section.items():
                reach, *values = map(finite, (effect.upper - effect.mean, effect.mean, *effect.values))
                mean, *values = ["−" if value is None else f"{value:z.4f}" for value in values]
                table.add_row(name, mean, "−" if reach is None else f"{reach:.4f}", *values)
            table.add_section()
        return table
