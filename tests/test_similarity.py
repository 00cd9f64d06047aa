import numpy as np
import pytest
import scipy.spatial
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.cross_decomposition import CCA
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from worlds import PROPERTY, SEEDS, generator, orthogonal, split, world

from overparam.errors import MeasurementError
from overparam.metrics.moments import Moments
from overparam.metrics.neighbours import NEIGHBOURS
from overparam.metrics.neighbours import SIMILARITIES as MEASURES
from overparam.metrics.similarity import Pair

BY_NAME = {measure.name: measure for measure in MEASURES}
EVERY = pytest.mark.parametrize("measure", MEASURES, ids=BY_NAME)


def pair(seed: int = 0, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """A (100, 5) and B (100, 4), related."""
    blocks = world(seed, noise=noise)
    return np.asarray(blocks["A"][:]), np.asarray(blocks["B"][:])


def most_alike(measure) -> float:
    return measure.range[measure.larger_is_more_similar]


def centred(X):
    return X - X.mean(axis=0)


# What a measure may be declared invariant to, each with an example of it.
CHANGES = {
    "orthogonal maps": lambda rng, X: X @ orthogonal(rng, X.shape[1]),
    "isotropic scaling": lambda rng, X: 10 ** rng.uniform(-5, 5) * rng.choice([-1, 1]) * X,
    "translation": lambda rng, X: X + 10 * X.std() * rng.normal(size=X.shape[1]),
    "invertible maps": lambda rng, X: X @ orthogonal(rng, X.shape[1]) * np.geomspace(0.1, 10, X.shape[1]),
}
DECLARED = [(measure, change) for measure in MEASURES for change in CHANGES if change in measure.invariances]
BROKEN = [(measure, change) for measure in MEASURES for change in CHANGES if change not in measure.invariances]


def cases(pairs):
    return pytest.mark.parametrize(("measure", "change"), pairs, ids=[f"{m.name}, {change}" for m, change in pairs])


@cases(DECLARED)
@PROPERTY
@given(seed=SEEDS)
def test_declared_invariances_hold_for_either_block_and_both(measure, change, seed):
    (A, B), rng, apply = pair(seed), generator(seed + 1), CHANGES[change]
    expected = pytest.approx(measure(A, B), rel=1e-7, abs=1e-9)
    assert measure(apply(rng, A), B) == expected
    assert measure(A, apply(rng, B)) == expected
    assert measure(apply(rng, A), apply(rng, B)) == expected


@cases(BROKEN)
def test_undeclared_invariances_are_broken(measure, change):
    A, B = pair()
    assert abs(measure(CHANGES[change](generator(1), A), B) - measure(A, B)) > 1e-3


def test_every_invariance_has_its_example():
    assert set(CHANGES) == set.union(*(set(measure.invariances) for measure in MEASURES))


@PROPERTY
@given(SEEDS)
def test_projection_weighted_cca_looks_at_the_span_alone_of_its_second_block(seed):
    A, B = pair(seed)
    changed = CHANGES["invertible maps"](generator(seed + 1), B)
    measure = BY_NAME["projection-weighted CCA"]
    assert measure(A, changed) == pytest.approx(measure(A, B), rel=1e-7)


@EVERY
@PROPERTY
@given(seed=SEEDS)
def test_blocks_may_be_exchanged_where_declared(measure, seed):
    A, B = pair(seed)
    if measure.symmetric:
        assert measure(A, B) == pytest.approx(measure(B, A), rel=1e-9, abs=1e-12)
    else:
        assert abs(measure(A, B) - measure(B, A)) > 1e-6


@EVERY
@PROPERTY
@given(seed=SEEDS)
def test_nothing_is_more_alike_than_a_block_and_itself(measure, seed):
    A, _ = pair(seed)
    assert measure(A, A) == pytest.approx(most_alike(measure), abs=1e-9)


@EVERY
@PROPERTY
@given(seed=SEEDS, noise=st.floats(0, 10), rows=st.integers(12, 100))
def test_values_stay_in_their_range(measure, seed, noise, rows):
    A, B = (X[:rows] for X in pair(seed, noise))
    least, greatest = measure.range
    assert least - 1e-12 <= measure(A, B) <= greatest + 1e-12


@EVERY
def test_noise_makes_blocks_less_alike_in_the_declared_direction(measure):
    values = [measure(*pair(noise=noise)) for noise in (0.01, 0.3, 1, 5)]
    assert values == sorted(values, reverse=measure.larger_is_more_similar)
    assert abs(values[0] - most_alike(measure)) < abs(values[-1] - most_alike(measure))


@EVERY
@PROPERTY
@given(seed=SEEDS)
def test_the_order_of_the_examples_changes_nothing_but_that_of_one_block_does(measure, seed):
    (A, B), order = pair(seed), generator(seed).permutation(100)
    value, apart = measure(A, B), abs(measure(A, B[order]) - most_alike(measure))
    assert measure(A[order], B[order]) == pytest.approx(value, rel=1e-9)
    assert apart > 1.1 * abs(value - most_alike(measure))  # neighbours of B, A mapped, are others even without noise


@EVERY
@PROPERTY
@given(seed=SEEDS, offset=st.sampled_from([0, 1e4]))
def test_repeated_and_constant_features_change_nothing(measure, seed, offset):
    rank_deficient = [np.hstack([X, X, np.full((100, 1), 1 / 3)]) + offset for X in pair(seed)]
    assert measure(*rank_deficient) == pytest.approx(measure(*pair(seed)), rel=1e-6)


@EVERY
def test_narrow_formats_are_computed_in_float64(measure):
    A, B = (X.astype(np.float16) for X in pair())
    assert measure(A, B) == pytest.approx(measure(A.astype(np.float64), B.astype(np.float64)), rel=1e-12)


@pytest.mark.parametrize("measure", [m for m in MEASURES if m.takes == "moments"], ids=lambda measure: measure.name)
def test_moments_of_the_held_out_rows_give_what_the_rows_give(measure):
    blocks = world()
    moments = Moments.of(blocks)
    (_, A), (_, B) = split(blocks, "A", "B")
    from_moments = measure.of(Pair(moments.heldout, moments.block("A"), moments.block("B")))
    assert from_moments == pytest.approx(measure(A, B), rel=1e-10)


# Independent ways to the same numbers.


def cka_of_gram_matrices(A, B):
    H = np.eye(len(A)) - 1 / len(A)
    K, L = (H @ X @ X.T @ H for X in (A, B))
    return np.trace(K @ L) / np.sqrt(np.trace(K @ K) * np.trace(L @ L))


def debiased_cka_of_gram_matrices(A, B):
    n, one = len(A), np.ones(len(A))
    grams = [X @ X.T * (1 - np.eye(n)) for X in (A, B)]

    def hsic(K, L):
        total = np.trace(K @ L) + (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
        return (total - 2 / (n - 2) * (one @ K @ L @ one)) / (n * (n - 3))

    return hsic(*grams) / np.sqrt(hsic(grams[0], grams[0]) * hsic(grams[1], grams[1]))


def cca_of_sklearn(A, B):
    k = min(A.shape[1], B.shape[1])
    scores = CCA(n_components=k, max_iter=10_000, tol=1e-14).fit_transform(A, B)
    return np.mean([np.corrcoef(scores[0][:, i], scores[1][:, i])[0, 1] for i in range(k)])


def svcca_of_sklearn(A, B):
    return np.cos(subspace_angles(*(PCA(n_components=0.99).fit_transform(X) for X in (A, B)))).mean()


def projection_weighted_cca_of_rows(A, B):
    (Q_a, _), (Q_b, _) = (np.linalg.qr(centred(X)) for X in (A, B))
    U, correlations, _ = np.linalg.svd(Q_a.T @ Q_b, full_matrices=False)
    weights = np.abs(centred(A).T @ (Q_a @ U)).sum(axis=0)
    return np.sum(weights / weights.sum() * correlations)


def rsa_of_scipy(A, B):
    return spearmanr(pdist(A, "sqeuclidean"), pdist(B, "sqeuclidean")).statistic


def procrustes_of_scipy(A, B):
    width = max(A.shape[1], B.shape[1])
    padded = [np.pad(X, ((0, 0), (0, width - X.shape[1]))) for X in (A, B)]
    return 2 - 2 * np.sqrt(1 - scipy.spatial.procrustes(*padded)[2])


def mutual_neighbours_of_sklearn(A, B):
    a, b = (NearestNeighbors(n_neighbors=NEIGHBOURS).fit(X).kneighbors(return_distance=False) for X in (A, B))
    return np.mean([len({*p} & {*q}) / NEIGHBOURS for p, q in zip(a.tolist(), b.tolist(), strict=True)])


REFERENCES = {
    "mutual nearest neighbours": mutual_neighbours_of_sklearn,
    "linear CKA": cka_of_gram_matrices,
    "debiased linear CKA": debiased_cka_of_gram_matrices,
    "mean CCA": cca_of_sklearn,
    "SVCCA": svcca_of_sklearn,
    "projection-weighted CCA": projection_weighted_cca_of_rows,
    "RSA": rsa_of_scipy,
    "Procrustes distance": procrustes_of_scipy,
}


@EVERY
@PROPERTY
@given(seed=SEEDS, noise=st.floats(0.1, 2))
def test_measures_equal_an_independent_implementation(measure, seed, noise):
    for A, B in (pair(seed, noise), pair(seed, noise)[::-1]):
        assert measure(A, B) == pytest.approx(REFERENCES[measure.name](A, B), abs=1e-6)


# A's features have these lengths, B's have length 1; they correlate by 0.9 and 0.3, one with one.
BY_HAND = [
    ("linear CKA", (3, 1), (9 * 0.81 + 1 * 0.09) / np.sqrt(82 * 2)),
    ("mean CCA", (3, 1), 0.6),
    ("SVCCA", (3, 1), 0.6),
    ("SVCCA", (100, 1), 0.9),  # the second direction explains less than 1 %
    ("projection-weighted CCA", (3, 1), (3 * 0.9 + 1 * 0.3) / 4),
    ("Procrustes distance", (3, 1), 2 - 2 * (3 * 0.9 + 1 * 0.3) / np.sqrt(10 * 2)),
]


@pytest.mark.parametrize(("name", "lengths", "expected"), BY_HAND)
def test_cases_by_hand(name, lengths, expected):
    axes = np.linalg.qr(centred(generator().normal(size=(30, 4))))[0]  # centred, uncorrelated, of length 1
    correlations = np.array([0.9, 0.3])
    B = axes[:, :2] * correlations + axes[:, 2:] * np.sqrt(1 - correlations**2)
    assert BY_NAME[name](axes[:, :2] * lengths, B) == pytest.approx(expected, rel=1e-9)


# Blocks that no measure has a right number for, and what the message must say.
REFUSED = {
    "NaN": (lambda A, B: (A * np.nan, B), "first block has features that are NaN or infinite"),
    "infinity": (lambda A, B: (A, B * np.inf), "second block has features that are NaN or infinite"),
    "rows missing": (lambda A, B: (A[1:], B), "99 and 100 rows"),
    "one axis": (lambda A, B: (A, B[:, 0]), r"second block has shape \(100,\)"),
    "no features": (lambda A, B: (A[:, :0], B), r"first block has shape \(100, 0\)"),
    "no variance": (lambda A, B: (A, 0 * B + 1 / 3), "second block do(es)? not vary"),
    "no rows": (lambda A, B: (A[:0], B[:0]), "does not vary|needs at least 3 rows"),
    "one row": (lambda A, B: (A[:1], B[:1]), "does not vary|needs at least 3 rows"),
}


@EVERY
@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_right_number_is_refused(measure, change, message):
    with pytest.raises(MeasurementError, match=message):
        measure(*change(*pair()))


ALONE, SIMPLEX = np.eye(100)[:, :1], np.eye(100)  # one row differs from the others; all rows are equally far apart
REFUSED_BY = [
    ("mean CCA", lambda A, B: (A[:9], B[:9]), "5 and 4 independent features .* more than 9 rows"),
    ("projection-weighted CCA", lambda A, B: (A[:9], B[:9]), "more than 9 rows"),
    ("SVCCA", lambda A, B: (SIMPLEX, B), "99 and . independent features"),
    ("debiased linear CKA", lambda A, B: (A[:3], B[:3]), "at least 4 rows: there are 3"),
    ("debiased linear CKA", lambda A, B: (ALONE, B), "first block has HSIC 0 with itself"),
    ("debiased linear CKA", lambda A, B: (A, SIMPLEX), "second block has HSIC 0 with itself"),
    ("RSA", lambda A, B: (A[:2], B[:2]), "at least 3 rows: there are 2"),
    ("RSA", lambda A, B: (A, SIMPLEX), "distances between rows of the second block do not vary"),
    ("mutual nearest neighbours", lambda A, B: (A[:11], B[:11]), "of 11 rows nearly all .* give at least 12"),
]


@pytest.mark.parametrize(("name", "change", "message"), REFUSED_BY)
def test_what_a_measure_has_no_right_number_for_is_refused(name, change, message):
    with pytest.raises(MeasurementError, match=message):
        BY_NAME[name](*change(*pair()))


@pytest.mark.parametrize("name", ["mean CCA", "SVCCA", "projection-weighted CCA"])
def test_one_row_more_than_features_is_enough_for_canonical_correlations(name):
    A, B = (X[:10] for X in pair())
    assert BY_NAME[name](A, B) < 1
