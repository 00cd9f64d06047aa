"""Cross-validation on few fit rows: what scikit-learn finds over the same folds, or a refusal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.metrics import log_loss
from worlds import PROPERTY, SEEDS, absolute, generator, split

from overparam.errors import MeasurementError
from overparam.metrics import probe_penalty
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import feature_performance, ridge_regression
from overparam.metrics.moments import FOLDS, LEAST_FIT_ROWS, Moments, check_folds
from overparam.metrics.ridge import PENALTIES


def in_folds(sizes, seed=0, *, source=6, target=4, labels=None):
    """Blocks A and B that share three latent numbers, with so many fit rows in each fold, and two rows held out."""
    candidates = np.arange(1000)
    falls = Blocks({"A": np.ones((1000, 1))}, candidates, np.zeros(1000), candidates >= 998).folds(FOLDS)
    ids = np.concatenate([candidates[:998][falls[:998] == fold][:size] for fold, size in enumerate(sizes)])
    rng, count = generator(seed), len(ids) + 2
    z = rng.normal(size=(count, 3))
    A, B = (z @ rng.normal(size=(3, k)) + 0.2 * rng.normal(size=(count, k)) for k in (source, target))
    labels = np.zeros(count) if labels is None else labels
    return Blocks({"A": A, "B": B}, np.r_[ids, 998, 999], labels, np.arange(count) >= len(ids))


def plain_loop(blocks):
    """Cross-validated squared error of scikit-learn's ridge regression at every penalty."""
    (A, _), (B, _) = split(blocks, "A", "B")
    folds = blocks.folds(FOLDS)[~blocks.heldout]
    errors = np.zeros(len(PENALTIES))
    for fold in np.unique(folds):
        rest = folds != fold
        for k, penalty in enumerate(PENALTIES):
            model = SklearnRidge(alpha=absolute(penalty, A[rest]), solver="svd").fit(A[rest], B[rest])
            errors[k] += np.sum((B[~rest] - model.predict(A[~rest]).reshape(-1, B.shape[1])) ** 2)
    return errors


SIZES = st.lists(st.integers(0, 12), min_size=FOLDS, max_size=FOLDS).filter(
    lambda sizes: sum(sizes) >= LEAST_FIT_ROWS and np.count_nonzero(sizes) > 1
)


@given(sizes=SIZES, seed=SEEDS, source=st.integers(1, 20), target=st.integers(1, 4))
@PROPERTY
def test_few_rows_in_any_folds_give_the_errors_of_scikit_learn(sizes, seed, source, target):
    blocks = in_folds(sizes, seed, source=source, target=target)
    expected = plain_loop(blocks)
    np.testing.assert_allclose(
        ridge_regression(blocks, "A", "B").cross_validated_errors.sum(axis=0), expected, rtol=1e-5
    )


@pytest.mark.parametrize(
    "sizes", [(9, 1, 0, 0, 0), (0, 1, 9, 0, 0), (10, 0, 0, 0, 2), (11, 0, 1, 1, 0), (2, 2, 2, 2, 2)]
)
@pytest.mark.parametrize("seed", range(3))
def test_a_fold_that_leaves_one_row_or_two_leaves_no_rounding_noise(sizes, seed):
    blocks = in_folds(sizes, seed)
    found, expected = ridge_regression(blocks, "A", "B").cross_validated_errors.sum(axis=0), plain_loop(blocks)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert np.argmin(found) == np.argmin(expected)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_rows_that_are_far_from_the_origin_leave_none_either(scale):
    blocks = in_folds((1, 9, 0, 0, 0))
    far = Blocks({n: scale * (b[:] + 1e4) for n, b in blocks.arrays.items()}, blocks.ids, blocks.labels, blocks.heldout)
    near = ridge_regression(blocks, "A", "B").cross_validated_errors
    np.testing.assert_allclose(ridge_regression(far, "A", "B").cross_validated_errors / scale**2, near, rtol=1e-5)


TOO_FEW = [
    ((3, 1, 0, 0, 0), "4 fit rows in 2 folds"),
    ((2, 2, 2, 2, 1), "9 fit rows in 5 folds"),
    ((9, 0, 0, 0, 0), "9 fit rows in 1 folds"),
    ((12, 0, 0, 0, 0), "12 fit rows in 1 folds"),
    ((0, 0, 40, 0, 0), "40 fit rows in 1 folds"),
    ((1, 1, 1, 1, 1), "5 fit rows in 5 folds"),
    ((0, 2, 0, 0, 0), "2 fit rows in 1 folds"),
]


@pytest.mark.parametrize(("sizes", "message"), TOO_FEW)
def test_too_few_rows_or_folds_to_choose_a_penalty_are_refused(sizes, message):
    labels = np.arange(sum(sizes) + 2) % 2
    blocks = in_folds(sizes, labels=labels)
    for choose in (
        lambda: ridge_regression(blocks, "A", "B").penalty,
        lambda: feature_performance(blocks, ["A"]),
        lambda: check_folds(sizes),
    ):
        with pytest.raises(MeasurementError, match=f"^{message} are too few .* leave 10 or more, in two folds or more"):
            choose()


@pytest.mark.parametrize("sizes", [sizes for sizes, _ in TOO_FEW])
def test_a_penalty_that_is_given_needs_no_folds(sizes):
    blocks = in_folds(sizes, labels=np.arange(sum(sizes) + 2) % 2)
    assert np.isfinite(ridge_regression(blocks, "A", "B").path(np.array([0.1]))).all()
    assert feature_performance(blocks, ["A"], penalty=1.0).value >= 0


def test_the_fit_split_is_all_folds_and_each_fold_is_left_out_once():
    moments = Moments.of(in_folds((4, 0, 5, 1, 3)))
    pairs = moments.without_each_fold()
    assert [fold.count for _, fold in pairs] == [4, 5, 1, 3]
    for others, fold in pairs:
        assert others.count + fold.count == moments.fit.count == 13
        np.testing.assert_allclose((others + fold).scatter, moments.fit.scatter, rtol=1e-12)


def with_rare(rare, seed, classes=2, count=200):
    """Features that tell the class, of which the last has so few fit rows, and their folds."""
    rng = generator(seed)
    labels = rng.permutation(np.r_[np.full(rare, classes - 1), np.arange(count - rare) % (classes - 1)])
    return rng.normal(size=(count, 5)) + labels[:, None], labels, rng.integers(FOLDS, size=count)


@pytest.mark.parametrize("rare", [1, 3])
@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("penalties", [(1e3, 10.0), (10.0, 0.1)])
def test_a_rare_class_is_scored_where_it_was_seen_as_by_scikit_learn(monkeypatch, rare, classes, penalties):
    features, labels, folds = with_rare(rare, 0, classes)
    folds[labels == classes - 1] = 3  # all in one fold
    losses = np.zeros(len(penalties))
    for fold in range(FOLDS):
        rest = folds != fold
        seen = np.unique(labels[rest])
        scored = ~rest & np.isin(labels, seen)
        for k, penalty in enumerate(penalties):
            if len(seen) > 1:
                C = (2 if len(seen) == 2 else 1) / penalty  # one vector w of scikit-learn's is ±w/2 of ours
                model = LogisticRegression(C=C, tol=1e-8, max_iter=10_000).fit(features[rest], labels[rest])
                chances = model.predict_proba(features[scored])
                losses[k] += log_loss(labels[scored], chances, labels=seen, normalize=False)
    monkeypatch.setattr(probe_penalty, "PENALTIES", penalties)
    assert probe_penalty.cross_validate(features, labels, classes, folds).penalty == penalties[int(np.argmin(losses))]


@pytest.mark.parametrize("fold", range(FOLDS))
def test_a_class_of_one_fit_row_has_a_performance_whichever_fold_that_is_in(fold):
    rare = np.zeros(102)
    rare[[20 * fold + 7, -1]] = 1  # rows stand in the order of their folds, and the last is held out
    assert 0 <= feature_performance(in_folds((20,) * FOLDS, labels=rare), ["A"]).value <= 1


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_classes_that_are_all_in_a_fold_of_their_own_are_refused(classes):
    labels = np.arange(50) % classes
    with pytest.raises(MeasurementError, match="fewer than two folds leave at least two classes to fit a probe to"):
        probe_penalty.cross_validate(generator().normal(size=(50, 4)), labels, classes, labels)
