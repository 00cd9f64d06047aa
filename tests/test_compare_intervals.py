"""The script that compares intervals in worlds whose truth is known, and the page that it writes."""

import json
import runpy

import numpy as np
import pytest
import scipy.stats
from networks import ROOT

from overparam.stats import Effect

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "compare_intervals.py"))
INTERVALS, RESAMPLED, SPREADS, SHARES = (SCRIPT[name] for name in ("INTERVALS", "RESAMPLED", "SPREADS", "SHARES"))
FEW = {"blocks": 2, "replicates": (3,)}


@pytest.fixture(scope="module")
def few():
    return SCRIPT["simulate"](**FEW)


def test_every_interval_is_in_every_cell_with_its_monte_carlo_error(few):
    cells = [(row["interval"], row["spread"], row["R"], row["shared"]) for row in few["rows"]]
    assert len(set(cells)) == len(cells) == (len(INTERVALS) + len(RESAMPLED)) * len(SPREADS) * len(SHARES)
    assert few["worlds"] == 200
    for row in few["rows"]:
        assert row["size_error"] == pytest.approx((row["size"] * (1 - row["size"]) / 200) ** 0.5, abs=1e-5)
        assert row["size"] <= row["power"]


def test_the_same_worlds_give_the_same_numbers(few):
    assert SCRIPT["simulate"](**FEW) == few


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("share", SHARES)
def test_worlds_have_the_variance_and_the_shared_part_that_they_say(spread, share):
    parts = [SCRIPT["draw_parts"](spread, 5, block) for block in range(10)]
    contributions = np.concatenate([SCRIPT["compose"](part, spread, share) for part in parts])
    means = contributions.mean(axis=(1, 2))
    spread_of_means = 0.4 if spread == "t₃" else 0.15  # its variance converges slowly
    assert means.var() == pytest.approx(SCRIPT["VARIANCE"], rel=spread_of_means)
    pairs = [Effect.of(world).shared for world in contributions[::10]]
    shared = np.mean([(pair.sum() - np.trace(pair)) / 20 for pair in pairs])
    assert shared == pytest.approx(share * SCRIPT["VARIANCE"], rel=0.05, abs=0.01 * SCRIPT["VARIANCE"])


def test_intervals_are_what_they_are_called():
    contributions = np.random.default_rng(0).standard_normal((4, 300)) + np.arange(4)[:, None] / 5
    effect = Effect.of(contributions)
    of_seeds = scipy.stats.ttest_1samp(effect.values, 0).confidence_interval(0.9).low
    of_examples = scipy.stats.norm.ppf(0.05, effect.mean, scipy.stats.sem(contributions.mean(axis=0)))
    shared = np.mean([np.cov(contributions)[r, s] for r in range(4) for s in range(r)]) / 300
    before = effect.mean + scipy.stats.t.ppf(0.05, 3) * (effect.values.var(ddof=1) / 4 + max(0, shared)) ** 0.5
    bounds = {name: interval(effect, 0.05) for name, interval in INTERVALS.items()}
    assert list(bounds.values()) == pytest.approx([effect.lower, before, of_seeds, of_examples])


@pytest.mark.parametrize(("name", "kept"), [("whole networks", True), ("rliable", False)])
def test_resamples_are_means_that_keep_the_spread_of_seeds_or_lose_it(name, kept):
    """Runs drawn anew for every example, as for tasks with runs of their own, average out what seeds differ by."""
    (draw,) = (draw for title, draw in RESAMPLED.items() if name in title)
    weights = draw(np.random.default_rng(0), 3)
    assert weights.sum(axis=1) == pytest.approx(1)
    of_seeds = weights.reshape(len(weights), 3, -1).sum(axis=2) @ [0.0, 1.0, 2.0]
    expected = ((2 / 3) / 3) ** 0.5  # of means of three seeds, drawn with replacement
    assert of_seeds.std() == pytest.approx(expected, rel=0.1) if kept else of_seeds.std() < 0.1 * expected


def test_figure_and_tables_are_of_the_numbers(few, tmp_path):
    SCRIPT["draw_figure"](few, tmp_path / "few.svg")
    assert (tmp_path / "few.svg").read_text(encoding="utf-8").count("<svg") == 1
    written = SCRIPT["tables"](few)
    assert all(name in written for name in (*INTERVALS, *RESAMPLED))


def test_the_page_has_the_tables_of_the_file():
    content = json.loads((ROOT / "docs" / "figures" / "intervals.json").read_text(encoding="utf-8"))
    assert SCRIPT["tables"](content) in (ROOT / "docs" / "intervals.md").read_text(encoding="utf-8")
