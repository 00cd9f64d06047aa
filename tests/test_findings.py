import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import spread_effect

from overparam.metrics import stats
from overparam.metrics.stats import Effect
from overparam.verdicts.equal_fit import both_matches
from overparam.verdicts.findings import Finding, every, greater, grows, not_above

means = st.floats(-0.2, 0.2)
widths = st.floats(1e-4, 0.2)
effects = st.builds(spread_effect, means, widths)
DIRECTIONS = {greater: (stats.greater, stats.not_above), not_above: (stats.not_above, stats.greater)}


def plain(finding: Finding) -> stats.Verdict:
    return stats.Verdict(finding.outcome, finding.effect, finding.margin, finding.why, finding.p_value_against)


@pytest.mark.parametrize("judged", DIRECTIONS)
@given(effect=effects, margin=means)
def test_a_finding_is_the_verdict_and_the_p_value_against_its_opposite(judged, effect, margin):
    same, opposite = DIRECTIONS[judged]
    finding = judged(effect, margin)
    assert plain(finding) == same(effect, margin)
    assert finding.p_value == opposite(effect, margin).p_value_against
    assert finding.p_value + finding.p_value_against == pytest.approx(1.0)
    assert (finding.p_value < 0.05) == finding.holds


@pytest.mark.parametrize("judged", DIRECTIONS)
@pytest.mark.parametrize("share", [0.01, 0.2, 0.9, 1.0])
def test_the_p_value_is_five_percent_where_the_bound_meets_the_margin(judged, share):
    sign = 1 if judged is greater else -1
    assert judged(spread_effect(sign * 0.03, 0.03), 0.0).p_value == pytest.approx(0.05)
    assert judged(spread_effect(sign * 0.03, 0.03 * share), 0.0).p_value <= 0.05 + 1e-12


@given(st.lists(st.tuples(effects, means), min_size=1, max_size=5))
def test_several_have_the_largest_of_their_p_values(pairs):
    parts = [greater(effect, margin) for effect, margin in pairs]
    together = every(parts)
    assert plain(together) == stats.every(parts)
    assert together.p_value == max(part.p_value for part in parts)
    assert (together.p_value < 0.05) == together.holds


@given(effects, st.lists(effects, min_size=1, max_size=3))
def test_growth_has_the_largest_of_the_p_values_of_slope_and_steps(slope, steps):
    named = {str(number): step for number, step in enumerate(steps)}
    found = grows(slope, named, 0.002, 0.02)
    assert plain(found) == stats.grows(slope, named, 0.002, 0.02)
    parts = [greater(slope, 0.002), *(greater(step, -0.02) for step in steps)]
    assert found.p_value == max(part.p_value for part in parts)
    assert (found.p_value < 0.05) == found.holds


def test_one_replicate_confirms_nothing():
    assert greater(Effect.independent([5.0]), 0.0).p_value == 1.0
    assert not_above(Effect.independent([-5.0]), 0.0).p_value == 1.0


@pytest.mark.parametrize("mean", [0.1, -0.1])
def test_a_verdict_that_a_gate_withholds_speaks_in_neither_direction(mean):
    gated = greater(spread_effect(mean, 0.01), 0.02).inconclusive("a gate")
    assert (gated.outcome, gated.why, gated.p_value, gated.p_value_against) == ("inconclusive", "a gate", 1.0, 1.0)


def test_a_part_that_is_named_is_as_sure_as_it_was():
    found = greater(spread_effect(0.1, 0.01), 0.02)
    assert found.of("slope").p_value == found.p_value
    assert found.of("slope").why == f"slope: {found.why}"


@pytest.mark.parametrize("surer", ["single", "together"])
def test_two_matches_have_the_larger_of_their_p_values(surer):
    sure, unsure = greater(spread_effect(0.1, 0.01), 0.02), greater(spread_effect(0.1, 0.05), 0.02)
    found = both_matches(sure, unsure) if surer == "single" else both_matches(unsure, sure)
    assert (found.p_value, found.holds) == (unsure.p_value, True)


def test_two_matches_that_disagree_speak_in_neither_direction():
    found = both_matches(greater(spread_effect(0.1, 0.01), 0.02), greater(spread_effect(-0.1, 0.01), 0.02))
    assert (found.outcome, found.p_value, found.p_value_against) == ("inconclusive", 1.0, 1.0)
