"""Any networks beside each other: how well each spans each other one, and how alike they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, cast

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from overparam.compare.inputs import split_examples
from overparam.compare.order import listed
from overparam.compare.pairs import Entry, measure_pairs, of_pair
from overparam.errors import SpecError
from overparam.metrics.neighbours import similarities
from overparam.metrics.on_arrays import Features, blocks_of, count_examples
from overparam.metrics.rows import Column
from overparam.study.quantities import PERFORMANCE, SPAN_ERROR, Quantity
from overparam.verdicts.judge import finite

if TYPE_CHECKING:
    from pandas import DataFrame

    from overparam.metrics.blocks import Blocks

SPAN, FP = SPAN_ERROR.name, PERFORMANCE.name
NetworksByName = Mapping[str, Features]


@dataclass(frozen=True)
class SpanMatrix:
    """What was measured of any networks and of each pair of them; rich prints it as tables.

    Attributes:
        widths: features of each network, by name.
        replicates: their names.
        entries: every quantity: FSE both ways, each measure of similarity (both ways where it is not symmetric), and FP
            of each network where there are labels. Those that could not be measured say why.
        notes: sentences on what was measured, and on what was taken on trust.
    """

    widths: Mapping[str, int]
    replicates: tuple[str, ...]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """What was measured of pairs, by name."""
        return tuple(dict.fromkeys(e.measure for e in self.entries if e.measure != FP))

    def values(self, measure: str = SPAN) -> np.ndarray:
        """A measure of all pairs: (networks, networks), from a row's network onto a column's.

        NaN where it was not measured, and on the diagonal.

        Raises:
            SpecError: if that measure was not taken.
        """
        if measure not in self.measures:
            raise SpecError(f"{measure} was not measured of pairs: there is {', '.join(self.measures)}")
        return np.array([[self._value(measure, a, b) for b in self.widths] for a in self.widths])

    def _value(self, measure: str, a: str, b: str) -> float:
        entry = self._entry(measure, a, b)
        return np.nan if entry is None else entry.value

    def _entry(self, measure: str, *networks: str) -> Entry | None:
        return self._by_quantity.get(of_pair(measure, *networks))

    @cached_property
    def _by_quantity(self) -> dict[Quantity, Entry]:
        """Every entry by its quantity; that of a symmetric measure also the other way round."""
        known = similarities()
        symmetric = [entry for entry in self.entries if entry.measure in known and known[entry.measure].symmetric]
        reversed_ = {of_pair(entry.measure, *entry.networks[::-1]): entry for entry in symmetric}
        return reversed_ | {entry.quantity: entry for entry in self.entries}

    def to_frame(self) -> "DataFrame":
        """Everything as a tidy table of pandas, a row for each quantity.

        - ``measure``: ``FSE``, ``FP``, or a measure of similarity.
        - ``source``, ``target``: the networks A and B of FSE(A→B); of a symmetric measure they may be exchanged; FP has
          no target.
        - ``value``, ``lower``, ``upper``: mean over replicates and one-sided 95 % bounds; NaN where there are none.
        - a column for each replicate, by its name.
        - ``why``: what keeps it from being known; empty if nothing does.
        """
        from pandas import DataFrame  # half a second, and most matrices are only printed

        return DataFrame(
            {
                "measure": entry.measure,
                "source": entry.networks[0],
                "target": entry.networks[1] if len(entry.networks) > 1 else None,
                "value": entry.value,
                "lower": entry.lower,
                "upper": entry.upper,
                **dict(zip(self.replicates, entry.values, strict=True)),
                "why": entry.why,
            }
            for entry in self.entries
        )

    def as_json(self) -> dict[str, object]:
        """Everything as plain values, with null for a number that there is not."""
        return {
            "networks": dict(self.widths),
            "replicates": list(self.replicates),
            "measured": [
                {
                    "measure": entry.measure,
                    "networks": list(entry.networks),
                    "value": finite(entry.value),
                    "lower": finite(entry.lower),
                    "upper": finite(entry.upper),
                    "values": [finite(value) for value in entry.values],
                    "why": entry.why,
                }
                for entry in self.entries
            ],
            "notes": list(self.notes),
        }

    def __rich__(self) -> Group:
        reasons: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.why:
                reasons.setdefault(entry.why, []).append(str(entry.quantity))
        lines = [*self.notes, *(f"? {listed(quantities)}: {why}" for why, quantities in reasons.items())]
        similar = [measure for measure in self.measures if measure != SPAN]
        tables = [*([self._spans()] if SPAN in self.measures else []), *([self._pairs(similar)] if similar else [])]
        return Group(*tables, *map(Text, lines))

    def _spans(self) -> Table:
        """FSE from the network of each row onto that of each column, and FP beside it."""
        performances = [entry for entry in self.entries if entry.measure == FP]
        table = Table(
            title="Feature span error, from a row's network onto a column's: 0 is spanned, 1 no better than the mean",
            title_justify="left",
            header_style="bold",
        )
        for heading in ("from", "features", *map(Text, self.widths), *([FP] if performances else [])):
            table.add_column(heading, justify="left" if heading == "from" else "right")
        for a, width in self.widths.items():
            performance = [_shown(entry) for entry in performances if entry.networks == (a,)]
            spans = ["·" if a == b else _shown(self._entry(SPAN, a, b)) for b in self.widths]
            table.add_row(Text(a), str(width), *spans, *performance)
        return table

    def _pairs(self, measures: Sequence[str]) -> Table:
        """Measures of similarity of each pair; of one that is not symmetric both ways, one below the other."""
        table = Table(title="Similarity", title_justify="left", header_style="bold")
        table.add_column("networks")
        for measure in measures:
            table.add_column(measure, justify="right")
        for pair in combinations(self.widths, 2):
            shown = [self._both_ways(measure, *pair) for measure in measures]
            table.add_row(Text(", ".join(pair)), *shown)
        return table

    def _both_ways(self, measure: str, a: str, b: str) -> str:
        if similarities()[measure].symmetric:
            return _shown(self._entry(measure, a, b))
        return f"→ {_shown(self._entry(measure, a, b))}\n← {_shown(self._entry(measure, b, a))}"


def _shown(entry: Entry | None) -> str:
    """Value and how far its bounds reach; with a question mark where something keeps it from being known."""
    if entry is None or np.isnan(entry.value):
        return "?"
    reach = "" if np.isnan(entry.upper) else f" ±{entry.upper - entry.value:.3f}"
    return f"{entry.value:z.3f}{reach}{' ?' if entry.why else ''}"


def span_matrix(
    features: NetworksByName | Mapping[str, NetworksByName],
    *,
    labels: Column | None = None,
    heldout: float | Column = 0.5,
    seed: int = 0,
    measures: Sequence[str] | None = None,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> SpanMatrix:
    """Measure how well any networks span each other, and how alike they are; none needs to be wide or narrow.

    Each measure of each pair is taken by itself: one that has no meaning, or whose penalty cross-validation does not
    decide, says why, and all others are measured. FSE(A→B) is that of `overparam.span_error`; measures of similarity
    are of held-out examples alone, and those that look at single rows of at most 1,000 of them, evenly spaced.

    Bounds are over held-out examples, those of similarity by a jackknife that leaves out a tenth of them at a time;
    with two replicates or more they are over replicates as well. They are conditional on the split, and with one
    replicate also on the networks.

    Args:
        features: by name of the network, (examples, features), or a list of such arrays, which count side by side as
            one network: a concatenation. Widths may be any. Or, by name of the replicate, such mappings: the same
            networks trained from seeds of their own, on the same examples.
        labels: class of each example, (examples,); FP of each network is measured if there are any, of two classes.
        heldout: the share of examples that is measured on, drawn with ``seed``; or which ones, as a mask (examples,) or
            as row numbers. The others fit ridge maps and probes.
        seed: of the split.
        measures: what to measure, by name: ``FSE``, and `overparam ls measures`; all by default.
        advance: called with the quantities done and their total, for a progress bar.

    Raises:
        SpecError: if there are fewer than two networks, replicates have others, a measure is unknown, or the share does
            not lie between 0 and 1.
        MeasurementError: if features are not finite numbers (examples, features) of the same examples, labels not one
            class an example, or ``heldout`` says not which rows.

    Note:
        Takes moments once for all networks, O(examples · features²) with the features of all, or of each pair where
        they have more than 3,000; then for each network six eigendecompositions, and for each pair eleven times each
        measure of similarity.

    Examples:
        >>> import numpy as np
        >>> import overparam
        >>> rng = np.random.default_rng(0)
        >>> A = rng.normal(size=(400, 8))
        >>> networks = {"A": A, "half": A[:, :4], "both halves": [A[:, :4], A[:, 4:]]}
        >>> overparam.span_matrix(networks, measures=["FSE"]).values().round(2)
        array([[ nan, 0.  , 0.  ],
               [0.52,  nan, 0.52],
               [0.  , 0.  ,  nan]])
    """
    known = (SPAN, *similarities())
    measures = known if measures is None else measures
    unknown = [measure for measure in measures if measure not in known]
    if unknown or not measures:
        raise SpecError(f"there is no measure {', '.join(unknown) or 'asked for'}: there are {', '.join(known)}")
    replicates = _by_replicate(features)
    first = next(iter(replicates.values()))
    count = count_examples(first)
    split = split_examples(cast("float | np.ndarray", heldout), count, seed)
    blocks: dict[str, Blocks] = {name: blocks_of(networks, split, labels) for name, networks in replicates.items()}
    widths = {name: array.shape[1] for name, array in next(iter(blocks.values())).arrays.items()}
    classified = all(of_one.classified for of_one in blocks.values())
    asked = [*dict.fromkeys(measures), *([FP] if classified else [])]
    entries = measure_pairs(blocks, asked, advance)
    reach = "examples alone" if len(blocks) == 1 else f"examples and {len(blocks)} replicates"
    notes = (
        f"fitted on {np.sum(~split):,} examples, measured on {np.sum(split):,} held-out ones",
        f"± to one-sided 95 % bounds over {reach}; ? where a number is not known, for the reason below",
    )
    return SpanMatrix({str(name): width for name, width in widths.items()}, tuple(replicates), entries, notes)


def _by_replicate(features: NetworksByName | Mapping[str, NetworksByName]) -> Mapping[str, NetworksByName]:
    """By name of the replicate, the same networks in each, in the same order."""
    nested = all(isinstance(given, Mapping) for given in features.values())
    replicates = cast("Mapping[str, NetworksByName]", features if features and nested else {"r0": features})
    first, networks = next(iter(replicates.items()))
    if len(networks) < 2:
        raise SpecError(f"there are {len(networks)} networks where two or more belong: give each by a name of its own")
    for name, others in replicates.items():
        if set(others) != set(networks):
            differing = ", ".join(sorted(set(others) ^ set(networks)))
            raise SpecError(f"replicates {first} and {name} differ in their networks ({differing}): give each in both")
    return {name: {network: others[network] for network in networks} for name, others in replicates.items()}
