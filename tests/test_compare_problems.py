"""What cannot be measured, or decides nothing, stops nothing else."""

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from features import HALF, QUARTER
from test_compare import LABELS, MARGINS, SPLIT, compared, effects, networks, printed, verdicts

from overparam.compare.api import compare_networks
from overparam.compare.inputs import NetworkFeatures
from overparam.errors import MeasurementError
from overparam.report.page import write_page
from overparam.report.settings import Setting
from overparam.study.feature_blocks import M_1, M_1_PRIME, R, S, S_prime
from overparam.study.quantities import FP, FSE

NARROW = S(QUARTER)


def replicates(**changes):
    """Two replicates, networks of the first in other networks' place; narrow ones by number."""
    first = networks()
    narrow = [changes.pop(f"narrow_{k}", array) for k, array in enumerate(first.narrow)]
    return {"r0": replace(first, narrow=narrow, **changes), "r1": networks(number=1)}


def run(given, labels=LABELS, **options):
    return compare_networks(given, labels=labels, heldout=SPLIT, preregistration=MARGINS, workers=1, **options)


def dead(width):
    return np.zeros((len(SPLIT), width), dtype=np.float32)


def falling(target):
    """What a target's features are hidden in, beside a unit with nearly all of the variance."""
    noise = np.random.default_rng(3).normal(size=(len(SPLIT), 1))
    return np.hstack([1e5 * noise, target[:, :-1] * 2 + 1])


def names(*contrasts):
    return {str(contrast) for contrast in contrasts}


# What is given; quantities of r0 that then have a problem and a word of why; and those of them without a value.
PROBLEMS = {
    "S_α died": (
        lambda: replicates(**{f"narrow_{k}": dead(2) for k in range(4)}),
        {
            str(FSE(NARROW, M_1)): "block S_1/4 does not vary on the fit split: its networks are dead",
            str(FSE(NARROW, S_prime(QUARTER))): "are dead",
            str(FP(NARROW)): "are dead",
            str(FSE(M_1, S_prime(QUARTER))): None,
            str(FSE(M_1_PRIME, M_1)): None,
            str(FP(M_1, R(M_1, NARROW))): "does not vary",
        },
        names(FP(M_1, R(M_1, NARROW))),
    ),
    "S_α′ died": (
        lambda: replicates(**{f"narrow_{k}": dead(2) for k in range(4, 8)}),
        {
            str(
                FSE(NARROW, S_prime(QUARTER))
            ): "block S_1/4′ does not vary on the fit split, so its span has no meaning",
            str(FSE(M_1, S_prime(QUARTER))): "no meaning",
            str(FSE(NARROW, M_1)): None,
            str(FP(NARROW)): None,
        },
        names(FSE(NARROW, S_prime(QUARTER)), FSE(M_1, S_prime(QUARTER))),
    ),
    "M_1 died": (
        lambda: replicates(wide=dead(8)),
        {
            str(FSE(M_1_PRIME, M_1)): "block M_1 does not vary on the fit split, so its span has no meaning",
            str(FSE(M_1, S_prime(QUARTER))): "its networks are dead",
            str(FP(M_1)): "its networks are dead",
            str(FP(NARROW)): None,
            str(FSE(NARROW, S_prime(QUARTER))): None,
        },
        names(FSE(M_1_PRIME, M_1), FSE(NARROW, M_1)),
    ),
    "a penalty beyond the grid": (
        lambda: replicates(baseline=falling(networks().wide)),
        {
            str(
                FSE(M_1_PRIME, M_1)
            ): "the best ridge penalty lies beyond the grid: the cross-validated loss still falls",
            str(FSE(NARROW, M_1)): None,
        },
        set(),
    ),
}


@cache
def with_problem(kind):
    return run(PROBLEMS[kind][0]())


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_quantity_with_a_problem_is_named_with_its_reason_and_no_other(kind):
    found = with_problem(kind)
    _, expected, without = PROBLEMS[kind]
    why = {str(problem.quantity): problem.why for problem in found.problems}
    assert {problem.replicate for problem in found.problems} == {"r0"}
    for name, word in expected.items():
        assert (name in why) == (word is not None)
        assert (word or "") in why.get(name, "")
    incomplete = {str(quantity): values for quantity, values in found.incomplete.items()}
    assert without <= set(incomplete)
    for values in incomplete.values():
        assert np.isnan(values).tolist() == [True, False]


@pytest.mark.parametrize("kind", PROBLEMS)
def test_what_rests_on_it_is_inconclusive_with_its_reason_and_everything_else_is_as_it_was(kind):
    found, whole = with_problem(kind), run(replicates())
    troubled = {str(problem.quantity): problem for problem in found.problems}
    assert set(verdicts(found)) == set(verdicts(whole))
    for judgement in found.judgements:
        if any(judgement.why == str(problem) for problem in troubled.values()):
            assert (judgement.verdict, judgement.p_value, judgement.p_value_against) == ("inconclusive", 1, 1)
    assert any(judgement.why in map(str, troubled.values()) for judgement in found.judgements)
    for name in whole.record.samples["span"].quantities:
        if name not in troubled and "M_1" not in name.replace("M_1′", ""):
            kept = found.record.samples["span"].quantities.index(name)
            was = whole.record.samples["span"].quantities.index(name)
            np.testing.assert_array_equal(
                found.record.samples["span"].values[:, 1, kept], whole.record.samples["span"].values[:, 1, was]
            )


@pytest.mark.parametrize("kind", PROBLEMS)
def test_everything_is_printed_drawn_and_written_all_the_same(kind, tmp_path):
    found = with_problem(kind)
    words = " ".join(printed(found, 220).split())
    for remark in found.remarks:
        assert " ".join(remark.split()) in words
    assert "nan" not in words
    page = write_page([Setting.of_own(found)], MARGINS, tmp_path).read_text("utf-8")
    assert "decides nothing: " in page
    written = json.loads(json.dumps([judgement.as_json() for judgement in found.judgements], allow_nan=False))
    lacking = [line["claim"] for line in written if line["effect"] is None]
    assert bool(lacking) == bool(PROBLEMS[kind][2])
    frame = found.to_frame()
    assert set(frame.claim[frame.effect.isna()]) == set(lacking)


def test_a_dead_source_spans_nothing_and_that_is_shown_but_holds_no_claim():
    found = with_problem("S_α died")
    assert found.record.effect(FSE(NARROW, M_1)).values[0] == 1
    assert "span-over" in verdicts(found)
    assert verdicts(found)["span-over"] == "inconclusive"
    assert any("narrow-0 of r0, narrow-1 of r0, narrow-2 of r0, narrow-3 of r0" in note for note in found.notes)


def test_what_is_spanned_exactly_has_a_span_error_of_0_and_is_judged():
    spanned = {name: replace(n, wide=np.hstack(n.narrow[:4]) @ np.eye(8)[::-1]) for name, n in replicates().items()}
    found = run(spanned)
    np.testing.assert_allclose(found.record.effect(FSE(NARROW, M_1)).values, 0, atol=1e-6)
    assert verdicts(found)["span-over"] == "refuted"
    assert found.problems == ()


def test_strict_makes_them_errors():
    with pytest.raises(MeasurementError, match=r"in r0: block S_1/4′ does not vary on the fit split.*\(strict\)"):
        run(PROBLEMS["S_α′ died"][0](), strict=True)
    assert run(replicates(), strict=True).problems == ()


def test_where_nothing_can_be_measured_it_is_said_why():
    with pytest.raises(MeasurementError, match="9 fit rows in . folds are too few to choose a penalty"):
        compare_networks(replicates(), heldout=np.arange(len(SPLIT)) >= 9, preregistration=MARGINS, workers=1)


def test_where_no_probe_can_be_fitted_spans_are_compared():
    labels = np.where(SPLIT, LABELS, 0)  # one class to fit
    found = run(replicates(), labels)
    assert effects(found)["span-over"] == effects(compared())["span-over"]
    assert set(found.record.samples) == {"span"}
    line = next(judgement for judgement in found.judgements if judgement.claim == "performance")
    assert (line.effect, line.verdict) == (None, "inconclusive")
    assert "in r0: fewer than two folds leave at least two classes" in line.why


def test_without_a_baseline_what_needs_one_is_left_out_and_nothing_else_changes():
    found, whole = run({name: replace(n, baseline=None) for name, n in replicates().items()}), compared()
    assert set(verdicts(whole)) - set(verdicts(found)) == {"span-over"}
    for claim, effect in effects(found).items():
        assert effect == pytest.approx(effects(whole)[claim], rel=1e-9)
    (note,) = [note for note in found.notes if "without a baseline network in every replicate" in note]
    assert note.endswith(": span-over, span-mild, span-over-matched-parameters")
    assert str(FSE(NARROW, M_1)) in printed(found)
    assert found.problems == ()


def uneven(number):
    """Narrow networks of 3 features where wide has 8: three of them have 9."""
    whole = networks(number=number, alpha=HALF)
    rng = np.random.default_rng(number)
    return replace(whole, narrow=[array @ rng.normal(size=(4, 3)) for array in whole.narrow] + [dead(3)] * 2)


def test_widths_that_do_not_divide_are_judged_where_a_claim_does_not_need_it():
    found = run({f"r{k}": uneven(k) for k in range(2)})
    assert set(verdicts(found)) == {"span-under", "residuals-aid", "residuals-specific", "residuals-redundant"}
    assert "M_1: 8 features; S_3/8: 3 × 3 features" in found.notes
    (note,) = [note for note in found.notes if "just as many features as wide together" in note]
    assert note.endswith("which those of α = 3/8 have not: span-mild, performance") or "performance" in note
    alpha = Fraction(3, 8)
    assert not found.record.lacks(FSE(S(alpha), M_1) - FSE(M_1_PRIME, M_1))
    assert str(FSE(S(alpha), M_1)) in printed(found)


def test_the_page_of_widths_that_do_not_divide_is_drawn(tmp_path):
    page = write_page([Setting.of_own(run({f"r{k}": uneven(k) for k in range(2)}))], MARGINS, tmp_path)
    assert "3/8 (3 feat.)" in page.read_text("utf-8")


def as_bfloat16(arrays):
    import torch

    return [torch.tensor(array).bfloat16() for array in arrays]


def test_features_are_taken_as_tensors_and_frames():
    torch, pandas = pytest.importorskip("torch"), pytest.importorskip("pandas")
    whole = networks()
    as_others = NetworkFeatures(
        torch.tensor(whole.wide, requires_grad=True),
        pandas.DataFrame(whole.baseline),
        as_bfloat16(whole.narrow),
    )
    rounded = [array.float().numpy() for array in as_bfloat16(whole.narrow)]
    assert effects(run({"r0": as_others}, None)) == effects(run({"r0": replace(whole, narrow=rounded)}, None))
