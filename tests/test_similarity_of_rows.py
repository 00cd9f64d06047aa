"""Measures of similarity that look at single rows, of which there may be few, or more than are compared."""

import numpy as np
import pytest
from test_similarity import BY_NAME, pair
from worlds import generator


def test_debiasing_takes_away_what_few_rows_give_unrelated_blocks():
    rng, measures = generator(), (BY_NAME["linear CKA"], BY_NAME["debiased linear CKA"])
    blocks = [rng.normal(size=(2, 20, 40)) for _ in range(200)]
    biased, debiased = (np.array([measure(A, B) for A, B in blocks]) for measure in measures)
    assert biased.mean() > 0.6
    assert abs(debiased.mean()) < 3 * debiased.std() / np.sqrt(len(blocks)) < 0.02


def test_rsa_takes_a_bounded_number_of_rows_evenly_spaced(monkeypatch):
    A, B = pair()
    rsa = BY_NAME["RSA"]
    monkeypatch.setattr("overparam.metrics.similarity.ROWS", 10)
    assert rsa(A, B) == rsa(A[::11], B[::11])


def test_mutual_neighbours_take_a_bounded_number_of_rows_evenly_spaced(monkeypatch):
    (A, B), measure = pair(), BY_NAME["mutual nearest neighbours"]
    monkeypatch.setattr("overparam.metrics.neighbours.ROWS", 34)
    assert measure(A, B) == measure(A[::3], B[::3])


def test_unrelated_rows_share_as_many_neighbours_as_chance_gives():
    rng = generator()
    values = [BY_NAME["mutual nearest neighbours"](*rng.normal(size=(2, 101, 5))) for _ in range(50)]
    assert np.mean(values) == pytest.approx(10 / 100, abs=0.01)
