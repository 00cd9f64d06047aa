import re
from dataclasses import replace

import pytest
from records import EIGHTH, HALF, QUARTER, SIXTEENTH, synthetic_record
from rich.console import Console

from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import CONTROLS
from overparam.verdicts.headlines import SAID
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import OF_STUDIES, judge_record
from overparam.verdicts.scoreboard import WIDTH, scoreboard, summary

MARGINS = load_preregistration()


@pytest.mark.parametrize("changes", [{}, {"replicates": 1}, {"effects": {"performance": -0.1, "over": 0.05}}])
def test_the_scoreboard_has_a_line_for_every_judgement(changes):
    judgements = judge_record(synthetic_record(**changes, train_accuracy={SIXTEENTH: 0.5}), MARGINS, evidence="record")
    judgements += [replace(j, arch="vgg16") for j in judgements]
    console = Console(width=200)
    with console.capture() as captured:
        console.print(scoreboard(judgements))
    lines = [line for line in captured.get().splitlines() if "digits" in line]
    assert len(lines) == len(judgements)
    for line, j in zip(lines, judgements, strict=True):
        bounds = "[−, −]" if j.lower is None else f"[{j.lower:+.4f}, {j.upper:+.4f}]"
        mark = f"{j.verdict} ᶜ" if j.confounded else j.verdict
        for text in (j.claim, j.arch, j.place, f"{j.effect:+.4f}", bounds, mark, f"R = {j.replicates}"):
            assert text in line
        assert ("ᶜ" in line) == j.confounded
    sentences = [line for line in summary(judgements) if not line.startswith("    ")]
    assert len(sentences) == 2 * len(CLAIMS | CONTROLS) + 1
    assert sentences[-1].startswith("ᶜ at unequal fit")
    mild = next(j for j in judgements if j.claim == "span-mild")
    where = f"{SAID[mild.verdict]} at α = 1/2"
    assert sum(sentence.startswith("span-mild") and sentence.endswith(where) for sentence in sentences) == 2


def test_no_line_is_cut_on_the_narrowest_console_that_the_scoreboard_is_printed_on():
    (line, *_) = judge_record(synthetic_record(replicates=20), MARGINS, evidence="checkpoint")
    about = {"task": "digits", "arch": "transformer", "scale": "reduced", "verdict": "inconclusive", "confounded": True}
    lines = [replace(line, claim=claim, alpha="1/2", width="128 feat.", **about) for claim in OF_STUDIES]
    lines += [replace(line, alpha="1/300", width="2 neurons", **about)]
    console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(scoreboard(lines))
    assert "…" not in captured.get()


def test_without_a_confounded_cell_the_summary_explains_no_mark():
    judgements = judge_record(synthetic_record(), MARGINS, evidence="record")
    assert len(summary(judgements)) == len(CLAIMS | CONTROLS)
    assert "ᶜ" not in "".join(summary(judgements))


def test_the_summary_groups_the_lines_of_a_study_in_whatever_order_they_come():
    judgements = judge_record(synthetic_record(), MARGINS, evidence="record")
    others = [replace(j, scale="paper", verdict="refuted") for j in judgements]
    mixed = [line for pair in zip(judgements, others, strict=True) for line in pair]
    assert summary(mixed) == summary(judgements + others)
    assert len([line for line in summary(mixed) if not line.startswith("    ")]) == 2 * len(CLAIMS | CONTROLS)
    refuted = "refuted at α = 1/2, 1/4, 1/8, 1/16, growth refuted"
    assert f"performance (Fig. 3), digits-resnet18, paper: {refuted}" in summary(mixed)


def test_the_summary_says_why_a_claim_does_not_hold_once_a_reason():
    effects = {"performance": {HALF: 0.0, QUARTER: 0.0, EIGHTH: 0.02, SIXTEENTH: 0.04}}
    judgements = judge_record(synthetic_record(effects, spread=0.0), MARGINS, evidence="record")
    lines = summary([j for j in judgements if j.claim == "performance"])
    assert lines[0].endswith("holds at α = 1/8, 1/16, refuted at α = 1/2, 1/4, growth holds")
    # Without spread between replicates only the shared examples make an interval, the same at both widths.
    assert len(lines) == 2
    assert re.fullmatch(r"    1/2, 1/4 refuted: upper bound 0\.000\d is below the margin 0\.005", lines[1])


def test_a_trend_judged_alone_is_summed_up_alone():
    judgements = judge_record(synthetic_record(), MARGINS, evidence="record")
    (line,) = summary([j for j in judgements if j.claim == "performance" and j.alpha is None])
    assert line == "performance (Fig. 3), digits-resnet18, smoke: growth holds"


def test_nothing_judged_is_an_empty_scoreboard():
    assert scoreboard([]).row_count == 0
    assert summary([]) == []
