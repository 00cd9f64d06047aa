"""What must come out of worlds whose truth is known, and whether it does."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from overparam.constants import SEED
from overparam.error_rates.bounds import Bound, always, by_chance, in_share, never, row
from overparam.error_rates.matches import EqualFitTrial
from overparam.error_rates.memory import Memory
from overparam.error_rates.statistical import SPREADS, Inequality, Interval, StatisticalWorlds, Unit
from overparam.error_rates.studies import ANY, REPLICATES, Outcomes, outcomes
from overparam.error_rates.trial_file import Row, TrialFile
from overparam.metrics.stats import Effect
from overparam.verdicts.margins import Preregistration, load_preregistration


@dataclass(frozen=True)
class StatisticalTrial:
    """Worlds of contributions ψ.

    Attributes:
        unit: accuracy, or span for the feature span error.
        spread: how runs differ, one of ``SPREADS``.
        replicates: R.
        effect: the true one; None for one at the margin.
        bounds: by inequality between effect and margin.
        worlds: their number.
    """

    unit: Unit
    spread: str
    replicates: int
    effect: float | None
    bounds: Mapping[Inequality, tuple[Bound, ...]]
    worlds: int = 1000

    def run(
        self, worlds: int, margins: Preregistration, interval: Interval = Effect.bound
    ) -> dict[Inequality, Counter[str]]:
        """How often each inequality comes out how, judged with that interval."""
        margin = getattr(margins, self.unit)
        effect = margin if self.effect is None else self.effect
        return StatisticalWorlds(self.unit, self.spread, self.replicates, effect).outcomes(margin, worlds, interval)

    def rows(self, counts: Mapping[Inequality, Counter[str]], worlds: int) -> list[Row]:
        """One row an inequality."""
        world = f"{self.spread}, true effect {'at the margin' if self.effect is None else f'{self.effect:g}'}"
        return [
            row(
                world,
                f"{self.unit} {inequality} the margin",
                self.replicates,
                worlds,
                counts[inequality],
                bounds,
            )
            for inequality, bounds in self.bounds.items()
        ]


@dataclass(frozen=True)
class GeneratedTrial:
    """Worlds of generated networks.

    Attributes:
        world: one of ``WORLDS``.
        claims: claims and controls; ``ANY`` where nothing should be measured.
        bounds: for each of them, at every R.
        like: the world whose verdicts are compared, number by number.
        worlds: their number.
    """

    world: str
    claims: tuple[str, ...]
    bounds: tuple[Bound, ...]
    like: str | None = None
    worlds: int = 200

    def rows(self, by_world: Mapping[str, Sequence[Outcomes]]) -> list[Row]:
        """One row a claim and R."""
        found = by_world[self.world]
        rows = []
        for claim in self.claims:
            for R in REPLICATES:
                counts = Counter(mark for one in found for mark in one[R][claim])
                if self.like is not None:
                    pairs = zip(found, by_world[self.like], strict=True)
                    counts["changed"] = sum(one[R][claim] != other[R][claim] for one, other in pairs)
                rows.append(row(self.world, claim, R, len(found), counts, self.bounds))
        return rows


WRONG = (by_chance("holds", 0.05), by_chance("refuted", 0.05))


def _statistical_trials() -> tuple[StatisticalTrial, ...]:
    units: tuple[Unit, ...] = ("accuracy", "span")
    trials = []
    for unit in units:
        for spread in SPREADS:
            for R in REPLICATES:
                trials.append(StatisticalTrial(unit, spread, R, None, {"above": WRONG, "not above": WRONG}))
                trials.append(StatisticalTrial(unit, spread, R, 0.0, {"above": (by_chance("holds", 0.01),)}))
    return (
        *trials,
        StatisticalTrial("accuracy", "Gaussian", 5, 0.015, {"above": (in_share("holds", 0.93),)}),
        StatisticalTrial("accuracy", "Gaussian", 3, 0.02, {"above": (in_share("holds", 0.9),)}),
    )


STATISTICAL = _statistical_trials()
AT_EQUAL_FIT = (
    *(EqualFitTrial(R, None, 0.0, WRONG) for R in REPLICATES),
    *(EqualFitTrial(R, None, 0.03, WRONG) for R in REPLICATES),
    EqualFitTrial(5, 0.02, 0.0, (in_share("holds", 0.9),)),
    # Of three replicates the gate on single budgets withholds some, however large the effect.
    EqualFitTrial(3, 0.03, 0.0, (in_share("holds", 0.8),)),
)

PLAIN = ("span-over", "span-under", "performance")
BY_PROBES = ("performance", "residuals-aid", "residuals-specific")
DECIDED = ("span-over", "span-under", *BY_PROBES)  # by a true signal
RESIDUALS = ("residuals-aid", "residuals-specific", "residuals-redundant")
SELDOM = (by_chance("holds", 0.05), never("error"))
NEVER = (never("holds"), never("error"))
SAME = (never("changed"), never("error"))

GENERATED = (
    GeneratedTrial("S and M_1 from one law", (*PLAIN, "residuals-specific"), SELDOM),
    GeneratedTrial("true signal", DECIDED, (in_share("holds", 0.95),)),
    GeneratedTrial("M_1 replaced by an S", PLAIN, NEVER),
    GeneratedTrial("wide and narrow swapped", ("span-under", "performance"), NEVER),
    GeneratedTrial("labels shuffled", ("performance",), SELDOM),
    GeneratedTrial("labels shuffled", RESIDUALS, (always("inconclusive"),)),
    GeneratedTrial("residual replaced by noise", ("residuals-specific",), SELDOM),
    GeneratedTrial("rows of the residual shuffled", ("residuals-specific",), SELDOM),
    GeneratedTrial("features stored as float16", DECIDED, SAME, like="true signal"),
    GeneratedTrial("S × 1000", DECIDED, SAME, like="true signal"),
    GeneratedTrial("one outlier unit × 300", BY_PROBES, SAME, like="true signal"),
    GeneratedTrial("one outlier unit × 300 in what spans", ("span-over", "span-under"), SAME, like="true signal"),
    GeneratedTrial("a common gain × 100", BY_PROBES, SAME, like="true signal"),
    GeneratedTrial("rows misaligned between blocks", (ANY,), (always("error"),)),
    GeneratedTrial("S with half the features", (ANY,), (always("error"),)),
    GeneratedTrial("S badly trained", ("span-over", "performance"), (always("confounded"),)),
    GeneratedTrial("one replicate copied", (ANY,), (always("error"),)),
)


def measure_error_rates(
    *,
    worlds: int | None = None,
    statistical: Sequence[StatisticalTrial | EqualFitTrial] = (*STATISTICAL, *AT_EQUAL_FIT),
    generated: Sequence[GeneratedTrial] = GENERATED,
    margins: Preregistration | None = None,
    workers: int = -1,
    memory: Memory | None = None,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> TrialFile:
    """Put the judge on trial; the same numbers of worlds give the same counts, whatever the number of workers.

    Args:
        worlds: how many of each kind, in place of those that each trial declares.
        statistical: trials on contributions, also on those of several budgets.
        generated: trials on generated networks.
        margins: to judge by; by default those that came with this package.
        workers: processes that share the work; −1 for one a core.
        memory: of parts that were done before, to which those that are done now are added.
        advance: called with the parts done and their total, for a progress bar.

    Returns:
        Plain values, as they are written.
    """
    margins = margins or load_preregistration()
    numbers = {trial.world: worlds or trial.worlds for trial in generated}
    claims = {world: {c for t in generated if t.world == world for c in t.claims if c != ANY} for world in numbers}
    parts: dict[str, Callable[[], Any]] = {
        f"{number} of {len(statistical)}, {worlds or trial.worlds} worlds": partial(
            trial.run, worlds or trial.worlds, margins
        )
        for number, trial in enumerate(statistical)
    }
    parts |= {
        f"{world}, {number}, {', '.join(sorted(claims[world]))}": partial(
            outcomes, world, number, sorted(claims[world]), margins
        )
        for world in numbers
        for number in range(numbers[world])
    }
    done = {name: _as_found(kept) for name, kept in memory.found.items() if name in parts} if memory else {}
    lacking = [name for name in parts if name not in done]
    run_all: Any = Parallel(n_jobs=workers, return_as="generator")
    for name, result in zip(lacking, run_all(delayed(_run)(parts[name]) for name in lacking), strict=True):
        done[name] = result
        if memory is not None:
            memory.keep(name, result)
        advance(len(done), len(parts))
    found = [done[name] for name in parts]
    rows = [
        row
        for trial, counts in zip(statistical, found, strict=False)
        for row in trial.rows(counts, worlds or trial.worlds)
    ]
    rest = iter(found[len(statistical) :])
    by_world = {world: [next(rest) for _ in range(count)] for world, count in numbers.items()}
    rows += [row for trial in generated for row in trial.rows(by_world)]
    return {
        "seed": SEED,
        "preregistration": margins.sha256,
        "met": all(row["met"] for row in rows),
        "rows": rows,
    }


def _as_found(kept: Any) -> Any:
    """What a part found, from the plain JSON values that were kept: R is a key, marks are tuples."""
    if isinstance(kept, list):
        return tuple(kept)
    if isinstance(kept, dict):
        return {int(key) if key.isdecimal() else key: _as_found(value) for key, value in kept.items()}
    return kept


def _run(part: Callable[[], Any]) -> Any:
    # Processes share the cores; BLAS threads would only wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        return part()
