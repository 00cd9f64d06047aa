from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import (
    PROPERTY,
    RELATIVE_PENALTIES,
    SEEDS,
    absolute,
    assert_same_measured,
    blocks_of,
    by_id,
    fse,
    generator,
    orthogonal,
    reordered,
    split,
    with_arrays,
    world,
)

from overparam.metrics.definitions import feature_performance, residuals, ridge_regression, span_error, span_gap


@dataclass(frozen=True)
class Change:
    """What to do to blocks A and B, and what then becomes of the relative penalty."""

    source: Callable = lambda rng, A: A
    target: Callable = lambda rng, B: B
    factor: float = 1.0

    def __call__(self, rng, blocks):
        A, B = (np.asarray(blocks[name][:]) for name in ("A", "B"))
        return with_arrays(blocks, A=self.source(rng, A), B=self.target(rng, B))


def scaled(rng, X):
    return 10 ** rng.uniform(-5, 5) * rng.choice([-1, 1]) * X


def shifted(rng, X):
    return X + 10 * rng.normal(size=X.shape[1])


def rotated(rng, X):
    return X @ orthogonal(rng, X.shape[1])


def shuffled(rng, X):
    return rng.permutation(X, axis=1)


def mapped(rng, X):  # by an invertible map with singular values in [0.3, 3]
    return rotated(rng, rotated(rng, X) * 10 ** rng.uniform(-0.5, 0.5, X.shape[1]))


def moved(rng, X):
    return scaled(rng, rotated(rng, shifted(rng, X)))


INVARIANCES = {
    "A scaled by c, with λ by c²": Change(source=scaled),  # λ is relative to tr(AᵀA)
    "[A, A], with λ halved": Change(source=lambda rng, A: np.hstack([A, A]), factor=2),  # so A at λ/2 is [A, A] at λ
    "an orthogonal map of A": Change(source=rotated),
    "an orthogonal map of B": Change(target=rotated),
    "a shift of A": Change(source=shifted),
    "a shift of B": Change(target=shifted),
    "a scaling of all of B": Change(target=scaled),
    "a permutation of A's features": Change(source=shuffled),
    "a permutation of B's features": Change(target=shuffled),
    "dead features of B": Change(target=lambda rng, B: np.hstack([B, np.ones((len(B), 2))])),
    "all of them": Change(moved, moved),
}


@pytest.mark.parametrize("change", INVARIANCES.values(), ids=INVARIANCES.keys())
@PROPERTY
@given(seed=SEEDS, penalty=RELATIVE_PENALTIES)
def test_at_any_penalty_span_error_and_its_contributions_do_not_change_under(change, seed, penalty):
    blocks = world(seed)
    changed = change(generator(seed + 1), blocks)
    before = span_error(blocks, ridge_regression(blocks, "A", "B"), penalty=penalty)
    after = span_error(changed, ridge_regression(changed, "A", "B"), penalty=penalty * change.factor)
    assert_same_measured(after, before)


@PROPERTY
@given(SEEDS)
def test_an_invertible_map_of_the_source_changes_nothing_without_a_penalty(seed):
    blocks = world(seed)
    changed = Change(source=mapped)(generator(seed + 1), blocks)
    before, after = (span_error(b, ridge_regression(b, "A", "B"), penalty=0.0) for b in (blocks, changed))
    assert_same_measured(after, before)


def test_an_invertible_map_of_the_source_changes_much_under_a_penalty():
    blocks = world()
    changed = with_arrays(blocks, A=np.asarray(blocks["A"][:]) * [10, 1, 1, 1, 1])
    before, after = (span_error(b, ridge_regression(b, "A", "B"), penalty=0.1).value for b in (blocks, changed))
    assert abs(after / before - 1) > 0.05


def test_scaling_one_feature_of_the_target_alone_changes_its_weight_in_the_pool():
    blocks = world()
    changed = with_arrays(blocks, B=np.asarray(blocks["B"][:]) * [100, 1, 1, 1])
    one = with_arrays(blocks, B=np.asarray(blocks["B"][:])[:, :1])
    values = [span_error(b, ridge_regression(b, "A", "B"), penalty=0.1).value for b in (blocks, changed, one)]
    assert values[1] == pytest.approx(values[2], rel=1e-2)
    assert abs(values[1] / values[0] - 1) > 0.05


@PROPERTY
@given(SEEDS)
def test_the_order_of_the_rows_changes_no_measurement_of_an_example(seed):
    blocks = world(seed)
    mixed = reordered(blocks, generator(seed + 1).permutation(100))
    errors = [span_error(b, ridge_regression(b, "A", "B")) for b in (blocks, mixed)]
    performances = [feature_performance(b, ["A", "B"]) for b in (blocks, mixed)]
    for a, b in (errors, performances):
        assert a.penalty == b.penalty
        assert a.value == pytest.approx(b.value, rel=1e-9)
        np.testing.assert_allclose(by_id(blocks, a.contributions), by_id(mixed, b.contributions), rtol=1e-6, atol=1e-9)


@PROPERTY
@given(SEEDS, RELATIVE_PENALTIES)
def test_span_error_is_its_definition_and_the_mean_of_its_contributions(seed, penalty):
    blocks = world(seed)
    (A, A_held), (B, B_held) = split(blocks, "A", "B")
    centre, centred = B.mean(axis=0), A - A.mean(axis=0)
    W = np.linalg.solve(centred.T @ centred + absolute(penalty, A) * np.eye(5), centred.T @ (B - centre))
    predicted = centre + (A_held - A.mean(axis=0)) @ W
    measured = span_error(blocks, ridge_regression(blocks, "A", "B"), penalty=penalty)
    expected = fse(predicted, B_held, centre)
    assert measured.value == pytest.approx(expected, rel=1e-8)
    assert measured.contributions.mean() == pytest.approx(expected, rel=1e-8)
    q, v = (((B_held - other) ** 2).sum(axis=1) for other in (predicted, centre))
    np.testing.assert_allclose(measured.contributions, (q - expected * (v - v.mean())) / v.mean(), rtol=1e-6, atol=1e-8)
    assert measured.penalty == penalty


@PROPERTY
@given(SEEDS, RELATIVE_PENALTIES, st.sampled_from([(60, 5), (12, 30)]))
def test_the_second_pass_over_the_rows_equals_the_path_from_moments(seed, penalty, shape):
    blocks = world(seed, fit=shape[0], source=shape[1])
    regression = ridge_regression(blocks, "A", "B")
    value = span_error(blocks, regression, penalty=penalty).value
    np.testing.assert_allclose(regression.path(np.array([penalty])), [value], rtol=1e-8)
    assert value >= 0


def test_the_penalty_is_the_cross_validated_one_unless_given():
    blocks = world(noise=1.0)
    regression = ridge_regression(blocks, "A", "B")
    assert_same_measured(
        span_error(blocks, regression), span_error(blocks, regression, penalty=regression.penalty), rtol=0
    )
    assert span_error(blocks, regression).penalty == regression.penalty
    np.testing.assert_array_equal(
        residuals(blocks, regression), residuals(blocks, regression, penalty=regression.penalty)
    )


def test_span_error_tells_a_span_from_none_by_the_held_out_rows():
    blocks = with_arrays(world(noise=0.01), C=generator().normal(size=(100, 4)))
    assert span_error(blocks, ridge_regression(blocks, "A", "B")).value < 0.001
    assert span_error(blocks, ridge_regression(blocks, "A", "A"), penalty=1e-8).value < 1e-6
    assert span_error(blocks, ridge_regression(blocks, "C", "B"), penalty=0.1).value > 0.9


def test_held_out_span_error_may_exceed_1_where_that_of_the_fit_rows_may_not():
    rng = generator(5)
    blocks = blocks_of(heldout=np.arange(100) >= 40, A=rng.normal(size=(100, 30)), B=rng.normal(size=(100, 4)))
    regression = ridge_regression(blocks, "A", "B")
    assert span_error(blocks, regression, penalty=1e-6).value > 1.5
    assert regression.path(np.array([1e-6]), regression.source.whole.rows) < 1


def test_noise_without_a_penalty_costs_what_its_degrees_of_freedom_cost():
    fit, features, worlds = 20, 5, 300
    values, errors = [], []
    for seed in range(worlds):
        rng = generator(seed)
        A, B = rng.normal(size=(fit + 400, features)), rng.normal(size=(fit + 400, 8))
        blocks = blocks_of(heldout=np.arange(fit + 400) >= fit, A=A, B=B)
        values.append(span_error(blocks, ridge_regression(blocks, "A", "B"), penalty=0.0).value)
        errors.append(values[-1] * np.mean((B[fit:] - B[:fit].mean(axis=0)) ** 2))
    freedom = 1 + features / (fit - features - 2)
    # The fit mean is a guess as well: it adds 1/n to the squared error, and to the distances that divide it.
    for found, expected in ((errors, (1 + 1 / fit) * freedom), (values, freedom)):
        assert 4 * np.std(found) / np.sqrt(worlds) < 0.05
        assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / np.sqrt(worlds))


def test_a_span_gap_is_a_difference_example_by_example():
    blocks = with_arrays(world(), C=np.asarray(world()["A"][:])[:, :2])
    studied, baseline = (
        span_error(blocks, ridge_regression(blocks, source, "B"), penalty=0.01) for source in ("C", "A")
    )
    gap = span_gap(studied, baseline)
    assert gap.value == studied.value - baseline.value > 0
    np.testing.assert_array_equal(gap.contributions, studied.contributions - baseline.contributions)
    assert gap.contributions.mean() == pytest.approx(gap.value)
    assert np.isnan(gap.penalty)
