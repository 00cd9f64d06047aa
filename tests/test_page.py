"""The page as a browser shows it."""

import shutil
from itertools import pairwise

import pytest
from reports import make_repository, page_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to show the page in")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a page."""
    root = make_repository(tmp_path_factory.mktemp("repository"))
    page_of(root)
    return (root / "report" / "index.html").as_uri()


@pytest.fixture
def show(address):
    """Open the page in a window of some width; gives the page, and fails on anything that its console complains of."""
    from playwright.sync_api import sync_playwright

    complaints = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def opened(width=1280, **options):
            page = browser.new_page(viewport={"width": width, "height": 900}, **options)
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("requestfailed", lambda request: complaints.append(request.url[:80]))
            page.goto(address)
            return page

        yield opened
        browser.close()
    assert complaints == []


def column(page, number):
    return page.eval_on_selector_all(
        f"#lines tbody tr:not([hidden]) td:nth-child({number})", "cells => cells.map(c => c.textContent)"
    )


def test_every_picture_loads_and_says_what_it_shows(show):
    page = show()
    sizes = page.eval_on_selector_all("img", "images => images.map(i => [i.complete, i.naturalWidth, i.alt.length])")
    assert len(sizes) > 5
    assert all(complete and width > 100 and words > 30 for complete, width, words in sizes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(show, scheme):
    page = show(390, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    text, ground = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    brightness = [sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) for colour in (text, ground)]
    assert (brightness[0] < brightness[1]) == (scheme == "light")
    assert abs(brightness[0] - brightness[1]) > 500


def test_the_table_sorts_by_number_and_by_word_both_ways(show):
    page = show()
    before = column(page, 5)
    page.click("#lines th:nth-child(5) button")
    numbers = [float(text) for text in column(page, 5)]
    assert numbers == sorted(numbers)
    assert sorted(before) == sorted(column(page, 5))
    page.click("#lines th:nth-child(5) button")
    assert [float(text) for text in column(page, 5)] == numbers[::-1]
    assert page.get_attribute("#lines th:nth-child(5)", "aria-sort") == "descending"
    page.click("#lines th:nth-child(1) button")
    assert column(page, 1) == sorted(column(page, 1))
    assert page.get_attribute("#lines th:nth-child(5)", "aria-sort") is None


def test_the_table_shows_the_lines_that_are_asked_for(show):
    page = show()
    total = len(column(page, 1))
    page.fill("#words", "performance 1/16")
    assert set(column(page, 1)) == {"performance"}
    assert page.text_content("#count") == f"{len(column(page, 1))} of {total} lines"
    page.fill("#words", "")
    page.select_option("#verdict", "refuted")
    assert {text.split()[0] for text in column(page, 10)} == {"refuted"}
    page.select_option("#verdict", "")
    assert len(column(page, 1)) == total


def test_headings_are_in_order_and_tables_have_heads(show):
    page = show()
    levels = page.eval_on_selector_all("h1, h2, h3", "heads => heads.map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.eval_on_selector_all("table", "tables => tables.every(t => t.querySelector('th[scope=col]'))")
