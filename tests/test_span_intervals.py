"""The intervals of any networks beside each other: over held-out examples, and over replicates."""

import numpy as np
import pytest
from test_span_matrix import COUNT, SPLIT, entry, networks, spans
from worlds import generator

import overparam
from overparam.compare.span_matrix import span_matrix


def test_one_replicate_has_the_bounds_of_held_out_examples():
    given = networks()
    found = entry(spans(given), "FSE", "A", "B")
    blocks = overparam.Blocks(given, np.arange(COUNT), heldout=SPLIT)
    measured = overparam.span_error(blocks, overparam.ridge_regression(blocks, "A", "B"))
    error = measured.contributions.std(ddof=1) / np.sqrt(SPLIT.sum())
    assert found.upper - found.value == pytest.approx(1.6448536 * error)
    assert found.value - found.lower == pytest.approx(1.6448536 * error)


def test_replicates_have_the_bounds_of_effects():
    replicates = {f"r{k}": networks(10 * k) for k in range(3)}
    matrix = span_matrix(replicates, heldout=SPLIT)
    every = [overparam.Blocks(of_one, np.arange(COUNT), heldout=SPLIT) for of_one in replicates.values()]
    contributions = [
        overparam.span_error(blocks, overparam.ridge_regression(blocks, "A", "B")).contributions for blocks in every
    ]
    effect, found = overparam.Effect.of(np.stack(contributions)), entry(matrix, "FSE", "A", "B")
    np.testing.assert_allclose(found.values, effect.values)
    assert (found.value, found.lower, found.upper) == pytest.approx((effect.mean, effect.lower, effect.upper))
    assert matrix.replicates == ("r0", "r1", "r2")
    assert entry(matrix, "linear CKA", "A", "B").lower < entry(matrix, "linear CKA", "A", "B").value


def test_the_interval_of_one_replicate_holds_what_more_examples_say():
    """Of 95 % bounds about one in twenty misses; of 60 splits of one world no more than eight."""
    rng = generator(3)
    latent, maps = rng.normal(size=(6060, 4)), rng.normal(size=(2, 4, 3))
    given = {name: latent @ W + rng.normal(size=(6060, 3)) for name, W in zip("AB", maps, strict=True)}
    fit = np.arange(6060) < 60
    missed = {"FSE": 0, "linear CKA": 0}
    for measure in missed:
        truth = span_matrix(given, heldout=~fit, measures=[measure]).values(measure)[0, 1]
        for part in range(60):
            rows = np.flatnonzero(fit | (np.arange(6060) % 60 == part))
            few = {name: features[rows] for name, features in given.items()}
            found = span_matrix(few, heldout=~fit[rows], measures=[measure]).entries[0]
            missed[measure] += not found.lower <= truth
    assert max(missed.values()) <= 8
