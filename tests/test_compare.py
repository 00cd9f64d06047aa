import csv
import html
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from features import FIT, HALF, HELDOUT, ONE, QUARTER, latents, world
from rich.console import Console
from test_own import build_replicates

from overparam.compare.api import compare_networks
from overparam.compare.comparison import Comparison
from overparam.compare.inputs import NetworkFeatures
from overparam.errors import MeasurementError, SpecError
from overparam.metrics.similarity import Pair, linear_cka
from overparam.report.page import write_page
from overparam.report.settings import Setting
from overparam.study.feature_blocks import M_1, M_1_PRIME, S
from overparam.study.measure import measure
from overparam.study.quantities import FP, FSE, Contrast
from overparam.study.record import PENALTY_FACTORS
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import CONTROLS
from overparam.verdicts.margins import load_preregistration

MARGINS = load_preregistration()
SPLIT = np.repeat([False, True], [FIT, HELDOUT])
LABELS = latents()[1]
HELD_OUT = {"span-under", "residuals-specific"}  # claims that compare with narrow networks held out of S
SPANS = {claim.id for claim in CLAIMS.values() if claim.inequality.unit == "span"}


def networks(kind="signal", number=0, alpha=QUARTER, members=None):
    files = world(kind, number)
    wide, narrow = files[ONE].features, files[alpha].features
    every = [narrow[:, k] for k in range(narrow.shape[1])]
    return NetworkFeatures(wide[:, 0], wide[:, 1], every[:members])


@cache
def compared(kind="signal", count=2, alpha=QUARTER, members=None, labelled=True) -> Comparison:
    replicates = {f"r{number}": networks(kind, number, alpha, members) for number in range(count)}
    labels = LABELS if labelled else None
    return compare_networks(replicates, labels=labels, heldout=SPLIT, preregistration=MARGINS, workers=1)


def verdicts(comparison):
    return {judgement.claim: judgement.verdict for judgement in comparison.judgements}


def effects(comparison):
    return {judgement.claim: judgement.effect for judgement in comparison.judgements}


def printed(comparison, width=150):
    console = Console(width=width)
    with console.capture() as captured:
        console.print(comparison)
    return captured.get()


@pytest.mark.parametrize("alpha", [HALF, QUARTER])
def test_all_networks_and_labels_give_what_studies_measure(alpha):
    built = build_replicates({f"r{k}": networks(number=k, alpha=alpha) for k in range(2)}, LABELS, SPLIT)
    samples, penalties = measure(dict(enumerate(built)), workers=1)
    record = compared(alpha=alpha).record
    assert record.penalties == penalties
    for name, expected in samples.items():
        found = record.samples[name]
        assert set(found.quantities) == set(expected.quantities)
        contrasts = [Contrast({quantity: 1.0}) for quantity in expected.quantities]
        for contrast in [*contrasts, contrasts[0] - contrasts[1]]:
            for factor in PENALTY_FACTORS:
                np.testing.assert_allclose(
                    found.effect(contrast, factor).values, expected.effect(contrast, factor).values, rtol=1e-9
                )
                np.testing.assert_allclose(
                    found.effect(contrast, factor).shared,
                    expected.effect(contrast, factor).shared,
                    rtol=1e-6,
                    atol=1e-12,
                )


def test_claims_hold_where_wide_networks_know_what_narrow_ones_do_not():
    found = verdicts(compared(count=3))
    assert found.pop("residuals-redundant") == "inconclusive"  # so few examples would not show a small gain either
    assert found == {name: "holds" for name in CLAIMS if name not in ("residuals-redundant", "span-mild")}


def test_claims_do_not_hold_of_wide_networks_that_are_concatenations():
    found = verdicts(compared("all S", count=3))
    assert "holds" not in {found[claim] for claim in ("span-over", "span-under", "performance", "residuals-specific")}


def test_without_networks_held_out_the_claims_that_need_them_are_left_out_and_nothing_else_changes():
    everything, fewer = compared(), compared(members=4)
    assert set(verdicts(everything)) - set(verdicts(fewer)) == HELD_OUT
    for judgement in fewer.judgements:
        (same,) = [other for other in everything.judgements if other.claim == judgement.claim]
        assert judgement.effect == pytest.approx(same.effect, rel=1e-9)
        assert judgement.verdict == same.verdict
    assert "not judged without 8 networks of α = 1/4: span-under, residuals-specific" in fewer.notes


def test_without_labels_only_spans_are_compared():
    bare = compared(labelled=False)
    assert set(verdicts(bare)) == set(verdicts(compared())) & SPANS
    assert set(bare.record.samples) == {"span"}
    (note,) = [note for note in bare.notes if "without labels" in note]
    assert set(note.removeprefix("not judged without labels of two or more classes: ").split(", ")) == {
        claim.id for claim in (*CLAIMS.values(), *CONTROLS.values()) if claim.inequality.unit == "accuracy"
    }


def test_labels_of_one_class_are_as_good_as_none():
    replicates = {f"r{number}": networks(number=number) for number in range(2)}
    alike = compare_networks(replicates, labels=LABELS * 0 + 7, heldout=SPLIT, preregistration=MARGINS, workers=1)
    assert effects(alike) == effects(compared(labelled=False))


def test_claims_that_are_about_other_widths_are_named_and_what_they_compare_is_measured_all_the_same():
    rng = np.random.default_rng(0)
    wide, other = rng.normal(size=(2, 300, 6)) + rng.normal(size=(300, 6))
    narrow = [wide[:, [k]] + rng.normal(size=(300, 2)) for k in range(3)]
    thirds = compare_networks(
        {"r0": NetworkFeatures(wide, other, narrow)}, heldout=SPLIT, preregistration=MARGINS, workers=1
    )
    assert "not judged without networks of α ≤ 1/4: span-over, span-over-matched-parameters" in thirds.notes
    assert "not judged without networks of α = 1/2 and narrower ones: span-mild" in thirds.notes
    assert str(FSE(S(Fraction(1, 3)), M_1)) in printed(thirds)


def test_as_many_parameters_are_compared_where_there_are_so_many_networks():
    controls = {claim for claim in verdicts(compared(alpha=HALF)) if claim in CONTROLS}
    assert controls == {"performance-matched-parameters"}  # span-over is claimed from 1/4 down
    assert not {claim for claim in verdicts(compared()) if claim in CONTROLS}
    assert any("without 16 networks of α = 1/4: span-over-matched" in note for note in compared().notes)


def test_of_several_widths_trends_are_judged_too():
    both = [
        replace(
            networks(number=number),
            narrow=[*networks(number=number).narrow, *networks(number=number, alpha=HALF).narrow],
        )
        for number in range(3)
    ]
    found = compare_networks(
        {f"r{k}": replicate for k, replicate in enumerate(both)},
        labels=LABELS,
        heldout=SPLIT,
        preregistration=MARGINS,
        workers=1,
    )
    for alpha in (HALF, QUARTER):
        alone = compared(count=3, alpha=alpha)
        for judgement in alone.judgements:
            (same,) = [j for j in found.judgements if (j.claim, j.alpha) == (judgement.claim, judgement.alpha)]
            assert same.effect == pytest.approx(judgement.effect, rel=1e-9)
    trends = {judgement.claim for judgement in found.judgements if judgement.alpha is None}
    assert trends == {"span-under", "performance", "residuals-aid"}  # span-over is claimed from 1/4 down
    assert str(FSE(S(HALF), M_1)) in printed(found)
    assert str(FSE(S(QUARTER), M_1)) in printed(found)


def test_one_replicate_gives_numbers_and_no_verdict():
    alone = compared(count=1)
    assert set(verdicts(alone).values()) == {"inconclusive"}
    assert f"{alone.record.effect(FSE(M_1_PRIME, M_1)).mean:.4f}" in printed(alone)
    assert all(judgement.lower is None for judgement in alone.judgements)


@pytest.mark.parametrize("width", [60, 150])
def test_every_number_and_every_note_is_printed(width):
    comparison = compared()
    shown = printed(comparison, width=200)
    rows = {line.split("│")[1].strip(): line for line in shown.splitlines() if line.startswith("│")}
    gap = FSE(S(QUARTER), M_1) - FSE(M_1_PRIME, M_1)
    for contrast in (FSE(S(QUARTER), M_1), FP(M_1), FP(S(QUARTER)), gap):
        effect = comparison.record.effect(contrast)
        for number in (effect.mean, *effect.values, effect.upper - effect.mean):
            assert f"{number:.4f}" in rows[str(contrast)]
    for other in (M_1_PRIME, S(QUARTER)):
        for replicate in range(2):
            (built,) = build_replicates({"r": networks(number=replicate)}, LABELS, SPLIT)
            cka = linear_cka(Pair.of(built.blocks[M_1][:][SPLIT], built.blocks[other][:][SPLIT]))
            assert f"{cka:.4f}" in rows[f"linear CKA(M_1, {other})"]
    for judgement in comparison.judgements:
        assert judgement.claim in shown
    assert f"1/4 ({networks().narrow[0].shape[1]} feat.)" in shown
    words = " ".join(printed(comparison, width).split())
    for note in comparison.notes:
        assert note in words
    assert "fitted on 150 examples, measured on 150 held-out ones; R = 2" in words


@pytest.mark.parametrize("labelled", [True, False])
def test_the_page_shows_what_was_compared_and_nothing_that_was_not(tmp_path, labelled):
    comparison = compared(count=3, members=4, labelled=labelled)
    page = html.unescape(write_page([Setting.of_own(comparison)], MARGINS, tmp_path).read_text("utf-8"))
    assert "<strong>Your networks on your examples</strong>" in page
    for note in comparison.notes:
        assert note in page
    judged = {judgement.claim for judgement in comparison.judgements}
    assert set(re.findall('<article id="claim-(.*?)">', page)) == judged
    assert "pytest claims" not in page
    for name, effect in comparison.similarity.items():
        assert f"{name} {effect.mean:.3f}" in page
    for name, digest in comparison.record.data["sha256"].items():
        assert f"{name} <code>{digest}</code>" in page
    drawn = {path.stem for path in tmp_path.rglob("*.csv")}
    assert drawn == {"figure-1", "penalties", *(("figure-3", "figure-4") if labelled else ())}
    with (tmp_path / "figures" / "own" / "figure-1.csv").open(encoding="utf-8") as file:
        means = {row["curve"]: float(row["mean"]) for row in csv.DictReader(file)}
    assert means["FSE(S_α→M_1)"] == comparison.record.effect(FSE(S(QUARTER), M_1)).mean


def test_the_margins_are_those_given():
    strict = replace(MARGINS, span=0.99)
    replicates = {f"r{number}": networks(number=number) for number in range(2)}
    found = compare_networks(replicates, heldout=SPLIT, preregistration=strict, workers=1)
    assert {judgement.margin for judgement in found.judgements} == {0.99}
    assert "holds" not in verdicts(found).values()


def test_residuals_are_not_judged_where_labels_are_chance():
    replicates = {f"r{number}": networks(number=number) for number in range(2)}
    noise = np.random.default_rng(3).integers(3, size=len(LABELS))
    found = compare_networks(replicates, labels=noise, heldout=SPLIT, preregistration=MARGINS, workers=1)
    share = np.bincount(noise[SPLIT]).max() / HELDOUT
    for judgement in found.judgements:
        if judgement.claim.startswith("residuals"):
            assert judgement.verdict == "inconclusive"
            assert judgement.why == f"positive control: the probe on M_1 is not above chance ({share:.3f})"


def test_replicates_of_different_networks_are_refused():
    with pytest.raises(MeasurementError, match="there is nothing to compare: narrow networks of α = 1/2"):
        compare_networks({"r0": networks(), "r1": networks(number=1, alpha=HALF)}, preregistration=MARGINS, workers=1)


def test_no_replicate_is_refused():
    with pytest.raises(SpecError, match="there are no networks to compare"):
        compare_networks({}, preregistration=MARGINS)
