import numpy as np
import pytest
from hypothesis import given
from worlds import PROPERTY, SEEDS, generator

from overparam.errors import MeasurementError
from overparam.metrics.jackknife import GROUPS, Jackknife
from overparam.metrics.neighbours import SIMILARITIES
from overparam.metrics.stats import Effect

BY_NAME = {measure.name: measure for measure in SIMILARITIES}
EVERY = pytest.mark.parametrize("measure", SIMILARITIES, ids=BY_NAME)


def pair(seed=0, count=100):
    rng = generator(seed)
    A = rng.normal(size=(count, 5))
    return A, A @ rng.normal(size=(5, 4)) + rng.normal(size=(count, 4))


@EVERY
@PROPERTY
@given(SEEDS)
def test_contributions_have_the_measure_as_mean_and_the_jackknife_variance(measure, seed):
    A, B = pair(seed)
    jackknife = Jackknife(A, B)
    contributions = jackknife.contributions(measure, jackknife.value(measure))
    assert contributions.shape == (GROUPS,)
    assert jackknife.value(measure) == pytest.approx(measure(A, B), rel=1e-9)
    assert contributions.mean() == pytest.approx(measure(A, B), rel=1e-9)
    kept = [np.arange(100) % GROUPS != g for g in range(GROUPS)]
    without = np.array([measure(A[rows], B[rows]) for rows in kept])
    variance = (GROUPS - 1) / GROUPS * np.sum((without - without.mean()) ** 2)
    assert Effect.of(contributions).shared[0, 0] == pytest.approx(variance, rel=1e-6)


@pytest.mark.parametrize("name", ["linear CKA", "mean CCA", "RSA", "Procrustes distance"])
def test_its_standard_error_is_that_of_drawing_other_rows(name):
    drawn = [Jackknife(*pair_of_one_world(k)) for k in range(100)]
    spread = np.std([each.value(BY_NAME[name]) for each in drawn])
    told = np.sqrt(
        np.mean(
            [
                Effect.of(each.contributions(BY_NAME[name], each.value(BY_NAME[name]))).shared[0, 0]
                for each in drawn[:30]
            ]
        )
    )
    assert told == pytest.approx(spread, rel=0.35)


def pair_of_one_world(draw, count=200):
    maps, rng = generator(5).normal(size=(5, 4)), generator(draw)
    A = rng.normal(size=(count, 5))
    return A, A @ maps + rng.normal(size=(count, 4))


def test_what_looks_at_single_rows_takes_so_many_evenly_spaced(monkeypatch):
    monkeypatch.setattr("overparam.metrics.jackknife.ROWS", 34)
    A, B = pair()
    assert Jackknife(A, B).value(BY_NAME["RSA"]) == BY_NAME["RSA"](A[::3], B[::3])
    assert Jackknife(A, B).value(BY_NAME["linear CKA"]) == pytest.approx(BY_NAME["linear CKA"](A, B))


def test_too_few_rows_for_nine_tenths_of_them_are_refused():
    jackknife = Jackknife(*pair(count=10))
    assert jackknife.value(BY_NAME["mean CCA"]) < 1
    with pytest.raises(MeasurementError, match="more than 9 rows"):
        jackknife.contributions(BY_NAME["mean CCA"], 0.5)
