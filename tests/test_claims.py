import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from records import ALPHAS, EIGHTH, HALF, MEMBERS, ONE, QUARTER, SIXTEENTH, synthetic_record

from overparam.study.record import PENALTY_FACTORS, Record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.inequalities import NotAbove
from overparam.verdicts.judge import Judgement, cell_id, judge
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import OF_STUDIES, REGISTRY, judge_record

ROOT = Path(__file__).parent.parent
MARGINS = load_preregistration()
NARROW = ALPHAS[1:]
FAMILY = {  # which effect of the synthetic record each claim is about
    "span-over": "over",
    "span-mild": "over",
    "span-under": "under",
    "performance": "performance",
    "residuals-aid": "aid",
    "residuals-specific": "specific",
    "residuals-redundant": "redundant",
    "span-over-matched-parameters": "over with parameters",
    "performance-matched-parameters": "performance with parameters",
}
JUDGED = CLAIMS | CONTROLS

RESIDUALS = {"residuals-aid", "residuals-specific", "residuals-redundant"}


def judged(claim: str, alpha: Fraction | None, effects=None, **changes) -> Judgement:
    record = synthetic_record(effects, **changes)
    return judge(JUDGED[claim], record, alpha, MARGINS, evidence="record")


def margin_of(claim: str) -> float:
    return {"span": 0.02, "accuracy": 0.005}[JUDGED[claim].inequality.unit]


def test_a_world_as_claimed_holds_in_every_cell():
    judgements = judge_record(synthetic_record(), MARGINS, evidence="record")
    assert {j.claim for j in judgements} == set(JUDGED) == set(FAMILY)
    assert [j.cell for j in judgements if not j.holds] == []
    assert len({j.cell for j in judgements}) == len(judgements) == 3 + 1 + 1 + 3 * (4 + 1) + 4 + 4 + (1 + 2)


@pytest.mark.parametrize("alpha", [QUARTER, SIXTEENTH])
@pytest.mark.parametrize("claim", ["span-over", "span-under", "performance", "residuals-aid", "residuals-specific"])
@pytest.mark.parametrize(
    ("above", "verdict"), [(0.03, "holds"), (0.0, "inconclusive"), (-0.02, "refuted"), (-0.1, "refuted")]
)
def test_a_claim_of_more_is_decided_by_the_margin(claim, alpha, above, verdict):
    effect = margin_of(claim) + above
    judgement = judged(claim, alpha, {FAMILY[claim]: effect})
    assert judgement.verdict == verdict
    assert judgement.effect == pytest.approx(effect)
    assert judgement.margin == margin_of(claim)
    assert judgement.lower is not None
    assert judgement.upper is not None
    assert judgement.lower < judgement.effect < judgement.upper
    assert judgement.cell == (claim, "digits", "resnet18", str(alpha), "smoke")
    assert judgement.preregistration == MARGINS.sha256


@pytest.mark.parametrize("alpha", [HALF, SIXTEENTH])
@pytest.mark.parametrize(
    ("above", "verdict"), [(0.03, "refuted"), (0.0, "inconclusive"), (-0.005, "holds"), (-0.1, "holds")]
)
def test_a_claim_of_no_more_is_decided_by_the_margin(alpha, above, verdict):
    judgement = judged("residuals-redundant", alpha, {"redundant": 0.005 + above})
    assert judgement.verdict == verdict
    assert judgement.effect == pytest.approx(0.005 + above)


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ((0.0, 0.1, 0.2, 0.3), "holds"),
        ((0.0, 0.3, 0.01, 0.2), "holds"),  # below every narrower gap, in whatever order those are
        ((0.02, 0.1, 0.2, 0.3), "inconclusive"),  # at the margin
        ((0.05, 0.1, 0.2, 0.3), "refuted"),
        ((0.0, 0.0, 0.2, 0.3), "inconclusive"),  # no telling whether it is below 1/4's
        ((0.0, 0.1, 0.2, -0.1), "refuted"),  # above 1/16's
    ],
)
def test_half_the_width_must_be_within_the_margin_and_below_every_narrower_gap(gaps, verdict):
    judgement = judged("span-mild", HALF, {"over": dict(zip(NARROW, gaps, strict=True))})
    assert judgement.verdict == verdict
    assert (judgement.effect, judgement.margin) == (pytest.approx(gaps[0]), 0.02)


@pytest.mark.parametrize("claim", [claim.id for claim in CLAIMS.values() if claim.trend])
@pytest.mark.parametrize(
    ("shape", "verdict"),
    [
        ((1, 2, 3, 4), "holds"),
        ((1, 4, 3.7, 6), "holds"),  # a step may fall by less than the margin
        ((1, 4, 3.5, 6), "inconclusive"),  # by the margin exactly
        ((1, 1, 1, 1), "refuted"),  # no growth
        ((4, 3, 2, 1), "refuted"),
        ((1, 9, 2, 20), "refuted"),  # it grows, but falls in one step
    ],
)
def test_a_trend_needs_a_slope_and_no_falling_step(claim, shape, verdict):
    margin, about = margin_of(claim), CLAIMS[claim].widths.about(MEMBERS)
    effects = dict(zip(NARROW, (2 * margin * size for size in shape), strict=True))
    judgement = judged(claim, None, {FAMILY[claim]: effects}, spread=1e-4)
    assert (judgement.verdict, judgement.alpha) == (verdict, None)
    assert judgement.margin == pytest.approx(margin / 10)
    slope = np.polyfit([np.log2(float(1 / a)) for a in about], [effects[a] for a in about], 1)[0]
    assert judgement.effect == pytest.approx(slope)


def test_the_slope_is_a_halvings_even_if_a_width_is_left_out():
    gaps = {HALF: 0.1, EIGHTH: 0.3, SIXTEENTH: 0.4}
    judgement = judged("span-under", None, {"under": gaps}, alphas=(ONE, HALF, EIGHTH, SIXTEENTH))
    assert (judgement.verdict, judgement.effect) == ("holds", pytest.approx(0.1))


@pytest.mark.parametrize(
    ("claim", "alphas", "expected"),
    [
        ("span-over", ALPHAS, [QUARTER, EIGHTH, SIXTEENTH, None]),
        ("span-over", (SIXTEENTH, HALF), [SIXTEENTH]),
        ("span-mild", ALPHAS, [HALF]),
        ("span-mild", (QUARTER,), []),
        ("span-under", (SIXTEENTH, HALF), [HALF, SIXTEENTH, None]),
        ("performance", (HALF,), [HALF]),
        ("residuals-redundant", ALPHAS, list(NARROW)),
        ("span-over-matched-parameters", ALPHAS, [QUARTER]),
        ("performance-matched-parameters", ALPHAS, [HALF, QUARTER]),
    ],
)
def test_each_claim_is_judged_where_the_paper_makes_it(claim, alphas, expected):
    assert JUDGED[claim].cells({alpha: MEMBERS[alpha] for alpha in alphas}) == expected


def test_one_replicate_is_inconclusive_everywhere():
    judgements = judge_record(synthetic_record(replicates=1), MARGINS, evidence="record")
    assert {j.verdict for j in judgements} == {"inconclusive"}
    assert {(j.lower, j.upper) for j in judgements} == {(None, None)}
    json.dumps([j.as_json() for j in judgements], allow_nan=False)


@pytest.mark.parametrize("claim", ["span-over", "performance", *sorted(RESIDUALS)])
@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize(
    ("from_margin", "moved", "outcome"),
    [
        (0.4, -0.9, "refuted"),  # to the other side, by less than the margin
        (0.4, -1.5, "refuted"),
        (0.4, -0.4, "inconclusive"),
        (6.0, -1.5, "holds"),  # by more than the margin, on the same side
        (6.0, -6.0, "inconclusive"),
        (6.0, 3.0, "holds"),
    ],
)
def test_no_effect_may_move_by_more_than_the_margin_to_another_outcome_within_a_decade(
    claim, place, from_margin, moved, outcome
):
    margin, sign = margin_of(claim), -1 if isinstance(CLAIMS[claim].inequality, NotAbove) else 1
    level = [margin + sign * from_margin * margin] * 5
    if place != 2:
        level[place] += sign * moved * margin
    judgement = judged(claim, QUARTER, {FAMILY[claim]: level}, spread=1e-4)
    assert judgement.effect == pytest.approx(level[2])
    if place in (1, 3) and abs(moved) > 1 and outcome != "holds":
        assert judgement.verdict == "inconclusive"
        assert judgement.why == (
            f"λ: holds at the cross-validated ridge penalty ({level[2]:+.4f}), {outcome} at {PENALTY_FACTORS[place]:g} "
            f"times it ({level[place]:+.4f})"
        )
    else:
        assert judgement.verdict == "holds"


@pytest.mark.parametrize(("claim", "alpha"), [("span-mild", HALF), ("span-over", None)])
def test_what_stands_on_several_widths_must_come_out_the_same_within_a_decade(claim, alpha):
    gaps = {HALF: 0.0, QUARTER: 0.1, EIGHTH: 0.2, SIXTEENTH: [0.3, 0.3, 0.3, -0.2, 0.3]}
    judgement = judged(claim, alpha, {"over": gaps})
    assert judgement.verdict == "inconclusive"
    assert judgement.why.startswith("λ: holds at the cross-validated ridge penalty")
    assert "refuted at 10 times it" in judgement.why


@pytest.mark.parametrize(
    ("changes", "gated", "why"),
    [
        ({"wide": 0.1}, RESIDUALS, "probe on M_1 is not above chance (0.100)"),
        ({"majority_share": 0.899}, RESIDUALS, "not above chance (0.899)"),
        ({"planted": 0.0}, {"residuals-redundant"}, "does not see the gain of planted labels (0.0000)"),
        ({"planted": 0.005}, {"residuals-redundant"}, "does not see the gain of planted labels (0.0050)"),
    ],
)
def test_claims_about_residuals_need_a_probe_that_could_have_told(changes, gated, why):
    judgements = judge_record(synthetic_record(**changes), MARGINS, evidence="record")
    assert {j.claim for j in judgements if not j.holds} == gated
    for judgement in (j for j in judgements if j.claim in gated):
        assert judgement.verdict == "inconclusive"
        assert judgement.why.startswith("positive control: ")
        assert why in judgement.why


def admitting(accuracy: Mapping[Fraction, float], *, baseline: float = 0.2) -> Record:
    """A record of a study whose networks must each get 99 % right."""
    record = synthetic_record(train_accuracy=dict.fromkeys(ALPHAS, 0.999) | dict(accuracy), baseline=baseline)
    return replace(record, data={**record.data, "admission": 0.99})


def test_a_width_that_does_not_fit_is_not_judged_nor_what_stands_on_it():
    judgements = judge_record(admitting({EIGHTH: 0.989}), MARGINS, evidence="record")
    withheld = {(j.claim, j.alpha) for j in judgements if not j.holds}
    at_that_width = {(claim, "1/8") for claim in CLAIMS if claim != "span-mild"}
    standing_on_it = {(claim.id, None) for claim in CLAIMS.values() if claim.trend} | {("span-mild", "1/2")}
    assert withheld == at_that_width | standing_on_it
    for judgement in (j for j in judgements if not j.holds):
        assert judgement.verdict == "inconclusive"
        assert judgement.why.startswith("not fitted: network 0 of α = 1/8 in replicate 0 gets 98.90% of its training")


def test_where_the_wide_network_does_not_fit_nothing_is_judged():
    judgements = judge_record(admitting({ONE: 0.98}), MARGINS, evidence="record")
    assert {j.verdict for j in judgements} == {"inconclusive"}


@pytest.mark.parametrize(("baseline", "verdict"), [(0.5, "holds"), (0.51, "inconclusive")])
def test_where_wide_networks_do_not_span_half_of_each_other_no_span_is_judged(baseline, verdict):
    for judgement in judge_record(admitting({}, baseline=baseline), MARGINS, evidence="record"):
        assert judgement.verdict == (verdict if judgement.claim.startswith("span-") else "holds")


@pytest.mark.parametrize(("lag", "confounded"), [(0.0, False), (0.019, False), (0.021, True), (-0.1, False)])
def test_a_narrow_network_that_fits_less_well_marks_its_cell_and_the_trend(lag, confounded):
    record = synthetic_record(train_accuracy={ONE: 0.9, SIXTEENTH: 0.9 - lag, EIGHTH: 0.9, QUARTER: 0.9, HALF: 0.9})
    for judgement in judge_record(record, MARGINS, evidence="record"):
        assert judgement.holds  # the claim is still judged
        assert judgement.confounded == (confounded and judgement.alpha in (None, "1/16"))


def claim_markers() -> list[tuple[str, str | None]]:
    """Every ``pytest.mark.claim(id, part=...)`` in claims/test_*.py, read without running them."""
    found = []
    for file in sorted((ROOT / "claims").glob("test_*.py")):
        for function in (node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)):
            for call in (node for node in function.decorator_list if isinstance(node, ast.Call)):
                if ast.unparse(call.func) == "pytest.mark.parametrize":
                    continue
                assert ast.unparse(call.func) == "pytest.mark.claim"
                part = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}.get("part")
                found.append((ast.literal_eval(call.args[0]), part))
    return found


def test_every_claim_has_one_test_and_one_for_its_trend_exactly_if_it_grows():
    expected = [(claim, None) for claim in REGISTRY]
    expected += [(claim.id, "trend") for claim in CLAIMS.values() if claim.trend]
    assert sorted(claim_markers(), key=str) == sorted(expected, key=str)


def test_inequalities_name_the_networks_that_are_compared():
    assert CONTROLS_APART["span-over-twice-as-many"].words == "FSE(S_α^(2/α)→M_1) − FSE(M_1′→M_1) > δ"
    assert AT_EQUAL_FIT["span-over-equal-fit"].words == (
        "FSE(S_α→W) − FSE(W′→W) > δ, with W and W′ wide networks trained until they fit as M_α does"
    )


def test_unequal_fit_marks_only_what_it_could_cause():
    unmarked = {name for name, claim in OF_STUDIES.items() if not claim.by_fit}
    assert unmarked == {*AT_EQUAL_FIT, "span-over-comes-with-training"}


def test_a_cell_has_one_name_for_tests_and_page():
    about = ("span-over", "digits", "resnet18", "smoke")
    assert cell_id(*about, QUARTER) == "span-over-digits-resnet18-smoke-1_4"
    assert cell_id(*about, None) == "span-over-digits-resnet18-smoke-trend"
