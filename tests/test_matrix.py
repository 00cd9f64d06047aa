from dataclasses import replace

import pytest
from records import ALPHAS, HALF, QUARTER, SIXTEENTH, synthetic_record
from rich.console import Console

from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.matrix import LEGEND, WIDTH, matrix, refuted
from overparam.verdicts.registry import OF_STUDIES, judge_record

MARGINS = load_preregistration()
MIXED = {
    "over": {a: 0.001 if a == QUARTER else 0.1 for a in ALPHAS},
    "performance": dict(zip(ALPHAS, (0, 0.08, 0.06, 0.04, 0.02), strict=True)),
}


def judged(**changes):
    return judge_record(synthetic_record(**changes), MARGINS, evidence="record")


def lines(judgements) -> dict[str, str]:
    """What stands behind each claim."""
    console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(matrix(judgements))
    shown = [line.replace("│", " ").split(maxsplit=1) for line in captured.get().splitlines()]
    return {claim: rest.strip() for claim, rest in (line for line in shown if len(line) == 2)}


def test_a_claim_has_a_glyph_for_each_width_from_the_widest_down_and_one_for_its_growth():
    found = lines(judged(effects=MIXED))
    assert found["span-over"] == "✗✓✓↗"
    assert found["performance"] == "✓✓✓✓✗"
    assert found["residuals-aid"] == "✓✓✓✓↗"
    assert lines(judged(effects=MIXED)[::-1]) == found


def test_a_mark_says_where_networks_fit_unequally():
    found = lines(judged(train_accuracy={SIXTEENTH: 0.5}))
    assert found["span-over"] == "✓✓✓↗ᶜ"
    assert found["span-mild"] == "✓"


def test_no_line_is_cut_of_every_claim_in_every_default_setting():
    (line, *_) = judged()
    studies = [("cifar", "resnet18", "reduced"), ("cifar", "vgg16", "reduced"), ("mnli", "transformer", "reduced")]
    studies += [("mosaics", "resnet18", "smoke"), ("mosaics", "vgg16", "smoke"), ("nli", "transformer", "smoke")]
    studies += [("toy", "two-layer", "smoke")]
    every = [
        replace(line, claim=claim, task=task, arch=arch, scale=scale, alpha=alpha, confounded=True)
        for claim in OF_STUDIES
        for task, arch, scale in studies
        for alpha in ("1/2", "1/4", "1/8", "1/16", None)
    ]
    console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(matrix(every))
    assert "…" not in captured.get()
    assert captured.get().count("✓✓✓✓↗ᶜ") == len(OF_STUDIES) * len(studies)
    assert len(captured.get().splitlines()) + len(LEGEND) <= 40
    assert max(map(len, (*captured.get().splitlines(), *LEGEND))) <= WIDTH


@pytest.mark.parametrize("scale", ["smoke", "reduced"])
def test_what_is_refuted_stands_in_a_line_with_its_effects_and_its_margin(scale):
    every = [replace(judgement, scale=scale) for judgement in judged(effects={"over": 0.001, "aid": [0.0] * 5})]
    assert refuted(every)[0] == (
        f"refuted: span-over, digits-resnet18, {scale}: +0.001 at α = 1/4, +0.001 at α = 1/8, +0.001 at α = 1/16, "
        "+0.000 in its growth; margin 0.02"
    )
    assert [line.split()[1] for line in refuted(every)] == ["span-over,", "residuals-aid,"]
    assert refuted(judged()) == []


def test_the_widest_comes_first_whatever_the_order_of_tests():
    only = [j for j in judged(effects={"under": {a: 0.1 if a == HALF else 0.0 for a in ALPHAS}}) if j.alpha]
    assert lines(only[::-1])["span-under"] == "✓✗✗✗"
