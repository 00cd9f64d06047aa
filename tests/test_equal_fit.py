"""Effects read off at equal fit: brackets, weights in each replicate, and what makes a reading inconclusive."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overparam.metrics.stats import Effect
from overparam.verdicts.equal_fit import Fits, Readings, greater_at_equal_fit
from overparam.verdicts.margins import Gates

PROPERTY = settings(max_examples=40, deadline=None, derandomize=True)
R, B = 3, 6
GATES = Gates(training_accuracy=0.02, fit_agreement=0.01, budgets_apart=0.03)


def ladder(
    narrow: float = 0.61, *, step: float = 0.025, start: float = 0.55, noise: float = 0.0, seed: int = 0
) -> Fits:
    """Wide accuracies from ``start`` up in equal steps, losses that fall in proportion."""
    rng = np.random.default_rng(seed)
    wide = start + step * np.arange(B) + noise * rng.standard_normal((R, B))
    wide.sort(axis=1)
    accuracy = np.full(R, narrow)
    return Fits(2.5 * (1 - accuracy), accuracy, 2.5 * (1 - wide), wide)


def readings(values: np.ndarray, spread: float = 1e-3, seed: int = 0) -> Readings:
    """Effects by budget, of contributions over 200 examples, whose means are those values but for a little spread."""
    rng = np.random.default_rng(seed)
    psi = rng.standard_normal((R * B, 200))
    psi -= psi.mean(axis=1, keepdims=True)
    moved = np.broadcast_to(values, (R, B)) + spread * rng.standard_normal((R, 1))
    shared = np.cov(1e-2 * psi) / 200
    return Readings(moved, shared.reshape(R, B, R, B))


@PROPERTY
@given(st.floats(0.56, 0.67), st.integers(0, 1000))
def test_weights_are_of_two_neighbours_and_read_the_fit_itself_off_at_the_match(narrow, seed):
    fits = ladder(narrow, noise=0.002, seed=seed)
    weights = fits.weights()
    assert np.allclose(weights.sum(axis=1), 1)
    assert ((weights > 0).sum(axis=1) <= 2).all()
    assert (weights >= 0).all()
    np.testing.assert_allclose((weights * fits.wide_loss).sum(axis=1), fits.narrow_loss, rtol=1e-9)
    assert fits.mismatch(weights) < 1e-9


def test_every_replicate_has_weights_of_its_own():
    fits = ladder()
    fits = replace(fits, wide_loss=fits.wide_loss + np.array([[0.0], [0.02], [0.05]]))
    weights = fits.weights()
    assert len({tuple(row) for row in weights.round(6)}) == R


@PROPERTY
@given(st.integers(0, 1000))
def test_a_reading_is_that_of_the_weighted_contributions(seed):
    rng = np.random.default_rng(seed)
    psi = rng.standard_normal((R, B, 50)) + rng.standard_normal((R, B, 1))
    weights = rng.dirichlet(np.ones(B), size=R)
    flat = psi.reshape(R * B, -1)
    together = Readings(psi.mean(axis=2), (np.cov(flat) / 50).reshape(R, B, R, B)).at(weights)
    direct = Effect.of(np.einsum("rb,rbn->rn", weights, psi))
    np.testing.assert_allclose(together.values, direct.values)
    np.testing.assert_allclose(together.shared, direct.shared, atol=1e-12)


@pytest.mark.parametrize(("effect", "outcome"), [(0.1, "holds"), (0.0, "refuted"), (-0.2, "refuted")])
def test_an_effect_that_is_the_same_at_every_budget_is_judged_as_ever(effect, outcome):
    verdict = greater_at_equal_fit(readings(np.full(B, effect)), ladder(), 0.02, GATES)
    assert verdict.outcome == outcome
    assert verdict.effect.mean == pytest.approx(effect, abs=2e-3)


@pytest.mark.parametrize("narrow", [0.3, 0.54, 0.69, 0.9])
def test_nothing_is_extrapolated(narrow):
    verdict = greater_at_equal_fit(readings(np.full(B, 0.1)), ladder(narrow), 0.02, GATES)
    assert verdict.outcome == "inconclusive"
    assert "has no two budgets around a match at" in verdict.why


def test_one_replicate_without_a_bracket_is_enough():
    fits = ladder()
    fits.narrow_loss[1] = 5.0
    assert "replicate 1 has no two budgets" in greater_at_equal_fit(readings(np.full(B, 0.1)), fits, 0.02, GATES).why


def test_budgets_far_apart_tell_nothing():
    why = greater_at_equal_fit(readings(np.full(B, 0.1)), ladder(step=0.05), 0.02, GATES).why
    assert "lie 5.0 points of training accuracy apart: train one between them" in why


def test_accuracies_must_agree_where_losses_do():
    fits = ladder()
    fits = replace(fits, narrow_accuracy=fits.narrow_accuracy + 0.012)
    assert (
        "still differ by 1.20 points, where 1 is the most"
        in greater_at_equal_fit(readings(np.full(B, 0.1)), fits, 0.02, GATES).why
    )


@pytest.mark.parametrize("steep", [1.0, -1.0])
def test_an_outcome_that_hinges_on_the_match_is_none(steep):
    # By a point of fit the effect moves by 0.02, and at the match it is just above the margin.
    values = 0.025 + steep * 2 * (ladder().wide_accuracy[0] - 0.61)
    verdict = greater_at_equal_fit(readings(values, spread=1e-4), ladder(), 0.02, GATES)
    assert verdict.outcome == "inconclusive"
    assert verdict.why.startswith("holds at the match, ")


def test_a_reading_must_not_rest_on_one_budget():
    values = np.full(B, 0.1)
    values[2] += 0.05  # the budget just below the match
    why = greater_at_equal_fit(readings(values), ladder(), 0.02, GATES).why
    assert why.startswith("without one of the budgets around the match the effect is +0.1")


def test_budgets_that_fit_alike_have_no_match():
    assert "no two budgets" in greater_at_equal_fit(readings(np.full(B, 0.1)), ladder(step=0.0), 0.02, GATES).why


def uneven(*losses: float, narrow: float) -> Fits:
    """Losses that do not fall in proportion as accuracies rise by 2.5 points each."""
    wide = np.tile(0.55 + 0.025 * np.arange(len(losses)), (R, 1))
    match = float(np.interp(-narrow, -np.array(losses), wide[0]))
    return Fits(np.full(R, narrow), np.full(R, match), np.tile(losses, (R, 1)), wide)


@pytest.mark.parametrize("narrow", np.linspace(1.08, 1.35, 10))
def test_a_shift_finds_its_match_wherever_losses_fall_steeply_or_not(narrow):
    fits = uneven(1.40, 1.32, 1.24, 1.15, 1.09, 1.03, narrow=narrow)
    for shift in (-0.01, 0.01):
        weights = fits.weights(shift)
        moved = (weights * fits.wide_accuracy).sum(axis=1) - fits.narrow_accuracy
        np.testing.assert_allclose(moved, shift, atol=0.004)
    assert greater_at_equal_fit(readings(np.full(B, 0.1)), fits, 0.02, GATES).outcome == "holds"


@pytest.mark.parametrize(
    ("losses", "narrow", "said"),
    [
        ((1.9, 1.5, 1.7, 1.4, 1.3, 1.2), 1.6, "several pairs of budgets"),
        ((1.5, 1.55, 1.4, 1.3, 1.2, 1.1), 1.52, "several pairs of budgets"),
        ((1.3, 1.2, 1.1, 1.0, 0.95, 1.4), 1.35, "no descending pair of budgets"),
    ],
)
def test_where_more_epochs_do_not_fit_better_there_is_no_one_match(losses, narrow, said):
    verdict = greater_at_equal_fit(readings(np.full(B, 0.1)), uneven(*losses, narrow=narrow), 0.02, GATES)
    assert (verdict.outcome, said in verdict.why) == ("inconclusive", True)
