import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from records import spread_effect

from overparam.metrics.stats import Effect, Verdict, contribution_covariance, every, greater, grows, not_above

PROPERTY = settings(max_examples=30, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def contributions(seed: int, replicates: int, examples: int = 40, common: float = 1.0) -> np.ndarray:
    """ψ (replicates, examples): a share that all replicates have in common, one of each, and one of each replicate."""
    rng = np.random.default_rng(seed)
    own = rng.standard_normal((replicates, examples)) + 0.2 * rng.standard_normal((replicates, 1))
    return common * rng.standard_normal(examples) + own


def effect_with_p(p: float, threshold: float, replicates: int = 3) -> Effect:
    """An effect whose p-value against "at least the threshold" is p."""
    pattern = np.linspace(-1, 1, replicates)
    error = pattern.std(ddof=1) / replicates**0.5
    return Effect(
        threshold + scipy.stats.t.ppf(p, replicates - 1) * error + pattern, np.zeros((replicates, replicates))
    )


@PROPERTY
@given(seeds, st.integers(2, 6), st.sampled_from([-1.0, 0.0, 1.0]))
def test_the_interval_is_the_formulas(seed, R, common):
    psi = contributions(seed, R, common=common)
    N = psi.shape[1]
    D = [float(np.sum(row)) / N for row in psi]
    mean = sum(D) / R
    spread = sum((d - mean) ** 2 for d in D) / (R - 1)
    C = [[np.sum((psi[r] - D[r]) * (psi[s] - D[s])) / (N - 1) / N for r in range(R)] for s in range(R)]
    pairs = [C[r][s] for r in range(R) for s in range(R) if r != s]
    between = sum(pairs) / len(pairs)
    own = sum(C[r][r] for r in range(R)) / R - between
    F = max(spread, own) / R
    V = F + max(0.0, between)
    t = scipy.stats.t.ppf(0.95, V**2 / (F**2 / (R - 1)))
    effect = Effect.of(psi)
    assert effect.mean == pytest.approx(mean, rel=1e-9, abs=1e-12)
    assert effect.variance == pytest.approx(V, rel=1e-9)
    assert (effect.lower, effect.upper) == pytest.approx((mean - t * V**0.5, mean + t * V**0.5), rel=1e-8, abs=1e-10)


def test_what_replicates_share_through_the_examples_widens_the_interval():
    common = np.random.default_rng(0).standard_normal(50)
    effect = Effect.of(np.vstack([common, common, common]))  # no spread between replicates at all
    assert effect.values.var() < 1e-30
    assert effect.variance == pytest.approx(common.var(ddof=1) / 50)
    assert effect.lower < effect.mean - 0.2 < effect.mean + 0.2 < effect.upper


def test_a_negative_shared_covariance_counts_as_none():
    wave = np.random.default_rng(1).standard_normal(50)
    effect = Effect.of(np.vstack([wave + 10.0, -wave]))
    assert effect.shared[0, 1] < -0.01
    assert effect.variance == pytest.approx(effect.values.var(ddof=1) / 2)
    assert effect.degrees_of_freedom == 1


@PROPERTY
@given(seeds, st.integers(2, 6))
def test_replicates_that_happen_to_agree_do_not_narrow_the_interval_below_their_own_sampling(seed, R):
    psi = contributions(seed, R)
    agreeing = Effect.of(psi - psi.mean(axis=1, keepdims=True))
    own = np.trace(agreeing.shared) / R - (agreeing.shared.sum() - np.trace(agreeing.shared)) / (R * (R - 1))
    assert np.ptp(agreeing.values) < 1e-12
    assert agreeing.variance >= own / R > 0
    assert agreeing.lower < 0 < agreeing.upper
    assert 0.05 < agreeing.p_below(0.0) < 0.95


@pytest.mark.parametrize(("share", "freedom"), [(0.0, 2.0), (0.5, 8.0), (0.75, 32.0), (0.9, 200.0)])
def test_degrees_of_freedom_grow_with_the_part_that_is_known_well(share, freedom):
    spread = np.array([-1.0, 0.0, 1.0])  # variance of the mean: 1/3
    effect = Effect(spread, np.full((3, 3), share / (1 - share) / 3))
    assert effect.degrees_of_freedom == pytest.approx(freedom)


@pytest.mark.parametrize("R", [2, 3, 5, 20])
def test_bounds_use_students_t_with_one_degree_less_than_replicates(R):
    values = np.random.default_rng(R).standard_normal(R)
    effect = Effect(values, np.zeros((R, R)))
    interval = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.90)
    assert (effect.lower, effect.upper) == pytest.approx((interval.low, interval.high))
    _, p = scipy.stats.ttest_1samp(values, 0.3, alternative="less")
    assert effect.p_below(0.3) == pytest.approx(p)


@PROPERTY
@given(seeds, st.integers(1, 5))
def test_contribution_covariance_is_that_of_means_of_examples(seed, rows):
    psi = np.random.default_rng(seed).standard_normal((rows, 30))
    covariance = contribution_covariance(psi)
    assert covariance.shape == (rows, rows)
    np.testing.assert_allclose(covariance, np.cov(psi).reshape(rows, rows) / 30)


@PROPERTY
@given(seeds, st.integers(2, 6), st.floats(-3, 3))
def test_a_p_value_below_five_percent_is_an_upper_bound_below_the_threshold(seed, R, threshold):
    effect = Effect.of(contributions(seed, R))
    assume(abs(effect.upper - threshold) > 1e-9)
    assert (effect.p_below(threshold) < 0.05) == (effect.upper < threshold)
    assert ((-effect).p_below(-threshold) < 0.05) == (effect.lower > threshold)


@pytest.mark.parametrize(("value", "p"), [(0.9, 0.0), (1.0, 1.0), (1.1, 1.0)])
def test_without_any_spread_the_p_value_is_all_or_nothing(value, p):
    assert Effect(np.full(3, value), np.zeros((3, 3))).p_below(1.0) == p


# The effect's distance from the margin in half-widths of its interval, and what must come out.
TABLE = [(5, "holds"), (1.01, "holds"), (0.99, None), (0, None), (-0.99, None), (-1.01, "refuted"), (-5, "refuted")]
MIRRORED = {"holds": "refuted", "refuted": "holds", None: None}


@pytest.mark.parametrize("half_width", [1e-3, 0.3])
@pytest.mark.parametrize("margin", [0.02, 0.0, -0.5])
@pytest.mark.parametrize(("distance", "outcome"), TABLE)
def test_an_inequality_is_decided_by_where_its_interval_lies(distance, outcome, margin, half_width):
    effect = spread_effect(margin + distance * half_width, half_width)
    assert (effect.lower, effect.upper) == pytest.approx((effect.mean - half_width, effect.mean + half_width))
    above, below = greater(effect, margin), not_above(effect, margin)
    assert above.outcome == (outcome or "inconclusive")
    assert below.outcome == (MIRRORED[outcome] or "inconclusive")
    for verdict in (above, below):
        assert verdict.holds == (verdict.outcome == "holds")
        assert (verdict.p_value_against < 0.05) == (verdict.outcome == "refuted")
        assert (verdict.effect, verdict.margin) == (effect, margin)
        assert f"{margin:g}" in verdict.why


@pytest.mark.parametrize("judge", [greater, not_above])
def test_an_effect_exactly_at_the_margin_is_inconclusive(judge):
    assert judge(Effect(np.full(3, 0.25), np.zeros((3, 3))), 0.25).outcome == "inconclusive"


@pytest.mark.parametrize("value", [-1e6, 0.0, 1e6])
def test_one_replicate_is_always_inconclusive(value):
    one = Effect.of(value + np.random.default_rng(0).standard_normal((1, 30)))
    assert (one.variance, one.lower, one.upper, one.p_below(0.0)) == (np.inf, -np.inf, np.inf, 1.0)
    verdicts = [
        greater(one, 0.0),
        not_above(one, 0.0),
        grows(one, {"step": one}, 0.0, 0.0),
        every([greater(one, 0.0)] * 2),
    ]
    assert {verdict.outcome for verdict in verdicts} == {"inconclusive"}
    assert all("one replicate" in verdict.why for verdict in verdicts)


GROWTH = [  # slope and steps in half-widths above their thresholds
    (2, (2, 2), "holds"),
    (0.5, (2, 2), "inconclusive"),
    (2, (2, 0.5), "inconclusive"),
    (-5, (2, 2), "refuted"),
    (2, (2, -5), "refuted"),
    (2, (-5, 2), "refuted"),
    (-1.01, (2, 2), "inconclusive"),  # would be refuted alone, not among three
]


@pytest.mark.parametrize(("slope", "steps", "outcome"), GROWTH)
def test_an_effect_grows_if_its_slope_does_and_no_step_falls(slope, steps, outcome):
    slope_margin, margin, width = 0.002, 0.02, 0.01
    verdict = grows(
        spread_effect(slope_margin + slope * width, width),
        {f"step {k}": spread_effect(-margin + step * width, width) for k, step in enumerate(steps)},
        slope_margin,
        margin,
    )
    assert verdict.outcome == outcome
    failing = [k for k, step in enumerate(steps) if step < 1]  # the numbers are the slope's, the reason may be a step's
    assert verdict.why.startswith(f"step {failing[0]}: " if failing else "slope: ")
    assert verdict.margin == slope_margin
    assert verdict.effect.mean == pytest.approx(slope_margin + slope * width)


@pytest.mark.parametrize("k", [1, 2, 4, 7])
@pytest.mark.parametrize(("share", "outcome"), [(0.99, "refuted"), (1.01, "inconclusive")])
def test_among_k_parts_the_smallest_p_value_must_be_below_a_kth_of_five_percent(k, share, outcome):
    holding = greater(effect_with_p(0.999, 0.0), 0.0)
    failing = greater(effect_with_p(share * 0.05 / k, 0.0), 0.0)
    for place in range(k):
        parts = [holding] * k
        parts[place] = failing
        verdict = every(parts)
        assert verdict.outcome == outcome
        assert verdict.p_value_against == pytest.approx(share * 0.05)
        assert verdict.why.endswith("(Holm)") == (outcome == "inconclusive" and k > 1)


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        ((9, 9, 9), "holds"),
        ((1.01, 1.01, 1.01), "holds"),  # uncorrected
        ((9, 0, 9), "inconclusive"),
        ((9, 0, -9), "refuted"),
        ((-9, 9, 9), "refuted"),
        ((-9, -9, -9), "refuted"),
    ],
)
def test_all_of_several_hold_only_if_each_does(outcomes, outcome):
    parts = [greater(spread_effect(distance * 0.1, 0.1), 0.0) for distance in outcomes]
    verdict = every(parts)
    assert verdict.outcome == outcome
    assert verdict.effect is parts[0].effect
    assert verdict.p_value_against <= 1.0
    if outcome == "refuted":
        assert verdict.why == min(parts, key=lambda part: part.p_value_against).why
    assert "Holm" not in verdict.why


def test_a_gate_changes_the_outcome_and_the_reason_alone():
    verdict = greater(spread_effect(1.0, 0.1), 0.0)
    gated = verdict.inconclusive("a gate")
    assert gated == Verdict("inconclusive", verdict.effect, 0.0, "a gate", verdict.p_value_against)


# Error rates: Gaussian worlds whose replicates share their examples, at a true effect equal to the margin.
WORLDS, MARGIN, EXAMPLES = 300, 0.02, 200
MOST = scipy.stats.binom.ppf(0.999, WORLDS, 0.05)


def holds(R: int, effect: float = MARGIN, spread: float = 0.01, common: float = 0.14) -> int:
    """In how many worlds an effect is called above the margin; examples add as much spread as replicates do."""
    rng = np.random.default_rng(2024)
    count = 0
    for _ in range(WORLDS):
        own = spread * rng.standard_normal((R, 1)) + 0.05 * rng.standard_normal((R, EXAMPLES))
        psi = effect + common * rng.standard_normal(EXAMPLES) + own
        count += greater(Effect.of(psi), MARGIN).holds
    return count


def percentile_bootstrap(effect: Effect) -> float:
    rows = np.random.default_rng(0).integers(len(effect.values), size=(200, len(effect.values)))
    return float(np.quantile(effect.values[rows].mean(axis=1), 0.05))


def seeds_alone(effect: Effect) -> float:
    R = len(effect.values)
    return effect.mean - scipy.stats.t.ppf(0.95, R - 1) * (effect.values.var(ddof=1) / R) ** 0.5


@pytest.mark.parametrize("R", [3, 5])
def test_an_effect_at_the_margin_is_seldom_called_above_it(R):
    assert holds(R) <= MOST
    assert holds(R, common=0.0) <= MOST
    assert holds(R, effect=0.0) <= 2


def test_an_effect_far_above_the_margin_is_called_above_it():
    assert holds(5, effect=MARGIN + 0.08) >= 0.95 * WORLDS


@pytest.mark.parametrize("lower", [percentile_bootstrap, seeds_alone])
@pytest.mark.parametrize("R", [3, 5])
def test_the_error_rate_is_too_high_with_bounds_that_do_not_know_the_examples(R, lower, monkeypatch):
    monkeypatch.setattr(Effect, "lower", property(lower))
    assert holds(R) > MOST
