"""Figures can be read: scales that compare are shared, keys and labels hide nothing, sizes are those of the page."""

from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.figure import Figure
from records import synthetic_record
from reports import make_repository, rows, settings_of

from overparam.report.figures import drawing as drawings
from overparam.report.figures.claims import FIGURES
from overparam.report.figures.gap import draw_gap
from overparam.report.figures.studies import draw_figures

MATCHED_FIT = next(figure for figure in FIGURES if figure.name == "matched-fit")
FIGURE_1 = next(figure for figure in FIGURES if figure.name == "figure-1")


@pytest.fixture
def kept(monkeypatch):
    """Figures as they were laid out, none of them written."""
    figures = []
    monkeypatch.setattr(drawings, "_save_svg", lambda figure, path: path.touch())
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **options: (figures.append(figure), path.touch()))
    return figures


def studies():
    """Two architectures on one task, and one on another, whose effects differ."""
    first, second, other = (synthetic_record({"over": effect}) for effect in (0.1, 0.5, 2.0))
    return [first, replace(second, arch="vgg16"), replace(other, task="nli", arch="transformer")]


def test_studies_of_one_task_share_the_scale_of_a_row_and_others_have_their_own(kept, tmp_path):
    draw_figures([FIGURE_1], studies(), tmp_path)
    first, second, other = (axes.get_ylim() for axes in kept[0].axes)
    assert first == second != other
    assert first[1] >= 0.7


def test_a_key_stands_above_its_panel_below_its_title_and_is_said_once(kept, tmp_path):
    draw_figures([FIGURE_1], studies(), tmp_path)
    keys = [axes.get_legend() for axes in kept[0].axes]
    assert [key is not None for key in keys] == [True, False, False]
    axes, key = kept[0].axes[0], keys[0]
    assert key.get_window_extent().y0 >= axes.get_window_extent().y1
    assert axes.title.get_window_extent().y0 >= key.get_window_extent().y1


def test_labels_at_matched_fit_meet_only_where_their_points_do(kept, tmp_path):
    fits = dict(zip(synthetic_record().alphas, (0.95, 0.9, 0.85, 0.65, 0.6), strict=True))
    draw_figures([MATCHED_FIT], [synthetic_record(train_accuracy=fits)], tmp_path)
    for axes in kept[0].axes:
        labels = [text for text in axes.texts if text.get_text()]
        assert len(labels) == 4 + 3
        for one, other in combinations(labels, 2):
            apart = axes.transData.transform(one.get_position()) - axes.transData.transform(other.get_position())
            if abs(apart).max() > 2 * drawings.SMALL * kept[0].dpi / 72:
                assert not one.get_window_extent().overlaps(other.get_window_extent())


def test_no_text_of_a_figure_is_smaller_than_the_page_can_show(kept, tmp_path):
    draw_figures(FIGURES, [synthetic_record()], tmp_path)
    for figure in kept:
        assert min(text.get_fontsize() for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))) >= 6


def test_the_gap_is_drawn_as_trained_and_at_equal_fit_and_says_what_is_decided(tmp_path):
    (setting, *_) = settings_of(make_repository(tmp_path))
    assert draw_gap([setting], tmp_path) == []
    equal = [
        replace(judgement, claim="span-over-equal-fit", effect=0.01, lower=-0.1, upper=0.1, verdict="inconclusive")
        for judgement in setting.of("span-over")
        if judgement.alpha
    ]
    (drawing,) = draw_gap([replace(setting, judgements=(*setting.judgements, *equal))], tmp_path)
    trained, fitted = (rows(drawing, curve=curve) for curve in ("all trained alike", "at equal fit"))
    assert [row["alpha"] for row in trained] == [row["alpha"] for row in fitted] == ["1/4", "1/8", "1/16"]
    assert [float(row["mean"]) for row in trained] == [j.effect for j in setting.of("span-over") if j.alpha]
    assert {row["verdict"] for row in fitted} == {"inconclusive"}
    assert drawing.file("svg").stat().st_size > 300
