"""Any networks beside each other."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from rich.console import Console
from sklearn.linear_model import Ridge as SklearnRidge
from worlds import PROPERTY, SEEDS, absolute, fse, generator, orthogonal

import overparam
from overparam.compare import pairs
from overparam.compare.pairs import Entry, of_pair
from overparam.compare.span_matrix import SpanMatrix, span_matrix
from overparam.errors import MeasurementError, SpecError
from overparam.metrics.moments import FOLDS
from overparam.metrics.neighbours import SIMILARITIES
from overparam.metrics.ridge import PENALTIES

COUNT = 120
SPLIT = np.arange(COUNT) % 3 == 0
LABELS = (generator(7).normal(size=(COUNT, 6))[:, 0] > 0).astype(int)
SYMMETRIC = [measure.name for measure in SIMILARITIES if measure.symmetric]


def network(seed, width):
    """Features of a network that sees a latent of six dimensions, and noise of its own."""
    rng, latent = generator(seed), generator(7).normal(size=(COUNT, 6))
    return latent @ rng.normal(size=(6, width)) + 0.7 * rng.normal(size=(COUNT, width))


def networks(seed=0):
    return {"A": network(seed, 5), "B": network(seed + 1, 3), "C": network(seed + 2, 4)}


def spans(features, **options):
    return span_matrix(features, heldout=SPLIT, measures=["FSE"], **options)


def entry(matrix, measure, *names):
    (found,) = [entry for entry in matrix.entries if (entry.measure, entry.networks) == (measure, names)]
    return found


def printed(matrix, width=170):
    console = Console(width=width)
    with console.capture() as captured:
        console.print(matrix)
    return captured.get()


def test_every_pair_is_measured_both_ways_and_symmetric_measures_once():
    matrix = span_matrix(networks(), labels=LABELS, heldout=SPLIT)
    asked = [(entry.measure, entry.networks) for entry in matrix.entries]
    assert len(asked) == len(set(asked))
    ordered, unordered = list(itertools.permutations("ABC", 2)), list(itertools.combinations("ABC", 2))
    for measure in SIMILARITIES:
        expected = unordered if measure.symmetric else ordered
        assert [pair for name, pair in asked if name == measure.name] == expected
    assert [pair for name, pair in asked if name == "FSE"] == ordered
    assert [pair for name, pair in asked if name == "FP"] == [("A",), ("B",), ("C",)]
    assert not [entry.why for entry in matrix.entries if entry.why]


def test_each_number_is_what_its_own_function_gives():
    given = networks()
    matrix = span_matrix(given, labels=LABELS, heldout=SPLIT)
    for a, b in itertools.permutations(given, 2):
        expected = overparam.span_error(given[a], given[b], heldout=SPLIT)
        assert entry(matrix, "FSE", a, b).value == pytest.approx(expected, rel=1e-9)
    for measure in SIMILARITIES:
        expected = measure(given["A"][SPLIT], given["B"][SPLIT])
        assert entry(matrix, measure.name, "A", "B").value == pytest.approx(expected, rel=1e-9)
        assert matrix.values(measure.name)[0, 1] == pytest.approx(expected, rel=1e-9)
    performance = overparam.feature_performance(given["B"], LABELS, heldout=SPLIT)
    assert entry(matrix, "FP", "B").value == performance


@pytest.mark.parametrize(("a", "b"), [("A", "B"), ("B", "A"), ("C", "A")])
def test_a_span_error_is_that_of_scikit_learn_with_the_same_folds(a, b):
    X, Y = networks()[a], networks()[b]
    blocks = overparam.Blocks({"X": X}, np.arange(COUNT), heldout=SPLIT)
    folds = blocks.folds(FOLDS)

    def error(fit, rows, relative):
        model = SklearnRidge(absolute(relative, X[fit])).fit(X[fit], Y[fit])
        return np.sum((Y[rows] - model.predict(X[rows])) ** 2)

    loss = [
        sum(error((folds != fold) & ~SPLIT, folds == fold, relative) for fold in range(FOLDS)) for relative in PENALTIES
    ]
    best = PENALTIES[np.argmin(loss)]
    model = SklearnRidge(absolute(best, X[~SPLIT])).fit(X[~SPLIT], Y[~SPLIT])
    expected = fse(model.predict(X[SPLIT]), Y[SPLIT], Y[~SPLIT].mean(axis=0))
    assert entry(spans(networks()), "FSE", a, b).value == pytest.approx(expected, rel=1e-9)


CHANGES = {
    "turned": lambda rng, X: X @ orthogonal(rng, X.shape[1]),
    "scaled": lambda rng, X: 10 ** rng.uniform(-3, 3) * X,
    "moved": lambda rng, X: X + rng.normal(size=X.shape[1]),
    "with its features in another order": lambda rng, X: X[:, rng.permutation(X.shape[1])],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@PROPERTY
@given(seed=SEEDS)
def test_what_leaves_a_span_as_it_is_changes_nothing(change, seed):
    rng, given = generator(seed), networks(seed % 1000)
    expected = spans(given).values()
    found = spans({name: change(rng, features) for name, features in given.items()}).values()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@PROPERTY
@given(seed=SEEDS)
def test_the_order_of_networks_changes_no_number(seed):
    given = networks(seed % 1000)
    found = span_matrix({name: given[name] for name in "CAB"}, heldout=SPLIT)
    expected = span_matrix(given, heldout=SPLIT)
    for measure in expected.measures:
        np.testing.assert_allclose(
            found.values(measure)[np.ix_([1, 2, 0], [1, 2, 0])], expected.values(measure), rtol=1e-7, atol=1e-9
        )


def test_a_concatenation_is_its_networks_side_by_side_and_spans_each_of_them():
    given = networks()
    matrix = spans({"A": given["A"], "B": given["B"], "A+B": [given["A"], given["B"]]})
    same = spans({"A": given["A"], "joined": np.hstack([given["A"], given["B"]])})
    assert entry(matrix, "FSE", "A", "A+B").value == pytest.approx(entry(same, "FSE", "A", "joined").value)
    assert entry(matrix, "FSE", "A+B", "A").value < 1e-6
    assert dict(matrix.widths) == {"A": 5, "B": 3, "A+B": 8}


def test_pairs_one_at_a_time_give_what_all_together_give(monkeypatch):
    together = spans(networks()).values()
    monkeypatch.setattr(pairs, "TOGETHER", 11)
    np.testing.assert_allclose(spans(networks()).values(), together, rtol=1e-9)


def test_large_networks_never_lie_side_by_side_with_all_others(monkeypatch):
    taken = []
    of = pairs.Moments.of

    def watched(blocks, names=None):
        taken.append(tuple(names or blocks.arrays))
        return of(blocks, names)

    monkeypatch.setattr(pairs.Moments, "of", watched)
    spans(networks())
    assert taken == [("A", "B", "C")]
    monkeypatch.setattr(pairs, "TOGETHER", 11)
    spans(networks())
    assert taken[1:] == [("A", "B"), ("A", "C"), ("B", "C")]


def dead(count=COUNT):
    return np.full((count, 2), 1 / 3)


def test_what_has_no_meaning_for_one_network_says_why_and_stops_no_other():
    matrix = span_matrix({**networks(), "dead": dead()}, labels=LABELS, heldout=SPLIT)
    alone = span_matrix(networks(), labels=LABELS, heldout=SPLIT)
    for expected in alone.entries:
        found = entry(matrix, expected.measure, *expected.networks)
        assert found.value == pytest.approx(expected.value, rel=1e-9)
        assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper), rel=1e-6)
    onto, from_dead = entry(matrix, "FSE", "A", "dead"), entry(matrix, "FSE", "dead", "A")
    assert onto.why == "block dead does not vary on the fit split, so its span has no meaning"
    assert np.isnan([onto.value, onto.lower, onto.upper]).all()
    assert (from_dead.value, from_dead.why) == (pytest.approx(1, abs=0.1), "")
    assert "does not vary" in entry(matrix, "linear CKA", "A", "dead").why
    text = printed(matrix)
    assert "? FSE(A→dead), FSE(B→dead), FSE(C→dead): block dead does not vary" in text


def test_an_undecided_penalty_is_told_beside_its_number_and_no_other(monkeypatch):
    monkeypatch.setattr("overparam.metrics.ridge.PENALTIES", 10.0 ** np.arange(0, 2.5, 0.5))
    given = networks()  # the target is spanned without a penalty, and the grid begins at 1
    matrix = spans({"source": given["A"], "target": given["A"][:, :2], "noise": generator(5).normal(size=(COUNT, 3))})
    found = entry(matrix, "FSE", "source", "target")
    assert (
        "the best ridge penalty lies beyond the grid: the cross-validated loss still falls at its edge, 1" in found.why
    )
    assert 0 < found.value <= found.upper
    assert f"{found.value:.3f} ±" in printed(matrix)
    assert " ?" in printed(matrix)
    assert not entry(matrix, "FSE", "noise", "target").why


def test_fit_rows_too_few_for_a_penalty_leave_similarities():
    few = np.arange(COUNT) >= 6
    matrix = span_matrix(networks(), heldout=few, measures=["FSE", "linear CKA"])
    assert "6 fit rows in" in entry(matrix, "FSE", "A", "B").why
    assert entry(matrix, "linear CKA", "A", "B").why == ""


def test_a_measure_that_needs_all_rows_has_a_value_without_bounds():
    found = entry(span_matrix(networks(), heldout=np.arange(10), measures=["mean CCA"]), "mean CCA", "A", "C")
    assert 0 < found.value < 1
    assert np.isnan(found.lower)
    assert found.why.startswith("without a tenth of the rows there is no value, so no interval: 5 and 4 independent")


def test_a_complaint_says_in_which_replicates(monkeypatch):
    replicates = {"r0": networks(), "r1": {**networks(10), "B": dead()}, "r2": {**networks(20), "B": dead()}}
    found = entry(spans(replicates), "FSE", "A", "B")
    assert found.why == "in r1, r2: block B does not vary on the fit split, so its span has no meaning"
    assert np.isfinite(found.values[0])
    assert np.isnan([found.value, *found.values[1:]]).all()


def test_without_two_classes_there_is_no_performance():
    for labels in (None, np.zeros(COUNT, int)):
        assert "FP" not in {entry.measure for entry in spans(networks(), labels=labels).entries}


def test_progress_is_told_to_the_end():
    told = []
    span_matrix({"r0": networks(), "r1": networks(10)}, heldout=SPLIT, advance=lambda *at: told.append(at))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {total for _, total in told} == {len(told)}


def test_everything_stands_in_the_table_of_pandas_and_in_json():
    replicates = {"r0": networks(), "r1": {**networks(10), "B": dead()}}
    matrix = span_matrix(replicates, labels=LABELS, heldout=SPLIT, measures=["FSE", "RSA"])
    frame, plain = matrix.to_frame(), matrix.as_json()
    assert [*frame] == ["measure", "source", "target", "value", "lower", "upper", "r0", "r1", "why"]
    assert len(frame) == len(plain["measured"]) == len(matrix.entries) == 6 + 3 + 3
    for (_, row), values, measured in zip(frame.iterrows(), plain["measured"], matrix.entries, strict=True):
        assert (row["measure"], row["why"]) == (values["measure"], values["why"]) == (measured.measure, measured.why)
        assert values["networks"] == list(measured.networks)
        assert row["source"] == measured.networks[0]
        np.testing.assert_equal([row["r0"], row["r1"]], list(measured.values))
        assert values["value"] == (None if np.isnan(measured.value) else measured.value)
    assert plain["networks"] == {"A": 5, "B": 3, "C": 4}


def test_the_printed_matrix_has_every_network_and_measure():
    text = printed(span_matrix({"[bold]": network(0, 5), "B [x]": network(1, 3)}, labels=LABELS, heldout=SPLIT))
    for shown in ("[bold]", "B [x]", "linear CKA", "FP", "→ 0.", "← 0.", "over examples alone", "held-out ones"):
        assert shown in text


def test_values_of_a_measure_that_was_not_taken_are_refused():
    with pytest.raises(SpecError, match="RSA was not measured of pairs: there is FSE"):
        spans(networks()).values("RSA")


@pytest.mark.parametrize(
    ("features", "options", "error", "sentence"),
    [
        ({}, {}, SpecError, "there are 0 networks where two or more belong"),
        ({"A": network(0, 3)}, {}, SpecError, "there are 1 networks where two or more belong"),
        (networks(), {"measures": ["CKA"]}, SpecError, "there is no measure CKA: there are FSE, linear CKA"),
        (networks(), {"measures": []}, SpecError, "there is no measure asked for"),
        (networks(), {"heldout": 1.5}, SpecError, "the held-out share 1.5"),
        (
            {"r0": networks(), "r1": {"A": network(0, 3), "D": network(1, 3)}},
            {},
            SpecError,
            "replicates r0 and r1 differ in their networks (B, C, D)",
        ),
        ({**networks(), "C": network(0, 3)[1:]}, {}, MeasurementError, "C has 119 rows for 120 examples"),
        ({**networks(), "C": network(0, 3) * np.nan}, {}, MeasurementError, "C has features that are NaN or infinite"),
        (networks(), {"labels": LABELS[1:]}, MeasurementError, "there are 119 labels for 120 examples"),
        (networks(), {"heldout": [COUNT]}, MeasurementError, "row numbers from 0 to 119"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(features, options, error, sentence):
    with pytest.raises(error) as raised:
        span_matrix(features, **options)
    assert sentence in str(raised.value)


def test_it_is_public():
    assert (overparam.span_matrix, overparam.SpanMatrix) == (span_matrix, SpanMatrix)
    assert isinstance(spans(networks()).entries[0], Entry)
    assert str(of_pair("FSE", "A", "B")) == "FSE(A→B)"
