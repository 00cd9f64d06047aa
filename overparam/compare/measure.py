"""What claims compare, measured one quantity at a time: what has no meaning for one stops no other.

Each part of the work is handed the blocks of one quantity, so that memory is that of the largest pair.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.metrics.penalties import Choices, Penalties
from overparam.metrics.similarity import Pair, linear_cka
from overparam.metrics.stats import Effect
from overparam.study.feature_blocks import M_1, M_1_PRIME, PLANTED, Block, PlantedLabels, R, S
from overparam.study.layout import Replicate
from overparam.study.measure import (
    Quantities,
    chosen,
    joint_sample,
    performances,
    planted_performance,
    residual_performances,
    single_threaded,
    spans,
)
from overparam.study.quantities import PERFORMANCE, SPAN_ERROR, Metric, Quantity
from overparam.study.record import PENALTY_FACTORS, Sample

CKA = Metric("linear CKA")
MIDDLE = PENALTY_FACTORS.index(1.0)


@dataclass(frozen=True)
class Problem:
    """Why a quantity decides nothing, in one replicate.

    Attributes:
        quantity: which.
        replicate: its name.
        why: what is wrong, a sentence.
    """

    quantity: Quantity
    replicate: str
    why: str

    def __str__(self) -> str:
        return f"{self.quantity} in {self.replicate}: {self.why}"


@dataclass(frozen=True)
class Measurements:
    """What was measured.

    Attributes:
        samples: ``span`` and ``performance``, of the quantities that have a value in every replicate.
        penalties: by quantity, what cross-validation chose.
        incomplete: (replicates,) of the quantities that have no value in some replicate, NaN there.
        similarity: linear CKA of M_1 with M_1′ and every S_α on held-out examples; bounds are over replicates alone.
        problems: of all quantities.
    """

    samples: Mapping[str, Sample]
    penalties: Penalties
    incomplete: Mapping[Quantity, tuple[float, ...]]
    similarity: Mapping[Quantity, Effect]
    problems: tuple[Problem, ...]


def measure_each(
    replicates: Mapping[str, Replicate], quantities: Sequence[Quantity], *, workers: int = -1
) -> Measurements:
    """Measure quantities, each by itself, in every replicate.

    Args:
        replicates: of the same blocks, by name.
        quantities: span errors and performances; those of a block that there is none of are not measured.
        workers: processes that share the work; −1 for one a core.

    Raises:
        MeasurementError: if not a single quantity could be measured, with what was wrong with the first.
    """
    has = next(iter(replicates.values())).blocks.arrays
    asked = [quantity for quantity in quantities if _needed(quantity) <= set(has)]
    parts = [
        (quantity, name, partial(_take, _of(replicate.blocks, _needed(quantity)), quantity))
        for quantity in asked
        for name, replicate in replicates.items()
    ]
    run_all: Any = Parallel(n_jobs=workers, return_as="generator")
    done: Iterable[Quantities | MeasurementError] = run_all(delayed(_attempt)(part) for *_, part in parts)
    found: dict[str, Quantities] = {name: {} for name in replicates}
    problems: list[Problem] = []
    for (quantity, name, _), taken in zip(parts, done, strict=True):
        if isinstance(taken, MeasurementError):
            problems.append(Problem(quantity, name, str(taken)))
        else:
            found[name] |= taken
            problems += [Problem(quantity, name, why) for why in _undecided(replicates[name], quantity, taken)]
    if not any(found.values()):
        raise MeasurementError(problems[0].why)
    complete = [quantity for quantity in asked if all(quantity in taken for taken in found.values())]
    samples: dict[str, list[Quantities]] = {
        sample: [{q: taken[q] for q in complete if q.metric == metric} for taken in found.values()]
        for sample, metric in (("span", SPAN_ERROR), ("performance", PERFORMANCE))
    }
    measured = {sample: by_replicate for sample, by_replicate in samples.items() if by_replicate[0]}
    similarity, unlike = _similarity(replicates)
    return Measurements(
        samples={sample: joint_sample(by_replicate) for sample, by_replicate in measured.items()},
        penalties={name: made for by_replicate in measured.values() for name, made in chosen(by_replicate).items()},
        incomplete={q: _values(q, found.values()) for q in asked if q not in complete},
        similarity=similarity,
        problems=(*problems, *unlike),
    )


def _attempt(part: partial[Quantities]) -> Quantities | MeasurementError:
    try:
        return single_threaded(part)
    except MeasurementError as error:
        return error


def _needed(quantity: Quantity) -> set[Block]:
    """The blocks that a quantity is made of."""
    found: set[Block] = set()
    for block in quantity.blocks:
        found |= {block.source, block.target} if isinstance(block, R) else {block} - {PLANTED}
    return found


def _of(blocks: Blocks, names: set[Block]) -> Blocks:
    """These blocks alone."""
    return Blocks({name: blocks[name] for name in names}, blocks.ids, blocks.labels, blocks.heldout)


def _take(blocks: Blocks, quantity: Quantity) -> Quantities:
    """Measure one quantity at every penalty factor."""
    match quantity.blocks:
        case (source, target) if quantity.metric == SPAN_ERROR:
            return spans(blocks, [(source, target)])
        case (_, R(source, target)):
            return residual_performances(blocks, [(source, target)])
        case (_, PlantedLabels()):
            return planted_performance(blocks)
        case names:
            return performances(blocks, names)


def _undecided(replicate: Replicate, quantity: Quantity, taken: Quantities) -> list[str]:
    """Why a quantity decides nothing though it has a value: a block that is dead, or a penalty beyond its grid."""
    fit = ~replicate.blocks.heldout
    sources = quantity.blocks[:1] if quantity.metric == SPAN_ERROR else _needed(quantity)
    dead = [name for name in sources if not np.ptp(np.asarray(replicate.blocks[name][:])[fit], axis=0).any()]
    said = [f"block {name} does not vary on the fit split: its networks are dead, and tell nothing" for name in dead]
    return [*said, *beyond_grid(taken[quantity][0].choices)]


def beyond_grid(choices: Choices) -> list[str]:
    """A sentence for each penalty whose loss still falls at the edge of its grid, so that the best was not tried."""
    return [f"the best {fitted} penalty {choice.complaint}" for fitted, choice in choices.items() if choice.complaint]


def _values(quantity: Quantity, found: Iterable[Quantities]) -> tuple[float, ...]:
    return tuple(taken[quantity][MIDDLE].value if quantity in taken else float("nan") for taken in found)


def _similarity(replicates: Mapping[str, Replicate]) -> tuple[dict[Quantity, Effect], list[Problem]]:
    first = next(iter(replicates.values()))
    others = [name for name in (M_1_PRIME, *map(S, first.alphas)) if name in first.blocks.arrays]
    found, problems = {}, []
    for other in others:
        values = []
        for name, replicate in replicates.items():
            try:
                values.append(_aligned(replicate.blocks, other))
            except MeasurementError as error:
                problems.append(Problem(Quantity(CKA, (M_1, other)), name, str(error)))
        if len(values) == len(replicates):
            found[Quantity(CKA, (M_1, other))] = Effect.independent(values)
    return found, problems


def _aligned(blocks: Blocks, other: Block) -> float:
    wide, rival = (np.asarray(blocks[name][:])[blocks.heldout] for name in (M_1, other))
    return linear_cka(Pair.of(wide, rival))


def listed_problems(problems: Sequence[Problem]) -> list[str]:
    """A sentence for everything that is wrong, with the quantities and replicates that it concerns."""
    about: dict[str, list[Problem]] = {}
    for problem in problems:
        about.setdefault(problem.why, []).append(problem)
    return [
        f"{', '.join(dict.fromkeys(str(one.quantity) for one in ones))} in "
        f"{', '.join(dict.fromkeys(one.replicate for one in ones))}: {why}"
        for why, ones in about.items()
    ]
