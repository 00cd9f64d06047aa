"""Metrics of plain arrays: scikit-learn's numbers, from whatever form the arrays have, or a refusal in a sentence."""

import doctest

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from worlds import PROPERTY, SEEDS, absolute, generator, sklearn_probe, world

import overparam
from overparam.errors import MeasurementError
from overparam.metrics import on_arrays
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import Measured

HELD = np.arange(100) % 3 == 0


def arrays(seed=0, **shape):
    """X, Y, labels and a mask of the same examples, and their blocks numbered by row."""
    blocks = world(seed, **shape)
    X, Y = (np.asarray(blocks[name][:]) for name in ("A", "B"))
    numbered = Blocks({"X": X, "Y": Y}, np.arange(len(X)), blocks.labels, blocks.heldout)
    return X, Y, blocks.labels, blocks.heldout, numbered


def sklearn_ridge(X, Y, mask, penalty):
    return Ridge(alpha=absolute(penalty, X[~mask]), solver="svd").fit(X[~mask], Y[~mask])


SHAPES = st.sampled_from([{}, {"source": 1, "target": 1}, {"fit": 30, "source": 50}, {"target": 20}])


@PROPERTY
@given(SEEDS, SHAPES)
def test_span_error_is_one_minus_the_pooled_r2_of_scikit_learns_ridge_about_the_fit_mean(seed, shape):
    X, Y, _, mask, blocks = arrays(seed, **shape)
    model = sklearn_ridge(X, Y, mask, overparam.ridge_regression(blocks, "X", "Y").penalty)
    found = overparam.span_error(X, Y, heldout=mask)
    assert isinstance(found, float)
    # r2_score takes the mean of what it is given: two copies of the rows, mirrored about the fit mean, have that mean.
    centre = Y[~mask].mean(axis=0)
    predicted = model.predict(X[mask]).reshape(-1, Y.shape[1])
    true, predicted = (np.vstack([rows, 2 * centre - rows]) for rows in (Y[mask], predicted))
    assert found == pytest.approx(1 - r2_score(true, predicted, multioutput="variance_weighted"), rel=1e-6, abs=1e-12)


@PROPERTY
@given(SEEDS, SHAPES)
def test_residuals_are_what_scikit_learns_ridge_leaves_of_every_row(seed, shape):
    X, Y, _, mask, blocks = arrays(seed, **shape)
    model = sklearn_ridge(X, Y, mask, overparam.ridge_regression(blocks, "X", "Y").penalty)
    found = overparam.residuals(X, Y, heldout=mask)
    np.testing.assert_allclose(found, Y - model.predict(X).reshape(Y.shape), atol=1e-6 * Y.std())


@settings(PROPERTY, max_examples=6)  # a probe has 56 fits
@given(SEEDS, st.sampled_from([2, 3]))
def test_feature_performance_is_the_accuracy_of_scikit_learns_logistic_regression(seed, classes):
    X, _, labels, mask, blocks = arrays(seed)
    labels = np.minimum(labels, classes - 1)
    measured = overparam.feature_performance(Blocks(blocks.arrays, blocks.ids, labels, mask), ["X"])
    Z = X - X[~mask].mean(axis=0)
    Z /= np.sqrt(np.mean(Z[~mask] ** 2))
    # Two classes have one vector of weights in scikit-learn: w where softmax has ± w / 2.
    reference = sklearn_probe(Z[~mask], labels[~mask], measured.penalty * (0.5 if classes == 2 else 1))
    found = overparam.feature_performance(X, labels, heldout=mask)
    assert found == measured.value
    assert found == pytest.approx(reference.score(Z[mask], labels[mask]), abs=1 / 40)  # an example on the border


@PROPERTY
@given(SEEDS, st.integers(1, 4))
def test_a_list_of_arrays_is_one_of_all_side_by_side(seed, cut):
    X, Y, _, mask, _ = arrays(seed)
    left, right = X[:, :cut], X[:, cut:]
    assert overparam.span_error([left, right], Y, heldout=mask) == overparam.span_error(X, Y, heldout=mask)
    assert overparam.span_error(Y, (left, right), heldout=mask) == overparam.span_error(Y, X, heldout=mask)
    np.testing.assert_array_equal(
        overparam.residuals([left, right], Y, heldout=mask), overparam.residuals(X, Y, heldout=mask)
    )


def test_a_probe_takes_a_list_of_arrays_as_one_block_whose_parts_keep_their_scales():
    X, Y, labels, mask, _ = arrays(noise=1.0)
    both = [100 * X, Y]
    found = overparam.feature_performance(both, labels, heldout=mask)
    assert found == overparam.feature_performance(np.hstack(both), labels, heldout=mask)


@PROPERTY
@given(SEEDS)
def test_a_span_gap_is_a_difference_of_span_errors(seed):
    X, Y, _, mask, _ = arrays(seed)
    gap = overparam.span_gap(X[:, :2], Y, [X[:, :1], X[:, 1:]], heldout=mask)
    expected = overparam.span_error(X[:, :2], Y, heldout=mask) - overparam.span_error(X, Y, heldout=mask)
    assert gap == pytest.approx(expected, rel=1e-9)


FORMS = {
    "float16": lambda X: X.astype(np.float16),
    "every second row of an array": lambda X: np.repeat(X, 2, axis=0)[::2],
    "lists of one array": lambda X: [X],
    "a tensor": torch.from_numpy,
    "a data frame with another index": lambda X: pd.DataFrame(X, index=np.arange(len(X))[::-1]),
    "a data frame of objects": lambda X: pd.DataFrame(X).astype(object),
    "a masked array without a mask": lambda X: np.ma.array(X, mask=False),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_what_can_be_an_array_measures_as_one(form):
    X, Y, _, mask, _ = arrays()
    X = X.astype(np.float16).astype(float)  # which every form holds exactly
    expected = overparam.span_error(X, Y, heldout=mask)
    assert overparam.span_error(form(X), Y, heldout=mask) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "heldout", [HELD.tolist(), HELD.astype(np.uint8), np.flatnonzero(HELD), np.flatnonzero(HELD).tolist()[::-1]]
)
def test_a_mask_and_row_numbers_hold_the_same_rows_out(heldout):
    X, Y, labels, _, _ = arrays()
    assert overparam.span_error(X, Y, heldout=heldout) == overparam.span_error(X, Y, heldout=HELD)
    expected = overparam.feature_performance(X, labels, heldout=HELD)
    assert overparam.feature_performance(X, labels, heldout=heldout) == expected


GOOD = np.arange(200.0).reshape(100, 2) ** 0.5
BROKEN = np.where(np.arange(100)[:, None] == 7, np.nan, GOOD)
BELONG = r"where numbers \(examples, features\) belong"
REFUSED = {
    "one axis": ({"X": GOOD[:, 0]}, rf"^X is float64 of shape \(100,\) {BELONG}"),
    "three axes": ({"Y": GOOD[:, None]}, rf"^Y is float64 of shape \(100, 1, 2\) {BELONG}"),
    "no arrays": ({"X": []}, rf"^X is float64 of shape \(0,\) {BELONG}"),
    "no features": ({"X": GOOD[:, :0]}, r"^X is float64 of shape \(100, 0\)"),
    "a list of numbers": ({"X": [[1.0, 2.0]] * 100}, r"^X\[0\] is float64 of shape \(2,\)"),
    "text": ({"X": "X.npy"}, r"^X is <U5 of shape \(\)"),
    "complex numbers": ({"X": GOOD + 1j}, "^X is complex128"),
    "words in a table": ({"X": pd.DataFrame({"a": ["cat"] * 100})}, "^X is <U3"),
    "a row too few": ({"Y": GOOD[1:]}, "^Y has 99 rows for 100 examples: align them"),
    "a row too few in a list": ({"X": [GOOD, GOOD[1:]]}, r"^X\[1\] has 99 rows for 100 examples"),
    "NaN": ({"Y": BROKEN}, "^Y has features that are NaN or infinite, first in row 7$"),
    "NaN in a list": ({"X": [GOOD, BROKEN]}, r"^X\[1\] has features that are NaN or infinite, first in row 7$"),
    "a target that does not vary": ({"Y": np.ones((100, 2))}, "block Y does not vary on the fit split"),
    "a mask too short": ({"heldout": HELD[1:]}, r"held-out examples are bool of shape \(99,\): give \(100,\) booleans"),
    "a share": ({"heldout": 0.5}, r"held-out examples are float64 of shape \(\)"),
    "a row that is not there": ({"heldout": [98, 99, 100]}, "row numbers from 0 to 99, each once"),
    "a row twice": ({"heldout": [98, 99, 99]}, "row numbers from 0 to 99, each once"),
    "one row": ({"heldout": [99]}, "fewer than two rows are held out"),
    "eight rows to fit": ({"heldout": np.arange(92)}, "8 fit rows in . folds are too few"),
}


@pytest.mark.parametrize("measure", [overparam.span_error, overparam.residuals])
@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_measure_something_else_is_refused_in_a_sentence(change, message, measure):
    with pytest.raises(MeasurementError, match=message):
        measure(**{"X": GOOD, "Y": GOOD**2, "heldout": HELD, **change})


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(99), "there are 99 labels for 100 examples"),
        (["cat"] * 100, "where whole numbers belong"),
        (np.full(100, -1), "100 of 100 labels are missing"),
        (None, "there are no labels, and a probe needs the class of each example: give labels"),
    ],
)
def test_labels_that_are_none_are_refused_of_arrays_too(labels, message):
    with pytest.raises(MeasurementError, match=message):
        overparam.feature_performance(GOOD, labels, heldout=HELD)


def test_of_blocks_the_same_names_give_measurements_with_contributions():
    X, Y, labels, mask, blocks = arrays()
    span = overparam.span_error(blocks, overparam.ridge_regression(blocks, "X", "Y"))
    gap = overparam.span_gap(span, span)
    performance = overparam.feature_performance(blocks, ["X"])
    assert all(isinstance(measured, Measured) for measured in (span, gap, performance))
    assert span.value == overparam.span_error(X, Y, heldout=mask)
    assert performance.value == overparam.feature_performance(X, labels, heldout=mask)
    assert gap.value == 0
    np.testing.assert_array_equal(
        overparam.residuals(blocks, overparam.ridge_regression(blocks, "X", "Y")),
        overparam.residuals(X, Y, heldout=mask),
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda blocks: overparam.span_error(GOOD, GOOD), "missing 1 required keyword-only argument: 'heldout'"),
        (lambda blocks: overparam.span_error(GOOD, GOOD, heldout=HELD, penalty=1.0), "unexpected keyword .*'penalty'"),
        (lambda blocks: overparam.feature_performance(blocks, ["X"], heldout=HELD), "unexpected keyword .*'heldout'"),
    ],
)
def test_an_argument_of_the_other_form_is_an_error_and_never_ignored(call, message):
    with pytest.raises(TypeError, match=message):
        call(arrays()[-1])


def test_blocks_without_labels_measure_spans_and_refuse_a_probe():
    X, Y, _, mask, _ = arrays()
    blocks = Blocks({"X": X, "Y": Y}, np.arange(100), heldout=mask)
    assert blocks.labels is None
    assert not blocks.classified
    measured = overparam.span_error(blocks, overparam.ridge_regression(blocks, "X", "Y"))
    assert measured.value == overparam.span_error(X, Y, heldout=mask)
    with pytest.raises(MeasurementError, match=r"^there are no labels, and a probe needs .*: give labels$"):
        overparam.feature_performance(blocks, ["X"])


def test_blocks_without_a_mask_are_refused():
    with pytest.raises(MeasurementError, match="heldout is no mask of the 100 rows"):
        Blocks({"X": GOOD}, np.arange(100))  # pyright: ignore[reportCallIssue]


def test_unrelated_features_span_nothing_and_the_order_of_columns_does_not_matter():
    rng = generator()
    X, Y = rng.normal(size=(400, 6)), rng.normal(size=(400, 3))
    mask = np.arange(400) >= 300
    assert overparam.span_error(X, Y, heldout=mask) == pytest.approx(1, abs=0.05)
    assert overparam.span_error(X, X[:, ::-1], heldout=mask) < 1e-9


def test_the_examples_of_the_docstrings_run_as_they_stand():
    # Decorated functions are found by what they wrap.
    failed, attempted = doctest.testmod(on_arrays)
    assert (failed, attempted) == (0, 26)
