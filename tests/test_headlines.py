"""Headlines count what holds over all cells together, and say of every width how it is judged."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import EIGHTH, HALF, QUARTER, SIXTEENTH, synthetic_record

from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.headlines import counts, line, over_all, survivors
from overparam.verdicts.judge import Judgement
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record

WIDTHS = ("1/2", "1/4", "1/8", "1/16")
LINES = judge_record(synthetic_record(), load_preregistration(), evidence="record")
SURE = {"holds": (1e-9, 1.0), "refuted": (1.0, 1e-9), "inconclusive": (0.5, 0.5)}


def cell(verdict="holds", p=None, **changes) -> Judgement:
    """A cell of `performance`, with that p-value for what its verdict says."""
    p_value, p_value_against = SURE[verdict] if p is None else (1.0, p) if verdict == "refuted" else (p, 1.0)
    one = next(j for j in LINES if j.claim == "performance")
    return replace(one, verdict=verdict, p_value=p_value, p_value_against=p_value_against, **changes)


def claim(*verdicts, **changes):
    """A cell at every width, from the widest down."""
    return [cell(verdict, alpha=alpha, **changes) for verdict, alpha in zip(verdicts, WIDTHS, strict=False)]


def said(judgements):
    return [count.words for count in counts(judgements)]


def holm(p_values):
    """As Holm's paper has it, one hypothesis after the other."""
    left, survived = list(enumerate(p_values)), [False] * len(p_values)
    while left:
        k, p = min(left, key=lambda each: each[1])
        if p >= 0.05 / len(left):
            break
        survived[k] = True
        left.remove((k, p))
    return survived


@given(st.lists(st.floats(0, 0.06) | st.sampled_from([0.0, 1.0, 0.05, 0.025, 0.01]), max_size=12))
def test_survivors_are_those_of_holm_one_after_the_other(p_values):
    near = [abs(p - 0.05 / n) < 1e-12 for p in p_values for n in range(1, len(p_values) + 1)]
    if not any(near):  # 1 − 0.95 is not quite 0.05
        assert survivors(p_values) == holm(p_values)


@pytest.mark.parametrize(
    ("p_values", "survived"),
    [
        ([], []),
        ([0.04], [True]),
        ([0.06], [False]),
        ([0.04, 0.04], [False, False]),
        ([0.04, 0.02], [True, True]),  # the second is compared with 0.05, not with 0.025
        ([0.01, 0.04, 0.03], [True, False, False]),  # 0.03 > 0.025 ends it, though 0.04 < 0.05
        ([0.001, 0.9, 0.01, 0.02], [True, False, True, True]),
        ([1.0, 1.0, 1e-12], [False, False, True]),
    ],
)
def test_survivors_of_a_table_of_cases(p_values, survived):
    assert survivors(p_values) == survived


verdicts = st.sampled_from(["holds", "refuted", "inconclusive"])
cells = st.builds(
    lambda verdict, p, name, alpha, unequal, arch: cell(
        verdict, p, claim=name, alpha=alpha, confounded=unequal, arch=arch
    ),
    verdicts,
    st.floats(0, 0.05, exclude_max=True),
    st.sampled_from([*CLAIMS, *AT_EQUAL_FIT, *CONTROLS]),
    st.sampled_from([*WIDTHS, None]),
    st.booleans(),
    st.sampled_from(["resnet18", "vgg16"]),
)


@given(st.lists(cells, max_size=25))
def test_no_count_exceeds_the_one_without_a_correction(judgements):
    for count in counts(judgements):
        by_claim = {name: [] for name in count.lines}
        for j in judgements:
            if j.claim in by_claim and j.confounded == (count.fit == "at unequal fit"):
                by_claim[j.claim].append(j)
        uncorrected = [name for name, members in by_claim.items() if all(j.holds for j in members)]
        assert set(count.of("holds")) <= set(uncorrected)
        assert {j.claim for j in judgements if j.claim in CLAIMS | AT_EQUAL_FIT} >= set(count.lines)
        decided = {name for name, members in by_claim.items() if any(j.verdict == "refuted" for j in members)}
        assert set(count.of("refuted")) <= decided


@given(st.lists(cells, max_size=25))
def test_over_all_cells_a_verdict_is_kept_or_withdrawn_and_never_turned(judgements):
    for before, after in zip(judgements, over_all(judgements), strict=True):
        assert after.verdict in (before.verdict, "inconclusive")
        assert replace(after, verdict=before.verdict) == before


@given(verdicts, st.floats(0, 0.05, exclude_max=True))
def test_over_one_cell_there_is_nothing_to_correct(verdict, p):
    assert over_all([cell(verdict, p)]) == [cell(verdict, p)]


def test_what_holds_in_each_of_many_cells_alone_need_not_hold_over_all():
    alone = [cell("holds", 0.03, claim=name) for name in CLAIMS]
    assert said(alone) == ["at equal fit 0 of 7 claims hold"]
    assert {line([j]).kind for j in alone} == {"holds"}
    assert said([replace(j, p_value=0.007) for j in alone]) == ["at equal fit 7 of 7 claims hold"]


def test_a_gate_that_withholds_makes_a_cell_not_established_whatever_its_numbers():
    record = synthetic_record({"aid": dict.fromkeys((HALF, QUARTER, EIGHTH, SIXTEENTH), 0.1)}, majority_share=0.899)
    gated = judge_record(record, load_preregistration(), evidence="record")
    assert {(j.p_value, j.p_value_against) for j in gated if j.why.startswith("positive control")} == {(1.0, 1.0)}
    (count,) = counts(gated)
    assert count.of("inconclusive") == ["residuals-aid", "residuals-specific", "residuals-redundant"]


def test_claims_at_equal_and_at_unequal_fit_are_counted_apart():
    judgements = [
        *claim("holds", "holds", "refuted", claim="span-under"),
        *claim("holds", "holds", claim="performance"),
        *claim("inconclusive", claim="performance-equal-fit"),
    ]
    unequal = [replace(j, confounded=j.alpha in ("1/8", "1/4") and j.claim in CLAIMS) for j in judgements]
    assert said(judgements) == ["at equal fit 1 of 3 claims hold"]
    assert said(unequal) == ["at equal fit 2 of 3 claims hold", "at unequal fit 1 of 2 claims hold"]
    equal_fit, unequal_fit = counts(unequal)
    assert equal_fit.of("inconclusive") == ["performance-equal-fit"]
    assert unequal_fit.lines["span-under"].words == "holds at α = 1/4, refuted at α = 1/8"


def test_cells_at_equal_and_at_unequal_fit_are_corrected_together():
    judgements = [cell("holds", 0.03), cell("holds", 0.03, alpha="1/4", confounded=True)]
    assert said(judgements) == ["at equal fit 0 of 1 claims hold", "at unequal fit 0 of 1 claims hold"]
    assert said(judgements[:1]) == ["at equal fit 1 of 1 claims hold"]


def test_controls_are_neither_counted_nor_corrected_for():
    judgements = claim("holds", "holds", p=0.02)
    others = [cell("refuted", claim=name, alpha=a) for name in CONTROLS | CONTROLS_APART for a in WIDTHS]
    assert counts(judgements + others) == counts(judgements)


@pytest.mark.parametrize("changes", [{"task": "own"}, {"task": "toy", "claim": "toy-collapse"}])
def test_where_nobody_compared_fits_no_fit_is_claimed(changes):
    assert said(claim("holds", "holds", **changes)) == ["1 of 1 claims hold"]


def test_nothing_judged_is_no_count():
    assert counts([]) == counts([cell(claim="span-over-unseen")]) == []


@pytest.mark.parametrize(
    ("judged", "words", "kind"),
    [
        ("holds holds holds holds", "holds at α = 1/2, 1/4, 1/8, 1/16", "holds"),
        ("holds holds inconclusive holds", "holds at α = 1/2, 1/4, 1/16, not established at α = 1/8", "partly"),
        ("holds holds holds inconclusive", "holds at α = 1/2, 1/4, 1/8, not established at α = 1/16", "partly"),
        ("holds holds holds refuted", "holds at α = 1/2, 1/4, 1/8, refuted at α = 1/16", "partly"),
        (
            "refuted inconclusive holds holds",
            "holds at α = 1/8, 1/16, refuted at α = 1/2, not established at α = 1/4",
            "partly",
        ),
        (
            "refuted refuted refuted inconclusive",
            "refuted at α = 1/2, 1/4, 1/8, not established at α = 1/16",
            "refuted",
        ),
        ("refuted refuted refuted refuted", "refuted at α = 1/2, 1/4, 1/8, 1/16", "refuted"),
        ("inconclusive inconclusive", "not established at α = 1/2, 1/4", "inconclusive"),
    ],
)
def test_a_line_says_of_every_width_how_it_is_judged(judged, words, kind):
    judgements = claim(*judged.split())
    for found in (line(judgements), line(judgements[::-1])):
        assert (found.words, found.kind) == (words, kind)
    assert "does not hold" not in words


@pytest.mark.parametrize(
    ("growth", "words", "kind"),
    [
        ("holds", "holds at α = 1/2, 1/4, growth holds", "holds"),
        ("refuted", "holds at α = 1/2, 1/4, growth refuted", "partly"),
        ("inconclusive", "holds at α = 1/2, 1/4, growth not established", "partly"),
    ],
)
def test_a_line_says_how_growth_is_judged(growth, words, kind):
    found = line([*claim("holds", "holds"), cell(growth, alpha=None)])
    assert (found.words, found.kind) == (words, kind)


def test_growth_alone_makes_no_claim_hold_in_part():
    found = line([*claim("inconclusive", "refuted"), cell("holds", alpha=None)])
    assert (found.words, found.kind) == ("refuted at α = 1/4, not established at α = 1/2, growth holds", "refuted")
    assert line([cell("holds", alpha=None)]).words == "growth holds"


def test_a_line_tells_widths_at_unequal_fit_apart():
    judgements = [replace(j, confounded=j.alpha != "1/2") for j in claim("holds", "holds", "inconclusive")]
    assert line(judgements).words == "holds at α = 1/2; at unequal fit holds at α = 1/4, not established at α = 1/8"


@pytest.mark.parametrize(
    ("other", "kind"),
    [("refuted refuted", "refuted"), ("inconclusive inconclusive", "inconclusive"), ("holds inconclusive", "partly")],
)
def test_of_several_architectures_the_least_favourable_speaks(other, kind):
    judgements = [*claim("holds", "holds"), *claim(*other.split(), arch="vgg16")]
    assert line(judgements) == line(judgements[::-1]) == line(claim(*other.split()))
    (count,) = counts(judgements)
    assert (count.of(kind), count.of("holds")) == (["performance"], [])


def test_of_architectures_that_hold_in_part_the_one_that_does_at_fewer_widths_speaks():
    fewer, more = claim("holds", "refuted", "refuted"), claim("refuted", "holds", "holds", arch="vgg16")
    assert line([*more, *fewer]) == line(fewer)


def test_cells_of_several_studies_are_corrected_together():
    one, other = cell("holds", 0.03), cell("holds", 0.03, arch="vgg16")
    assert said([one]) == said([other]) == ["at equal fit 1 of 1 claims hold"]
    assert said([one, other]) == ["at equal fit 0 of 1 claims hold"]


def test_a_false_claim_is_seldom_counted_among_many():
    rng, worlds = np.random.default_rng(0), 400
    counted = 0
    for _ in range(worlds):  # in which no claim is true
        p_values = dict(zip(CLAIMS, rng.uniform(size=len(CLAIMS)), strict=True))
        cells = [cell("holds" if p < 0.05 else "inconclusive", p, claim=name) for name, p in p_values.items()]
        counted += any(count.of("holds") for count in counts(cells))
    assert counted <= 35  # at 5 %, the bound at 99.9 %
