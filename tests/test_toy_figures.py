"""The toy's figures hold the numbers of its record."""

import pytest
from reports import rows
from test_toy import TINY, record

from overparam.io.progress import silent
from overparam.pipeline.toy import run_toy
from overparam.report.figures.toy import draw_toy_figures
from overparam.toy.record import Activated


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A whole run of a tiny toy, and its figures by name."""
    folder = tmp_path_factory.mktemp("toy")
    made = run_toy(TINY, folder / "toy.json", silent())
    return made, {drawing.name: drawing for drawing in draw_toy_figures(made, folder)}


def test_every_figure_is_drawn(drawn):
    _, drawings = drawn
    assert set(drawings) == {"figure-5", "toy-spans", "toy-thresholds", "toy-controls", "phase-diagram"}
    for drawing in drawings.values():
        assert all(drawing.file(ending).stat().st_size > 100 for ending in ("svg", "png", "csv"))
        assert f"{TINY.neurons} neurons" in drawing.margin


def test_trajectories_are_means_over_seeds(drawn):
    made, drawings = drawn
    trajectories = made.more["trajectories"]
    curve = trajectories["curves"]["1/6"]["product"]["activated"]
    found = rows(drawings["figure-5"], signals="product", curve=f"α = 1/6 ({TINY.neurons // 6} neurons)")
    assert [int(row["step"]) for row in found] == trajectories["steps"]
    assert [float(row["mean"]) for row in found] == pytest.approx([sum(seeds) / len(seeds) for seeds in curve])


def test_shares_are_those_of_every_threshold_and_control(drawn):
    made, drawings = drawn
    for threshold in TINY.thresholds:
        (row,) = rows(drawings["toy-thresholds"], signals="addition", alpha="1", threshold=str(threshold))
        shares = made.quantities[str(Activated("addition", 1, threshold))]
        assert float(row["mean"]) == pytest.approx(sum(shares) / len(shares))
    runs = {row["run"] for row in rows(drawings["toy-controls"], signals="product", alpha="1/6")}
    assert runs == {"as it is", "no product", "longer"}


def test_spans_are_onto_the_wide_network_and_the_target(drawn):
    made, drawings = drawn
    found = {(row["curve"], row["alpha"]): float(row["mean"]) for row in rows(drawings["toy-spans"])}
    assert set(found) == {("FSE(S_α→M_1)", "1/6"), ("FSE(S_α→y)", "1"), ("FSE(S_α→y)", "1/6")}
    assert found["FSE(S_α→y)", "1"] == pytest.approx(sum(made.quantities["FSE(M_1→y)"]) / TINY.seeds)


def test_the_phase_diagram_has_a_cell_for_every_width_and_strength(drawn):
    made, drawings = drawn
    cells = {
        (int(row["neurons"]), float(row["product"])): float(row["learned"]) for row in rows(drawings["phase-diagram"])
    }
    expected = {
        (neurons, product): share
        for neurons, shares in zip(TINY.phase.neurons, made.more["phase"]["learned"], strict=True)
        for product, share in zip(TINY.phase.products, shares, strict=True)
    }
    assert cells == pytest.approx(expected)


def test_a_record_of_the_claims_alone_has_no_figures(tmp_path):
    assert draw_toy_figures(record({("addition", 1): 0.1}), tmp_path) == []
