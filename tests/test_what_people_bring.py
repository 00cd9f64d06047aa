"""What people bring: for each the number, found once more without this package's algebra, or the sentence."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as SklearnRidge
from worlds import absolute, fse, generator

import overparam
from overparam.metrics.blocks import Blocks
from overparam.metrics.ridge import PENALTIES

N, P = 120, 6
HELD = generator(4).permutation(N) < 40
LATENT = generator(1).normal(size=(N, 4))
X = LATENT @ generator(2).normal(size=(4, P)) + 0.5 * generator(3).normal(size=(N, P)) + 2
Y = LATENT @ generator(5).normal(size=(4, 3)) + 0.5 * generator(6).normal(size=(N, 3)) - 1
CLASSES = np.digitize(LATENT[:, 0], [-0.5, 0.5])


def mapped(path):
    """The features in a file, of which rows are read as they are asked for."""
    array = np.memmap(path / "features.dat", dtype=np.float32, mode="w+", shape=X.shape)
    array[:] = X
    return array


def to_float64(given):
    if isinstance(given, torch.Tensor):
        return given.detach().float().numpy().astype(np.float64)
    return np.asarray(given, dtype=np.float64)


def with_columns(values):
    return np.hstack([X, values])


# By what they are: source features, from a folder for files.
FEATURES = {
    "as they should be": lambda _: X,
    "rank-deficient": lambda _: X[:, :2] @ generator(7).normal(size=(2, P)),
    "dead": lambda _: np.zeros_like(X),
    "constant": lambda _: np.full_like(X, 0.1),
    "dead in part": lambda _: X * [1, 0, 1, 0, 1, 1],
    "constant in part, of a number that binary cannot write": lambda _: with_columns(np.full((N, 3), 0.1)),
    "duplicated": lambda _: np.hstack([X, X, X[:, :2]]),
    "integer": lambda _: X.round().astype(np.int8),
    "unsigned": lambda _: np.abs(X).round().astype(np.uint16),
    "float16": lambda _: X.astype(np.float16),
    "bfloat16": lambda _: torch.tensor(X).bfloat16(),
    "big-endian": lambda _: X.astype(">f4"),
    "Fortran-ordered": lambda _: np.asfortranarray(X),
    "every other row and column of a larger array": lambda _: np.kron(X, np.ones((2, 2)))[::2, ::2],
    "memory-mapped": mapped,
    "a tensor that wants a gradient": lambda _: torch.tensor(X, requires_grad=True),
    "a data frame": lambda _: pd.DataFrame(X, columns=list("abcdef")),
    "one feature": lambda _: X[:, :1],
    "more features than rows": lambda _: X @ generator(8).normal(size=(P, 200)),
    "far from the origin": lambda _: X + 1e5,
    "of tiny and huge scales": lambda _: X * np.logspace(-3, 3, P),
    "four-dimensional, pooled as the sentence says": lambda _: (
        np.stack([X] * 4, axis=2).reshape(N, P, 2, 2).mean((2, 3))
    ),
}


def expected(source, target):
    """FSE by scikit-learn's SVD, at the penalty with the least error over the same folds."""
    folds = Blocks({"Y": target}, np.arange(N), heldout=HELD).folds(5)

    def predicted(penalty, fit, rows):
        model = SklearnRidge(alpha=absolute(penalty, source[fit]), solver="svd")
        return model.fit(source[fit], target[fit]).predict(source[rows]).reshape(rows.sum(), -1)

    def left_out(penalty):
        parts = [(~HELD & (folds != fold), folds == fold) for fold in range(5)]
        return sum(np.sum((target[part] - predicted(penalty, fit, part)) ** 2) for fit, part in parts)

    best = min(PENALTIES, key=left_out)
    return fse(predicted(best, ~HELD, HELD), target[HELD], target[~HELD].mean(axis=0))


@pytest.mark.parametrize("given", FEATURES.values(), ids=FEATURES.keys())
def test_features_give_the_number_that_scikit_learn_gives_of_them_as_sources(given, tmp_path):
    source = given(tmp_path)
    plain = to_float64(source)
    right = expected(plain, Y) if plain.std(axis=0).max() > 1e-12 else 1.0
    assert overparam.span_error(source, Y, heldout=HELD) == pytest.approx(right, rel=1e-6)


@pytest.mark.parametrize("given", FEATURES.values(), ids=FEATURES.keys())
def test_and_as_targets(given, tmp_path):
    target = given(tmp_path)
    plain = to_float64(target)
    if plain.std(axis=0).max() < 1e-12:
        with pytest.raises(overparam.OverparamError, match="block Y does not vary on the fit split"):
            overparam.span_error(Y, target, heldout=HELD)
    else:
        assert overparam.span_error(Y, target, heldout=HELD) == pytest.approx(expected(Y, plain), rel=1e-6)


# What gives no number, and the sentence.
REFUSED = {
    "four-dimensional": (X.reshape(N, P, 1, 1), r"of shape \(120, 6, 1, 1\) where .*features.mean\(\(2, 3\)\)"),
    "of one axis": (X[:, 0], r"of shape \(120,\) where numbers \(examples, features\) belong$"),
    "NaN": (np.where(X > 4, np.nan, X), r"NaN or infinite, first in row \d+"),
    "infinite": (np.where(X > 4, np.inf, X), r"NaN or infinite, first in row \d+"),
    "text": (X.astype(str), "X is <U32 of shape"),
    "text in a frame": (pd.DataFrame(X).assign(name="a"), "X is <U32 of shape"),
    "complex": (X.astype(complex), "X is complex128 of shape"),
    "boolean": (X > 2, "X is bool of shape"),
    "no features": (X[:, :0], r"of shape \(120, 0\) where"),
    "a nested list": (X.tolist(), r"X\[0\] is float64 of shape \(6,\) where"),  # a list is of arrays side by side
    "rows of unequal length": ([[[1.0], [1.0, 2.0]] * 60], "a list cannot be made an array"),
    "one row too few": (X[1:], "Y has 120 rows for 119 examples: align them"),
    "one example": (X[:1], "Y has 120 rows for 1 examples"),
}


@pytest.mark.parametrize(("given", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_are_no_features_is_one_sentence(given, sentence):
    with pytest.raises(overparam.OverparamError, match=sentence):
        overparam.span_error(given, Y, heldout=HELD)


def test_one_example_is_one_sentence():
    with pytest.raises(overparam.OverparamError, match="fewer than two rows are held out or left to fit"):
        overparam.span_error(X[:1], Y[:1], heldout=[0])


def test_float16_that_overflowed_is_one_sentence():
    with np.errstate(over="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        overflowed = (X * 1e5).astype(np.float16)
    with pytest.raises(overparam.OverparamError, match="NaN or infinite"):
        overparam.span_error(overflowed, Y, heldout=HELD)


# By what they are: labels that give a number, that of classes told in full.
LABELS = {
    "whole numbers": CLASSES,
    "from 1": CLASSES + 1,
    "with gaps": 10 * CLASSES,
    "floats": CLASSES.astype(float),
    "a column": CLASSES[:, None],
    "bytes": CLASSES.astype(np.uint8),
    "a list": CLASSES.tolist(),
    "a tensor": torch.tensor(CLASSES),
    "a series": pd.Series(CLASSES),
}


def accuracy(labels, penalty):
    """Held-out accuracy of scikit-learn's logistic regression on features as a probe scales them."""
    scaled = X - X[~HELD].mean(axis=0)
    scaled /= np.sqrt(np.mean(scaled[~HELD] ** 2))
    C = (2 if len(np.unique(labels[~HELD])) == 2 else 1) / penalty
    model = LogisticRegression(C=C, tol=1e-10, max_iter=10_000, solver="newton-cg").fit(scaled[~HELD], labels[~HELD])
    return model.score(scaled[HELD], labels[HELD])


def performance(labels):
    return overparam.feature_performance(Blocks({"X": X}, np.arange(N), labels, HELD), ["X"])


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS.keys())
def test_labels_give_the_number_that_scikit_learn_gives(labels):
    found = performance(labels)
    assert found.value == accuracy(CLASSES, found.penalty)


BESIDE = {
    "two classes": CLASSES > 0,
    "a class that no row to fit has": np.where(HELD & (np.arange(N) % 9 == 0), 7, CLASSES),
    "a class that no held-out row has": np.where(~HELD & (np.arange(N) % 9 == 0), 7, CLASSES),
}


@pytest.mark.parametrize("labels", BESIDE.values(), ids=BESIDE.keys())
def test_so_do_classes_that_stand_on_one_side_alone(labels):
    found = performance(labels)
    assert found.value == accuracy(labels, found.penalty)


def test_so_do_a_thousand_classes():
    labels = np.repeat(np.arange(1000), 3)
    rows = generator(9).normal(size=(1000, 3))[labels] + 0.05 * generator(10).normal(size=(3000, 3))
    held = np.arange(3000) % 3 == 2
    found = overparam.feature_performance(Blocks({"X": rows}, np.arange(3000), labels, held), ["X"], penalty=0.1)
    scaled = rows - rows[~held].mean(axis=0)
    scaled /= np.sqrt(np.mean(scaled[~held] ** 2))
    model = LogisticRegression(C=10, tol=1e-8, max_iter=2000).fit(scaled[~held], labels[~held])
    assert found.value == pytest.approx(model.score(scaled[held], labels[held]), abs=0.005)


NO_LABELS = {
    "text": (np.array(["cat", "dog", "cow"])[CLASSES], "where whole numbers belong: number the classes"),
    "one-hot": (np.eye(3)[CLASSES], r"such as labels.argmax\(axis=1\) of one-hot labels"),
    "−1 where there is none": (np.where(CLASSES == 2, -1, CLASSES), "labels are missing, first in row"),
    "NaN where there is none": (np.where(CLASSES == 2, np.nan, CLASSES), "labels are missing, first in row"),
    "one too few": (CLASSES[1:], "there are 119 labels for 120 examples: align them"),
    "of one class": (CLASSES * 0, "fewer than two folds leave at least two classes"),
    "each of its own": (np.arange(N), "fewer than two folds leave at least two classes"),
}


@pytest.mark.parametrize(("labels", "sentence"), NO_LABELS.values(), ids=NO_LABELS.keys())
def test_what_are_no_labels_is_one_sentence(labels, sentence):
    with pytest.raises(overparam.OverparamError, match=sentence):
        overparam.feature_performance(X, labels, heldout=HELD)
