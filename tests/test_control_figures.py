"""The controls' figures hold the numbers of their record."""

from fractions import Fraction

import pytest
from networks import ROOT
from reports import rows

from overparam.report.figures.controls import CONTROL_FIGURES
from overparam.report.figures.studies import draw_figures
from overparam.study.controls.quantities import FSE_nonlinear, FSE_untrained, stitched
from overparam.study.feature_blocks import M_1, M_1_PRIME, Concatenation, S
from overparam.study.quantities import FSE
from overparam.study.record import read_record

QUARTER = Fraction(1, 4)


@pytest.fixture(scope="module")
def record():
    return read_record(ROOT / "results" / "smoke" / "controls" / "nli-transformer.json")


@pytest.fixture(scope="module")
def drawn(record, tmp_path_factory):
    """Every figure by name, of two settings side by side."""
    folder = tmp_path_factory.mktemp("figures")
    return {drawing.name: drawing for drawing in draw_figures(CONTROL_FIGURES, [record, record], folder)}


def effects(drawing, **wanted):
    """The means, lower and upper bounds of the rows with these columns, of the first setting."""
    found = rows(drawing, **wanted)
    assert len(found) % 2 == 0
    return [[float(row[name]) for name in ("mean", "lower", "upper")] for row in found[: len(found) // 2]]


def numbers(record, *contrasts):
    found = [record.effect(contrast) for contrast in contrasts]
    return [pytest.approx([effect.mean, effect.lower, effect.upper]) for effect in found]


def test_every_figure_is_drawn_and_says_what_it_is_of(drawn, record):
    assert set(drawn) == {"fse-matrix", "more-members", "span-controls", "ridge-paths"}
    for drawing in drawn.values():
        assert all(drawing.file(ending).stat().st_size > 300 for ending in ("svg", "png", "csv"))
        assert record.key[:8] in drawing.margin


def test_the_matrix_has_both_directions_of_every_pair(drawn, record):
    assert effects(drawn["fse-matrix"], **{"from": "M_1", "onto": "S_1/4"}) == numbers(record, FSE(M_1, S(QUARTER)))
    assert effects(drawn["fse-matrix"], **{"from": "S_1/4", "onto": "M_1"}) == numbers(record, FSE(S(QUARTER), M_1))
    assert len(effects(drawn["fse-matrix"])) == 3 * 2  # two wide networks and a concatenation, none with itself


def test_more_networks_are_drawn_up_to_as_many_as_there_are(drawn, record):
    by_members = [FSE(Concatenation(QUARTER, U), M_1) for U in (1, 2, 4, 8)]
    found = [effects(drawn["more-members"], curve="α = 1/4 (8 feat.)", U=str(U)) for U in (1, 2, 4, 8)]
    assert found == [[effect] for effect in numbers(record, *by_members)]
    assert effects(drawn["more-members"], curve="M_1′") == numbers(record, FSE(M_1_PRIME, M_1))


def test_ridge_paths_are_drawn_from_end_to_end(drawn, record):
    path = record.samples["path"]
    for curve, rival in (("M_1′", M_1_PRIME), ("S_α, α = 1/4 (8 feat.)", S(QUARTER))):
        expected = [path.effect(FSE(rival, M_1), factor) for factor in path.factors]
        found = effects(drawn["ridge-paths"], curve=curve)
        assert found == [pytest.approx([e.mean, e.lower, e.upper]) for e in expected]
    assert len(effects(drawn["ridge-paths"])) == 2 * len(path.factors)


@pytest.mark.parametrize(
    ("curve", "asked"),
    [
        ("ridge", lambda rival: FSE(rival, M_1)),
        ("nonlinear", FSE_nonlinear),
        ("before training", FSE_untrained),
        ("stitched", stitched),
    ],
)
def test_rivals_are_drawn_by_width_beside_the_other_wide_network(drawn, record, curve, asked):
    rivals = [M_1_PRIME, *map(S, record.narrow_alphas)]
    assert effects(drawn["span-controls"], curve=curve) == numbers(record, *map(asked, rivals))
