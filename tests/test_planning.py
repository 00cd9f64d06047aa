"""How many replicates or examples would decide a cell, against simulation of the interval itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import EIGHTH, HALF, QUARTER, SIXTEENTH, spread_effect, synthetic_record
from scipy.stats import ttest_1samp

from overparam.metrics.stats import Effect
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.planning import MOST, plan, power_at

MARGINS = load_preregistration()
N = 400
SEVERAL = {("span-over", "trend"), ("span-mild", "1/2 (8 ch)")}


def drawn(rng, replicates, mean, seeds, own, common, examples=N):
    """An effect of replicates that differ by seeds, and by examples of which a part is common to all."""
    runs = mean + seeds * rng.standard_normal((replicates, 1))
    noise = own * rng.standard_normal((replicates, examples)) + common * rng.standard_normal(examples)
    return Effect.of(runs + noise)


def typical(replicates, mean, seeds, own, common, examples=N):
    """An effect whose values and covariance are just those that its parts give on average."""
    spread = np.linspace(-1, 1, replicates)
    values = mean + spread / spread.std(ddof=1) * (seeds**2 + own**2 / examples) ** 0.5
    shared = np.full((replicates, replicates), common**2 / examples) + np.eye(replicates) * own**2 / examples
    return Effect(values, shared)


def recorded(*effects, **changes):
    record = synthetic_record(*effects, **changes)
    return replace(record, data={**record.data, "heldout_examples": N})


@pytest.mark.parametrize(("seeds", "own", "common"), [(0.01, 0.1, 0.3), (0.02, 0.2, 0.0), (0.002, 0.3, 0.3)])
@pytest.mark.parametrize(("replicates", "times"), [(3, 1), (8, 1), (4, 4)])
def test_power_is_the_share_of_worlds_that_are_decided(seeds, own, common, replicates, times):
    rng = np.random.default_rng(0)
    effect, margin = typical(4, 0.03, seeds, own, common), 0.005
    worlds = [drawn(rng, replicates, 0.03, seeds, own, common, N * times) for _ in range(400)]
    decided = np.mean([world.lower > margin for world in worlds])
    assert power_at(effect, margin, replicates, times) == pytest.approx(decided, abs=0.13)


def test_where_replicates_share_nothing_it_is_the_power_of_a_t_test():
    rng = np.random.default_rng(1)
    effect = typical(5, 0.03, 0.02, 0.0, 0.0)
    draws = 0.03 + 0.02 * rng.standard_normal((4000, 6))
    _, p = ttest_1samp(draws, 0.01, axis=1, alternative="greater")
    rejected = np.mean(np.asarray(p) < 0.05)
    assert power_at(effect, 0.01, 6) == pytest.approx(rejected, abs=0.025)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.floats(-0.05, 0.05), st.floats(0.001, 0.03), st.floats(0.01, 0.5), st.floats(0, 0.5), st.integers(2, 30))
def test_more_of_anything_never_lessens_the_power(mean, seeds, own, common, replicates):
    effect = typical(3, mean, seeds, own, common)
    power = power_at(effect, 0.01, replicates)
    assert 0 <= power <= 1
    assert power_at(effect, 0.01, replicates + 1) >= power - 1e-6
    assert power_at(effect, 0.01, replicates, 2) >= power - 1e-6


def test_a_plan_names_the_least_numbers_that_reach_the_power():
    record = recorded({"performance": 0.009}, replicates=3, spread=3e-3)
    (cell,) = (cell for cell in plan(record, MARGINS, 0.8) if (cell.claim, cell.place) == ("performance", "1/4 (4 ch)"))
    effect = cell.verdict.effect
    assert cell.replicates is not None
    assert cell.replicates > 3
    assert power_at(effect, 0.005, cell.replicates) >= 0.8 > power_at(effect, 0.005, cell.replicates - 1)
    (fewer,) = (c.replicates for c in plan(record, MARGINS, 0.5) if (c.claim, c.place) == ("performance", "1/4 (4 ch)"))
    assert fewer is not None
    assert fewer < cell.replicates


def test_what_is_decided_needs_nothing():
    assert plan(recorded(), MARGINS, 0.8) == []


def test_what_a_gate_withholds_no_number_decides():
    """An effect near the margin, which also moves with the penalty."""
    moving = recorded({"performance": [0.006, 0.006, 0.006, 0.03, 0.006]}, replicates=3, spread=3e-3)
    gated = [cell for cell in plan(moving, MARGINS, 0.8) if cell.claim == "performance"]
    assert [cell.place for cell in gated] == ["1/2 (8 ch)", "1/4 (4 ch)", "1/8 (2 ch)", "1/16 (1 ch)", "trend"]
    assert {(cell.replicates, cell.examples) for cell in gated} == {(None, None)}


def test_what_stands_on_several_inequalities_is_not_planned():
    gaps = {HALF: 0.02, QUARTER: 0.021, EIGHTH: 0.023, SIXTEENTH: 0.025}
    record = recorded({"over": gaps}, replicates=3, spread=3e-3)
    several = [cell for cell in plan(record, MARGINS, 0.8) if (cell.claim, cell.place) in SEVERAL]
    assert len(several) == len(SEVERAL)
    assert all((cell.replicates, cell.examples) == (None, None) for cell in several)


def test_an_effect_at_the_margin_is_decided_by_no_number():
    effect = spread_effect(0.005, 0.01)
    assert power_at(effect, 0.005, MOST) == pytest.approx(0.05, abs=1e-3)
    assert power_at(replace(effect, values=effect.values + 0.1), 0.005, 3) > 0.9
