"""What people read is made from records alone, and changes with them."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from records import EIGHTH, HALF, ONE, QUARTER, SIXTEENTH, synthetic_record
from reports import RECORD, make_repository, page_of, put_record, rows, settings_of

from overparam.report.badges import write_badges
from overparam.report.figures.claims import FIGURES
from overparam.report.figures.studies import draw_figures
from overparam.report.page import cell, headline
from overparam.study.feature_blocks import M_1, S
from overparam.study.quantities import FSE
from overparam.study.record import read_record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import CONTROLS
from overparam.verdicts.headlines import Line

ROOT = Path(__file__).parent.parent


@pytest.fixture
def repository(tmp_path):
    return make_repository(tmp_path)


def endpoint(root, name):
    return json.loads((root / "badges" / f"{name}.json").read_text(encoding="utf-8"))


def test_settings_are_judged_missing_or_stale(repository):
    smoke, paper, toy = settings_of(repository)
    assert [s.state for s in (smoke, paper, toy)] == ["judged", "missing", "missing"]
    assert {line.claim for line in smoke.judgements} == {*CLAIMS, *CONTROLS}
    assert "overparam study digits resnet18 --scale paper" in paper.problem
    assert "overparam toy" in toy.problem
    (repository / "dvc.lock").write_text("stages: {}")
    stale = settings_of(repository)[0]
    assert (stale.state, stale.judgements, stale.record) == ("stale", (), None)
    assert "digits-resnet18-1-r0.safetensors" in stale.problem
    (repository / RECORD).write_text("{}")
    assert "is damaged or was edited" in settings_of(repository)[0].problem


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("span-over", ("holds at α = 1/4, 1/8, 1/16, growth holds", "holds")),
        ("span-mild", ("refuted at α = 1/2", "refuted")),
        (
            "performance",
            ("holds at α = 1/2, 1/4, 1/16, not established at α = 1/8, growth refuted", "partly"),
        ),
        ("residuals-redundant", ("refuted at α = 1/2, 1/4, 1/8, 1/16", "refuted")),
        ("span-over-matched-parameters", ("holds at α = 1/4", "holds")),
    ],
)
def test_the_page_says_of_every_claim_at_which_widths_it_holds(repository, claim, expected):
    assert cell(settings_of(repository)[0], claim) == Line(*expected)


def test_the_page_says_where_narrow_networks_fit_less_well(repository):
    put_record(repository, {}, train_accuracy={SIXTEENTH: 0.5})
    (setting, *_) = settings_of(repository)
    words = "holds at α = 1/4, 1/8; at unequal fit holds at α = 1/16, growth holds"
    assert cell(setting, "span-over") == Line(words, "holds")
    equal, unequal = headline(setting)
    assert equal.startswith("at equal fit 7 of 7 claims hold: span-over, ")
    assert unequal.startswith("at unequal fit 6 of 6 claims hold: span-over, ")


def test_the_headline_names_claims_and_says_where_those_hold_that_do_not_everywhere(repository):
    (said,) = headline(settings_of(repository)[0])
    assert said == (
        "at equal fit 4 of 7 claims hold: span-over, span-under, residuals-aid, residuals-specific; "
        "partly performance (holds at α = 1/2, 1/4, 1/16, not established at α = 1/8, growth refuted); "
        "refuted span-mild (refuted at α = 1/2), residuals-redundant (refuted at α = 1/2, 1/4, 1/8, 1/16)"
    )


def test_badges_say_how_claims_are_judged_at_which_scale(repository):
    written = write_badges(settings_of(repository), repository / "badges")
    assert all(path.read_text(encoding="utf-8").startswith("<?xml") for path in written)
    assert endpoint(repository, "smoke/digits-span-over") == {
        "schemaVersion": 1, "label": "span-over", "color": "2e7d32",
        "message": "digits smoke: holds at α = 1/4, 1/8, 1/16, growth holds",
    }  # fmt: skip
    assert endpoint(repository, "smoke/digits-span-mild")["message"] == "digits smoke: refuted at α = 1/2"
    assert endpoint(repository, "smoke/digits")["message"] == "at equal fit 4 of 7 claims hold, 1 partly, 2 refuted"
    assert endpoint(repository, "paper/digits-performance")["message"] == "digits paper: not measured"
    assert endpoint(repository, "smoke/toy-collapse")["message"] == "toy smoke: not measured"


def test_a_claim_holds_on_a_task_as_far_as_for_every_architecture(repository):
    smoke, *others = settings_of(repository)
    changes = {"span-over": "inconclusive", "performance": "holds"}
    vgg = [replace(line, arch="vgg16", verdict=changes.get(line.claim, line.verdict)) for line in smoke.judgements]
    write_badges([smoke, replace(smoke, arch="vgg16", judgements=tuple(vgg)), *others], repository / "badges")
    assert endpoint(repository, "smoke/digits-span-over")["message"] == (
        "digits smoke: not established at α = 1/4, 1/8, 1/16, growth not established"
    )
    message = endpoint(repository, "smoke/digits-performance")["message"]
    assert message == "digits smoke: holds at α = 1/2, 1/4, 1/16, not established at α = 1/8, growth refuted"
    assert endpoint(repository, "smoke/digits")["message"] == "at equal fit 3 of 7 claims hold, 1 partly, 2 refuted"


@pytest.mark.parametrize("spoil", ["edit", "unpin", "delete"])
def test_a_record_that_is_gone_or_changed_changes_page_and_badge(repository, spoil):
    before = page_of(repository)
    assert "7 claims hold" in before
    if spoil == "edit":
        path = repository / RECORD
        path.write_text(path.read_text(encoding="utf-8").replace('"epochs": 10', '"epochs": 11'), encoding="utf-8")
    elif spoil == "unpin":
        (repository / "dvc.lock").write_text("stages: {}")
    else:
        (repository / RECORD).unlink()
    after = page_of(repository)
    assert "7 claims hold" not in after
    assert "Not judged" in after
    write_badges(settings_of(repository), repository / "badges")
    badge = endpoint(repository, "smoke/digits-span-over")
    assert (badge["message"], badge["color"]) == (
        f"digits smoke: {'not measured' if spoil == 'delete' else 'stale'}", "6b6b6b"
    )  # fmt: skip


def test_the_page_shows_every_line_and_needs_no_other_file(repository):
    page = page_of(repository)
    lines = settings_of(repository)[0].judgements
    assert page.count("data-verdict=") == len(lines)
    for line in lines:
        assert f"{line.effect:+.4f}" in page
    for claim in (*CLAIMS.values(), *CONTROLS.values()):
        assert f'id="claim-{claim.id}"' in page
    assert "pytest claims --scale smoke -k span-over-digits-resnet18-smoke-1_4" in page
    assert "c" * 12 in page  # code that trained the networks
    outside = re.findall(r'(?:src|href)="(?!data:|#|figures/)([^"]*)"', page)
    assert outside == ["https://arxiv.org/abs/2407.00968"]
    for link in re.findall(r'href="(figures/[^"]*)"', page):
        assert (repository / "report" / link).stat().st_size > 300
    assert page.count("<img ") == page.count(" alt=") == len(FIGURES)


def test_figures_hold_the_numbers_of_the_record_and_say_what_they_are_of(repository):
    record = read_record(repository / RECORD)
    drawn = {drawing.name: drawing for drawing in draw_figures(FIGURES, [record], repository / "figures")}
    with drawn["figure-1"].file("csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["curve"] == "FSE(S_α→M_1)"]
    assert [row["alpha"] for row in rows] == ["1/2", "1/4", "1/8", "1/16"]
    for row, alpha in zip(rows, (HALF, QUARTER, EIGHTH, SIXTEENTH), strict=True):
        effect = record.effect(FSE(S(alpha), M_1))
        found = [float(row[name]) for name in ("mean", "lower", "upper", "replicate 4")]
        assert found == pytest.approx([effect.mean, effect.lower, effect.upper, effect.values[4]])
    for drawing in drawn.values():
        assert all(drawing.file(ending).stat().st_size > 300 for ending in ("svg", "png", "csv"))
        assert {"scale smoke", "synthetic", "R = 5", record.key[:8]} <= set(
            re.findall(rf"scale smoke|synthetic|R = 5|{record.key[:8]}", drawing.margin)
        )


def test_training_curves_are_drawn_of_every_width_by_epoch(repository):
    record = read_record(repository / RECORD)
    (drawing,) = [d for d in draw_figures(FIGURES, [record], repository / "figures") if d.name == "training"]
    assert len(rows(drawing)) == 2 * 5 * 3  # loss and accuracy, widths, epochs
    for metric, middle in (("loss", 1.0 + 2), ("accuracy", 0.2 + 0.02)):
        (second,) = rows(drawing, metric=metric, alpha="1/4", epoch="2")
        assert float(second["mean"]) == pytest.approx(middle)
        assert float(second["lower"]) < float(second["mean"]) < float(second["upper"])
    (last,) = rows(drawing, metric="loss", alpha="1", epoch="3")
    assert float(last["replicate 4"]) == 4.5


def test_a_figure_shows_the_records_that_measured_it(repository):
    record = read_record(repository / RECORD)
    without = {alpha: {k: v for k, v in entry.items() if k != "history"} for alpha, entry in record.networks.items()}
    old = replace(record, networks=without, arch="vgg16")
    drawn = {d.name: d for d in draw_figures(FIGURES, [old, record], repository / "figures")}
    assert {row["arch"] for row in rows(drawn["training"])} == {"resnet18"}
    assert {row["arch"] for row in rows(drawn["figure-1"])} == {"resnet18", "vgg16"}
    assert "training" not in {d.name for d in draw_figures(FIGURES, [old], repository / "figures")}


def test_the_same_record_draws_the_same_files(repository):
    record = read_record(repository / RECORD)
    first, again = (draw_figures(FIGURES, [record], repository / folder) for folder in ("first", "again"))
    for one, other in zip(first, again, strict=True):
        for ending in ("svg", "png", "csv"):
            assert one.file(ending).read_bytes() == other.file(ending).read_bytes()


def test_a_record_of_one_replicate_has_no_bands_and_is_drawn_all_the_same(repository):
    record = synthetic_record(replicates=1, early_stages={}, alphas=(ONE, HALF))
    assert len(draw_figures(FIGURES, [record], repository / "figures")) == len(FIGURES)
