"""α never stands alone: beside it is said how wide a network is in absolute terms."""

from dataclasses import replace
from fractions import Fraction

import pytest
from matplotlib.figure import Figure
from networks import ROOT
from records import ALPHAS, EIGHTH, HALF, ONE, QUARTER, SIXTEENTH, synthetic_record

from overparam.config.architectures import ARCHITECTURES
from overparam.config.studies import load_config
from overparam.networks.registry import build
from overparam.report.figures.drawing import label_widths
from overparam.report.tables.controls import control_tables
from overparam.study.record import Record, read_record
from overparam.toy.record import read_toy_record
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record

CONFIG = load_config(ROOT / "params.yaml")
COMMITTED = sorted(path for path in (ROOT / "results").glob("*/**/*-*.json") if path.parent.name != "verdicts")


def of(arch: str, features: int, alpha: Fraction = QUARTER) -> Record:
    """A record whose networks of a width have so many features each."""
    return replace(synthetic_record(), arch=arch, networks={alpha: {"features": features}})


@pytest.mark.parametrize("alpha", [ONE, QUARTER, SIXTEENTH])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_network_as_it_is_built_is_as_wide_as_its_features_say(arch, alpha):
    network = build(arch, alpha, 1, base_width=16, channels=3, classes=10)
    assert of(arch, network.feature_count, alpha).width(alpha).count == 16 * alpha


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.relative_to(ROOT / "results").as_posix())
def test_the_networks_of_a_record_are_as_wide_as_its_scale_says(path):
    record = read_record(path)
    base = CONFIG.study(record.task, record.arch, record.scale).scale.base_width
    assert {alpha: record.width(alpha).count for alpha in record.alphas} == {a: base * a for a in record.alphas}


@pytest.mark.parametrize(
    ("arch", "features", "alpha", "said"),
    [
        ("resnet18", 128, ONE, "1 (16 ch)"),
        ("resnet18", 8, SIXTEENTH, "1/16 (1 ch)"),
        ("resnet18", 32, SIXTEENTH, "1/16 (4 ch)"),
        ("vgg16", 16, EIGHTH, "1/8 (2 ch)"),
        ("vgg16", 256, HALF, "1/2 (32 ch)"),
        ("transformer", 8, SIXTEENTH, "1/16 (8 feat.)"),
        ("transformer", 512, ONE, "1 (512 feat.)"),
        ("networks", 24, Fraction(1, 3), "1/3 (24 feat.)"),
        ("networks", 1, EIGHTH, "1/8 (1 feat.)"),
        ("generated", 4, QUARTER, "1/4 (4 feat.)"),
    ],
)
def test_a_width_is_said_as_a_share_and_in_absolute_terms(arch, features, alpha, said):
    assert str(of(arch, features, alpha).width(alpha)) == said


def test_networks_of_the_toy_are_as_wide_as_they_have_neurons():
    record = read_toy_record(ROOT / "results" / "smoke" / "toy.json")
    found = [str(record.width(Fraction(1, k))) for k in (1, 120, 300)]
    assert found == ["1 (600 neurons)", "1/120 (5 neurons)", "1/300 (2 neurons)"]


def test_a_judgement_is_about_a_width_or_a_trend():
    judgements = judge_record(synthetic_record(), load_preregistration(), evidence="record")
    channels = {str(alpha): int(16 * alpha) for alpha in ALPHAS}
    for line in judgements:
        assert line.place == (f"{line.alpha} ({channels[line.alpha]} ch)" if line.alpha else "trend")


def test_an_axis_names_each_width_with_its_channels_and_says_that_they_are_channels():
    axes, record = Figure().subplots(), synthetic_record()
    label_widths(axes, [record.width(alpha) for alpha in record.narrow_alphas])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1/2\n8", "1/4\n4", "1/8\n2", "1/16\n1"]
    assert axes.get_xlabel() == "width factor α\nchannels of the first layer"


def test_the_table_of_controls_names_every_block_with_how_wide_its_networks_are():
    tables = control_tables(read_record(ROOT / "results" / "smoke" / "controls" / "nli-transformer.json"))
    wide, quarter = "(32 feat.)", "(8 feat.)"
    assert f"| M_1′ {wide} | S_1/4 {quarter} | M_1/4 {quarter} |" in tables
