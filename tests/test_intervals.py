"""Wherever a table or a figure with intervals stands, it is said what they are conditional on, and said once."""

import html

import pytest
from records import synthetic_record
from reports import RECORD, ROOT, make_repository, page_of
from rich.console import Console
from typer.testing import CliRunner

import overparam.cli  # noqa: F401 - gives the application its commands
from overparam.cli.app import app
from overparam.report.figures.claims import FIGURES
from overparam.report.figures.studies import draw_figures
from overparam.report.tables.sections import fill_sections
from overparam.study.widths import BESIDE_ALPHA
from overparam.toy.record import read_toy_record
from overparam.verdicts.intervals import CONDITION, GIVEN
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record
from overparam.verdicts.scoreboard import scoreboard

MARGINS = load_preregistration()
TOY = ROOT / "results" / "smoke" / "toy.json"


def words(text: str) -> str:
    """Text as it reads, however it was wrapped."""
    return " ".join(html.unescape(text).split())


def printed(table, width: int = 150) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(table)
    return words(captured.get())


@pytest.mark.parametrize("width", [80, 150, 200])
def test_the_scoreboard_says_it_once_below(width):
    judgements = judge_record(synthetic_record(), MARGINS, evidence="record")
    shown = printed(scoreboard(judgements), width)
    assert shown.count(CONDITION) == 1
    assert shown.index(CONDITION) > shown.rindex("span-over")


def test_seeds_of_the_toy_share_nothing_that_their_intervals_are_conditional_on():
    toy = judge_record(read_toy_record(TOY), MARGINS, evidence="record")
    assert CONDITION not in printed(scoreboard(toy))
    both = [*toy, *judge_record(synthetic_record(), MARGINS, evidence="record")]
    assert CONDITION in printed(scoreboard(both))


@pytest.mark.parametrize("arguments", [["explain", "performance"], ["plan", RECORD.as_posix()]])
def test_commands_that_print_intervals_say_it_once(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(make_repository(tmp_path))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert words(result.output).count(CONDITION) == 1


def test_the_page_says_it_by_its_table_and_by_every_figure(tmp_path):
    make_repository(tmp_path)
    page = page_of(tmp_path)
    below = words(page[page.index('<table id="lines">') : page.index('<section id="provenance"')])
    assert below.count(CONDITION) == 1
    captions = page.split("<figcaption>")[1:]
    assert len(captions) == len(FIGURES)
    assert all(words(caption.split("</figcaption>")[0]).count(CONDITION) == 1 for caption in captions)


def test_a_figure_says_it_wherever_its_picture_goes(tmp_path):
    for drawing in draw_figures(FIGURES, [synthetic_record()], tmp_path):
        assert GIVEN in drawing.margin
        assert drawing.caption.endswith(CONDITION)


@pytest.mark.parametrize("kind", ["tables", "controls"])
def test_every_section_of_tables_says_it_once(tmp_path, kind):
    path = tmp_path / "page.md"
    path.write_text(f"<!-- {kind} smoke -->\n<!-- end of {kind} -->\n", encoding="utf-8")
    fill_sections(path, ROOT / "results")
    text = path.read_text(encoding="utf-8")
    assert text.count(f"{CONDITION} {BESIDE_ALPHA}") == text.count(CONDITION) == 1
