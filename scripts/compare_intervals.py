#!/usr/bin/env python
"""Size and power of the interval against five others, in worlds whose true effect is known.

Writes docs/figures/intervals.json, the figure beside it, and the tables of docs/intervals.md, in a few minutes of one
core.

    python scripts/compare_intervals.py
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.special import ndtri, stdtrit

from overparam.constants import SEED
from overparam.error_rates.randomness import generator
from overparam.error_rates.statistical import BAD_BY, BAD_SHARE, SPREADS, Interval
from overparam.io.files import write_atomically
from overparam.metrics.stats import LEVEL, Effect
from overparam.report.figures.drawing import STYLE, stroke_of
from overparam.report.tables.markdown import replace_section, table

PAGE, FIGURES = Path("docs/intervals.md"), Path("docs/figures")
REPLICATES, SHARES = (3, 5, 10), (0.0, 0.3, 0.6, 0.9)
WORLDS, BLOCKS = 100, 20  # in a block, which shares its resamples; blocks in a cell
EXAMPLES, RESAMPLES = 500, 1000
# In margins. The true effect that power is for lies three standard errors beyond the margin, in every cell.
MARGIN, EFFECT = 1.0, 3.0
VARIANCE = ((EFFECT - MARGIN) / 3) ** 2
# How seeds differ, and how much of the variance between replicates is their sampling of examples: a quarter in the
# worlds of accuracy in which the judge's error rates are counted, a fiftieth in those of spans, and all of it where
# seeds do not differ.
KINDS = {
    **{spread: (spread, 0.25) for spread in SPREADS},
    "as spans": ("Gaussian", 0.02),
    "seeds alike": ("Gaussian", 1.0),
}
BAD_DEVIATION = (1 + BAD_BY**2 * BAD_SHARE * (1 - BAD_SHARE)) ** 0.5
Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw_parts(kind: str, R: int, block: int) -> Parts:
    """Of variance 1: what seeds make of a replicate, what an example makes of all, and of one.

    Returns:
        (worlds, replicates, 1), (worlds, 1, examples) and (worlds, replicates, examples).
    """
    spread, _ = KINDS[kind]
    rng = generator(f"intervals {kind}", R, block)
    arms = SPREADS[spread](rng, (2, WORLDS, R, 1)) / (BAD_DEVIATION if spread == "bad run" else 1.0)
    return (
        (arms[0] - arms[1]) / 2**0.5,
        rng.standard_normal((WORLDS, 1, EXAMPLES)),
        rng.standard_normal((WORLDS, R, EXAMPLES)),
    )


def compose(parts: Parts, kind: str, share: float) -> np.ndarray:
    """ψ (worlds, replicates, examples) without effect; its mean varies by V, a share of it through examples."""
    seeds, shared, own = parts
    between, of_own = (1 - share) * VARIANCE * own.shape[1], KINDS[kind][1]
    return (
        (between * (1 - of_own)) ** 0.5 * seeds
        + (share * VARIANCE * EXAMPLES) ** 0.5 * shared
        + (between * of_own * EXAMPLES) ** 0.5 * own
    )


def before(effect: Effect, tail: float) -> float:
    """V = S_D² / R + c, with t(R − 1), as it was."""
    R = len(effect.values)
    shared = (effect.shared.sum() - np.trace(effect.shared)) / (R * (R - 1))
    return effect.mean + stdtrit(R - 1, tail) * (effect.values.var(ddof=1) / R + max(0.0, shared)) ** 0.5


def seeds_alone(effect: Effect, tail: float) -> float:
    """A t-test over seeds, as if each had examples of its own."""
    R = len(effect.values)
    return effect.mean + stdtrit(R - 1, tail) * (effect.values.var(ddof=1) / R) ** 0.5


def examples_alone(effect: Effect, tail: float) -> float:
    """A z-test over examples, as if these seeds were all there are."""
    return effect.mean + ndtri(tail) * effect.shared.mean() ** 0.5


def whole_networks(rng: np.random.Generator, R: int) -> np.ndarray:
    """Weights (resamples, R · examples) of means over networks and examples, both drawn with replacement."""
    networks = rng.multinomial(R, np.full(R, 1 / R), size=RESAMPLES) / R
    examples = rng.multinomial(EXAMPLES, np.full(EXAMPLES, 1 / EXAMPLES), size=RESAMPLES) / EXAMPLES
    return (networks[:, :, None] * examples[:, None, :]).reshape(RESAMPLES, -1)


def stratified(rng: np.random.Generator, R: int) -> np.ndarray:
    """The same, as rliable's ``StratifiedBootstrap(task_bootstrap=True)``: networks drawn anew for every example."""
    networks = rng.integers(R, size=(RESAMPLES, R, EXAMPLES))
    examples = rng.integers(EXAMPLES, size=(RESAMPLES, 1, EXAMPLES))
    places = (np.arange(RESAMPLES)[:, None, None] * R + networks) * EXAMPLES + examples
    return np.bincount(places.ravel(), minlength=RESAMPLES * R * EXAMPLES).reshape(RESAMPLES, -1) / (R * EXAMPLES)


INTERVALS: dict[str, Interval] = {
    "the interval": Effect.bound,
    "the one before": before,
    "t-test over seeds": seeds_alone,
    "z-test over examples": examples_alone,
}
RESAMPLED: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "bootstrap of examples and whole networks": whole_networks,
    "bootstrap of both as rliable's, stratified": stratified,
}


def lower_bounds(contributions: np.ndarray, weights: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """The lower 95 % bound of each interval in every world: (worlds,)."""
    effects = [Effect.of(world) for world in contributions]
    for name, interval in INTERVALS.items():
        yield name, np.array([interval(effect, 1 - LEVEL) for effect in effects])
    flat = contributions.reshape(len(contributions), -1).astype(np.float32)
    for name, weight in weights.items():
        yield name, np.quantile(flat @ weight.T, 1 - LEVEL, axis=1)


def simulate(*, blocks: int = BLOCKS, replicates: Sequence[int] = REPLICATES) -> dict[str, Any]:
    """How often "greater than the margin" holds where the true effect is the margin (size), and ``EFFECT`` (power).

    Every interval moves with the effect, so that one world tells both. Worlds are the same ones for all intervals.
    """
    lower: dict[tuple[str, str, int, float], list[np.ndarray]] = {}
    for R in replicates:
        for block in range(blocks):
            rng = generator("resamples", R, block)
            weights = {name: draw(rng, R).astype(np.float32) for name, draw in RESAMPLED.items()}
            for kind in KINDS:
                parts = draw_parts(kind, R, block)
                for share in SHARES:
                    for name, bounds in lower_bounds(compose(parts, kind, share), weights):
                        lower.setdefault((name, kind, R, share), []).append(bounds)
    about = {"seed": SEED, "worlds": blocks * WORLDS, "examples": EXAMPLES, "resamples": RESAMPLES}
    nominal = {"level": round(1 - LEVEL, 10), "margin": MARGIN, "effect": EFFECT, "standard_error": VARIANCE**0.5}
    return {**about, **nominal, "rows": [_row(*cell, np.concatenate(bounds)) for cell, bounds in lower.items()]}


def _row(interval: str, kind: str, R: int, shared: float, lower: np.ndarray) -> dict[str, Any]:
    """A cell as plain values, each rate with its Monte Carlo standard error."""
    rates = {"size": np.mean(lower > 0), "power": np.mean(lower > MARGIN - EFFECT)}
    errors = {f"{name}_error": (rate * (1 - rate) / len(lower)) ** 0.5 for name, rate in rates.items()}
    rounded = {name: round(float(value), 5) for name, value in {**rates, **errors}.items()}
    return {"interval": interval, "kind": kind, "R": R, "shared": shared, **rounded}


def too_often(content: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether an interval errs more often than it says, by three standard errors of these worlds."""
    level = content["level"]
    return row["size"] > level + 3 * (level * (1 - level) / content["worlds"]) ** 0.5


def draw_figure(content: dict[str, Any], path: Path) -> None:
    """Size above, power below, by the shared part: a row a kind of worlds, a column a number of replicates."""
    replicates, names = sorted({row["R"] for row in content["rows"]}), (*INTERVALS, *RESAMPLED)
    with matplotlib.rc_context({**STYLE, "font.size": 8, "axes.titlesize": 8, "lines.markersize": 4}):
        figure = Figure(figsize=(8.5, 16), facecolor="white")
        grid = figure.subplots(2 * len(KINDS), len(replicates), squeeze=False, sharex=True, sharey="row")
        for k, (rate, kind) in enumerate(product(("size", "power"), KINDS)):
            for axes, R in zip(grid[k], replicates, strict=True):
                for place, name in enumerate(names):
                    key = (name, kind, R)
                    rows = [row for row in content["rows"] if (row["interval"], row["kind"], row["R"]) == key]
                    stroke = stroke_of(place)
                    x, y = [row["shared"] for row in rows], [max(row[rate], 1 / content["worlds"]) for row in rows]
                    hollow = [k for k, row in enumerate(rows) if too_often(content, row)]
                    axes.plot(x, y, linewidth=1.2, markevery=[k for k in range(len(x)) if k not in hollow], **stroke)
                    axes.plot(x, y, **stroke | {"linestyle": ""}, markevery=hollow, markerfacecolor="white")
                axes.set_title(f"{kind}, R = {R}")
                if rate == "size":
                    axes.axhline(content["level"], color="black", linewidth=0.8)
                    axes.set_yscale("log")
                    axes.set_ylim(0.8 / content["worlds"], 0.7)
                    axes.set_yticks([0.001, 0.01, 0.05, 0.25], ["0.1 %", "1 %", "5 %", "25 %"])
                    axes.minorticks_off()
                else:
                    axes.set_ylim(0.4, 1.02)
                    axes.set_yticks([0.4, 0.6, 0.8, 1.0], ["40 %", "60 %", "80 %", "100 %"])
            grid[k, 0].set_ylabel("size (log scale)" if rate == "size" else "power")
        for axes in grid[-1]:
            axes.set_xticks(SHARES)
            axes.set_xlabel("shared part c, as a share of V")
        handles = [Line2D([], [], **stroke_of(place), label=name) for place, name in enumerate(names)]
        figure.legend(handles=handles, loc="outside upper center", ncols=2, fontsize=8)
        about = f"{content['worlds']:,} worlds a point. Black line: the nominal {content['level']:.0%}."
        note = f"{about} Hollow: errs more often than that beyond chance, so that its power says little."
        figure.supxlabel(note, fontsize=7, color="#555555")
        write_atomically(path, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))


def tables(content: dict[str, Any]) -> str:
    """Sizes over all worlds of each interval, and size and power by the shared part for the fewest replicates."""
    rows, names = content["rows"], (*INTERVALS, *RESAMPLED)
    replicates = sorted({row["R"] for row in rows})

    def span(name: str, R: int) -> str:
        sizes = [row["size"] for row in rows if (row["interval"], row["R"]) == (name, R)]
        return f"{min(sizes):.3f} to {max(sizes):.3f}"

    def beyond(name: str) -> str:
        own = [row for row in rows if row["interval"] == name]
        return f"{sum(too_often(content, row) for row in own)} of {len(own)}"

    def at(name: str, kind: str, share: float) -> str:
        key = (name, kind, replicates[0], share)
        row = next(row for row in rows if (row["interval"], row["kind"], row["R"], row["shared"]) == key)
        return f"{row['size']:.3f} / {row['power']:.2f}"

    head = ["size", *(f"R = {R}" for R in replicates), "cells too often wrong"]
    written = [table(head, [[name, *(span(name, R) for R in replicates), beyond(name)] for name in names], words=1)]
    for kind in KINDS:
        head = [f"size / power, {kind}, R = {replicates[0]}", *(f"c/V = {share:g}" for share in SHARES)]
        written.append(table(head, [[name, *(at(name, kind, share) for share in SHARES)] for name in names], words=1))
    return "\n\n".join(written)


def main() -> None:
    """Simulate, and write numbers, figure and tables."""
    content = simulate()
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in content["rows"])
    about = json.dumps({name: value for name, value in content.items() if name != "rows"})
    text = f'{about[:-1]}, "rows": [\n{lines}\n]}}\n'
    write_atomically(FIGURES / "intervals.json", lambda path: path.write_text(text, encoding="utf-8"))
    draw_figure(content, FIGURES / "intervals.svg")
    replace_section(PAGE, "intervals", tables(content))


if __name__ == "__main__":
    main()
