"""SVG is made small without a change to what it shows."""

import re
from io import StringIO

import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from records import spread_effect

from overparam.report.figures.drawing import STYLE, draw_bars, stroke_of, typeset
from overparam.report.figures.svg import slim


@pytest.fixture(scope="module")
def written():
    """A figure as matplotlib writes it."""
    with rc_context(STYLE):
        figure = Figure(figsize=(3, 2))
        axes = figure.subplots()
        effects = [spread_effect(mean, 0.01) for mean in (0.1234567, 0.2, 0.3)]
        draw_bars(axes, [1, 2, 3], effects, "FSE(S_α→M_1), of 8 ch to 1 ch", stroke_of(0))
        axes.legend()
        axes.set_title("R = 3: a; b, 0.123456 <&>")
        axes.set_ylabel(typeset("feature span error onto M_1"))
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def test_it_is_much_smaller(written):
    assert len(slim(written)) < len(written) / 2


def test_texts_stay_as_they_are_and_formulas_read_as_words(written):
    texts = [re.sub("<[^>]*>", "", text) for text in re.findall(r"<text.*?</text>", slim(written))]
    assert "R = 3: a; b, 0.123456 &lt;&amp;&gt;" in texts
    assert "FSE(Sα→M1), of 8 ch to 1 ch" in texts
    assert "feature span error onto M1" in texts


def test_what_is_referred_to_is_there_and_every_style_is_said(written):
    small = slim(written)
    assert set(re.findall(r'(?:url\(|href=")#([^")]*)', small)) == set(re.findall(r' id="([^"]*)"', small))
    said = set(re.findall(r"\.(\w+)\{", small))
    assert {name for names in re.findall(r'class="([^"]*)"', small) for name in names.split()} == said
    assert " style=" not in small


def test_no_line_is_lost_and_none_moves_by_more_than_a_tenth(written):
    def ends(svg):
        return [float(n) for path in re.findall(r' d="([^"]*)"', svg) for n in re.findall(r"-?\d+\.?\d*", path)]

    before, after = ends(written), ends(slim(written))
    assert sorted(after) == pytest.approx(sorted(before), abs=0.051)
