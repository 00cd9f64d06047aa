"""What is measured of any networks, each pair of them by itself: what has no meaning for one stops no other."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, permutations

import numpy as np

from overparam.compare.measure import beyond_grid
from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.metrics.coordinates import in_coordinates
from overparam.metrics.definitions import Measured, feature_performance, span_error
from overparam.metrics.jackknife import Jackknife
from overparam.metrics.moments import Moments
from overparam.metrics.neighbours import similarities
from overparam.metrics.ridge import RidgeSource
from overparam.metrics.similarity import Measure
from overparam.metrics.stats import Effect
from overparam.study.feature_blocks import Block
from overparam.study.quantities import PERFORMANCE, SPAN_ERROR, Metric, Quantity

# Moments of all networks together take 96 bytes a pair of features: below a gigabyte up to so many features.
TOGETHER = 3000


@dataclass(frozen=True)
class Network(Block):
    """The features of a network of one's own, or of several side by side, by the name that it was given."""

    name: str

    def __str__(self) -> str:
        return self.name


def of_pair(measure: str, *networks: str) -> Quantity:
    """FSE(A→B), FP(A), or a measure of similarity of A and B, by its name."""
    metric = {SPAN_ERROR.name: SPAN_ERROR, PERFORMANCE.name: PERFORMANCE}.get(measure, Metric(measure))
    return Quantity(metric, tuple(map(Network, networks)))


@dataclass(frozen=True)
class Entry:
    """What was measured of a quantity.

    Attributes:
        quantity: of which.
        values: (replicates,) NaN where it has none.
        lower: one-sided 95 % bound of the mean; NaN where there is none.
        upper: likewise.
        why: what keeps it from being known, a sentence; empty if nothing does.
    """

    quantity: Quantity
    values: tuple[float, ...]
    lower: float
    upper: float
    why: str

    @property
    def measure(self) -> str:
        """``FSE``, ``FP``, or the name of a measure of similarity."""
        return self.quantity.metric.name

    @property
    def networks(self) -> tuple[str, ...]:
        """(A,) of FP(A), (A, B) of all others."""
        return _of(self.quantity)

    @property
    def value(self) -> float:
        """The mean over replicates."""
        return sum(self.values) / len(self.values)


@dataclass(frozen=True)
class Taken:
    """A quantity in one replicate: its value, contributions whose mean that is, and what keeps it from being known."""

    value: float = math.nan
    contributions: np.ndarray | None = None
    why: str = ""


def measure_pairs(
    replicates: Mapping[str, Blocks], measures: Sequence[str], advance: Callable[[int, int], object]
) -> tuple[Entry, ...]:
    """Every measure of every pair of networks, in every replicate.

    Args:
        replicates: by name; the same networks on the same examples.
        measures: which, by name.
        advance: called with the quantities done and their total.
    """
    names = list(next(iter(replicates.values())).arrays)
    wanted = list(_quantities([str(name) for name in names], measures))
    total = len(wanted) * len(replicates)
    found: list[dict[Quantity, Taken]] = []
    for blocks in replicates.values():
        found.append({})
        for quantity, taken in _measured(blocks, wanted):
            found[-1][quantity] = taken
            advance(sum(map(len, found)), total)
    return tuple(
        _entry(quantity, {name: taken[quantity] for name, taken in zip(replicates, found, strict=True)})
        for quantity in wanted
    )


def _quantities(names: Sequence[str], measures: Sequence[str]) -> Iterator[Quantity]:
    for measure in measures:
        if measure == PERFORMANCE.name:
            yield from (of_pair(measure, name) for name in names)
        else:
            both_ways = measure == SPAN_ERROR.name or not similarities()[measure].symmetric
            yield from (of_pair(measure, *pair) for pair in (permutations if both_ways else combinations)(names, 2))


def _measured(blocks: Blocks, wanted: Sequence[Quantity]) -> Iterator[tuple[Quantity, Taken]]:
    """What is wanted of one replicate, in the order in which it costs least."""
    spans = [quantity for quantity in wanted if quantity.metric == SPAN_ERROR]
    for names in _together(blocks) if spans else ():
        inner, coordinates = in_coordinates(blocks, list(names))
        moments = Moments.of(inner)
        for a in names:
            # Of one network at a time: with its folds it is as large as the moments.
            source = RidgeSource(moments, a, coordinates)
            for b in names:
                if a != b:
                    yield of_pair(SPAN_ERROR.name, a, b), _attempt(partial(_span, blocks, source, b))
    known = similarities()
    for a, b in permutations(map(str, blocks.arrays), 2):
        alike = [quantity for quantity in wanted if quantity.metric.name in known and _of(quantity) == (a, b)]
        if alike:
            rows = Jackknife(*(np.asarray(blocks[name][:], dtype=np.float64)[blocks.heldout] for name in (a, b)))
            for quantity in alike:
                yield quantity, _attempt(partial(_similarity, rows, known[quantity.metric.name]))
    for quantity in wanted:
        if quantity.metric == PERFORMANCE:
            yield quantity, _attempt(partial(_performance, blocks, _of(quantity)))


def _of(quantity: Quantity) -> tuple[str, ...]:
    return tuple(map(str, quantity.blocks))


def _together(blocks: Blocks) -> list[tuple[str, ...]]:
    """Networks whose moments are taken together: all, or where that takes too much memory each pair by itself."""
    names = tuple(map(str, blocks.arrays))
    few = sum(blocks[name].shape[1] for name in names) <= TOGETHER
    return [names] if few else list(combinations(names, 2))


def _attempt(measure: Callable[[], Taken]) -> Taken:
    try:
        return measure()
    except MeasurementError as error:
        return Taken(why=str(error))


def _span(blocks: Blocks, source: RidgeSource, target: str) -> Taken:
    return _decided(span_error(blocks, source.to(target)))


def _performance(blocks: Blocks, names: tuple[str, ...]) -> Taken:
    return _decided(feature_performance(blocks, names))


def _decided(measured: Measured) -> Taken:
    """With a complaint where the best penalty was not found."""
    return Taken(measured.value, measured.contributions, "; ".join(beyond_grid(measured.choices)))


def _similarity(rows: Jackknife, measure: Measure) -> Taken:
    value = rows.value(measure)
    try:
        return Taken(value, rows.contributions(measure, value))
    except MeasurementError as error:
        return Taken(value, None, f"without a tenth of the rows there is no value, so no interval: {error}")


def _entry(quantity: Quantity, by_replicate: Mapping[str, Taken]) -> Entry:
    taken = list(by_replicate.values())
    lower = upper = math.nan
    contributions = [each.contributions for each in taken if each.contributions is not None]
    if len(contributions) == len(taken):
        # One replicate has the bounds of examples alone: those of two that differ in nothing.
        effect = Effect.of(np.stack(contributions if len(taken) > 1 else contributions * 2))
        lower, upper = effect.lower, effect.upper
    complaints: dict[str, list[str]] = {}
    for name, each in by_replicate.items():
        if each.why:
            complaints.setdefault(each.why, []).append(name)
    several = len(taken) > 1
    why = "; ".join(f"in {', '.join(at)}: {said}" if several else said for said, at in complaints.items())
    return Entry(quantity, tuple(each.value for each in taken), lower, upper, why)
