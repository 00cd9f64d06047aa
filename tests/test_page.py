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


def unfolded(page):
    """The same page with its long table, in which no scale is chosen."""
    page.select_option("#choose-scale", "")
    page.click("#all-verdicts > summary")
    return page


def left_and_right(page, selector):
    box = page.locator(selector).first.bounding_box()
    return box["x"], box["x"] + box["width"]


def test_every_picture_loads_and_says_what_it_shows(show):
    page = show()
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate("for (const each of document.images) each.loading = 'eager'")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    sizes = page.eval_on_selector_all("img", "images => images.map(i => [i.naturalWidth, i.alt.length])")
    assert len(sizes) > 5
    assert all(width > 100 and words > 30 for width, words in sizes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(show, scheme):
    page = show(390, color_scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    text, ground = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    brightness = [sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) for colour in (text, ground)]
    assert (brightness[0] < brightness[1]) == (scheme == "light")
    assert abs(brightness[0] - brightness[1]) > 500


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_screen_answers(show, width):
    page = show(width)
    box = page.locator(".answer > [class]").first.bounding_box()
    assert "The first claim" in page.locator(".answer").first.text_content()
    assert box["y"] + box["height"] < 844


def test_on_a_phone_the_verdict_stays_in_view_however_the_table_is_scrolled(show):
    page = unfolded(show(390))
    table = page.locator("#verdicts .scroll")
    for end in (0, 10_000):
        table.evaluate("(element, left) => element.scrollLeft = left", end)
        left, right = left_and_right(page, "#lines td.verdict")
        assert left >= 0
        assert right <= 390


def test_the_table_sorts_by_number_and_by_word_both_ways(show):
    page = unfolded(show())
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
    page = unfolded(show())
    total = len(column(page, 1))
    page.fill("#words", "performance 1/16")
    assert set(column(page, 1)) == {"performance"}
    assert page.text_content("#count") == f"{len(column(page, 1))} of {total} lines"
    page.fill("#words", "")
    page.select_option("#verdict", "refuted")
    assert {text.split()[0] for text in column(page, 10)} == {"refuted"}
    page.select_option("#verdict", "")
    assert len(column(page, 1)) == total


def test_a_cell_opens_by_keyboard_and_closes_to_where_one_was(show):
    page = show()
    cell = page.locator(".matrix a.opens").first
    cell.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#opened")
    assert dialog.is_visible()
    assert "span-over" in dialog.text_content()
    dialog.get_by_role("link", name="span-over-matched-parameters").click()
    assert dialog.locator("strong").text_content() == "span-over-matched-parameters"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert cell.evaluate("element => element === document.activeElement")


def test_provenance_opens_from_a_cell(show):
    page = show()
    page.locator(".matrix a.opens").first.click()
    page.locator("#opened").get_by_role("link", name="where it comes from").click()
    assert not page.locator("#opened").is_visible()
    assert page.locator("[id^=provenance-]").first.is_visible()


def test_what_is_folded_opens_by_its_address(show, address):
    page = show()
    name = page.locator("#claims [id^=cell-]").first.get_attribute("id")
    assert not page.locator(f"#{name}").is_visible()
    page.goto(f"{address}#{name}")
    page.reload()
    assert page.locator(f"#{name}").is_visible()


def test_the_interactive_figure_tells_numbers_by_pointer_by_keyboard_and_by_alpha(show):
    page = show()
    points, says = page.locator("#explorer .point"), page.locator("#explorer output")
    points.first.hover()
    pointed = says.text_content()
    assert pointed.startswith("span-over at α = 1/4")
    page.locator("#explore-alpha").focus()
    page.keyboard.press("Tab")
    assert says.text_content() == points.first.get_attribute("aria-label") == pointed
    page.keyboard.press("Tab")
    assert says.text_content() == points.nth(1).get_attribute("aria-label")
    page.mouse.move(0, 0)  # or the mark that comes to lie under it speaks
    page.select_option("#explore-alpha", "1/16")
    assert "at α = 1/16" in says.text_content()
    assert "at α = 1/4" not in says.text_content()


def test_the_interactive_figure_draws_the_claim_and_the_control_that_are_chosen(show):
    page = show()
    page.select_option("#explore-claim", "performance")
    page.select_option("#explore-beside", "performance-matched-parameters")
    labels = page.eval_on_selector_all("#explorer .point", "points => points.map(p => p.getAttribute('aria-label'))")
    assert {label.split()[0] for label in labels} == {"performance", "performance-matched-parameters"}
    page.select_option("#explore-beside", "")
    assert page.locator("#explorer polyline").count() == 1


def test_without_a_script_nothing_is_hidden_that_one_could_read(show):
    page = show(java_script_enabled=False)
    for name in ("#choose", "#explorer .filters"):
        assert not page.locator(name).is_visible()
    assert page.locator(".matrix td a").first.is_visible()
    page.click("#all-verdicts > summary")
    assert page.locator("#lines tbody tr").last.is_visible()


def test_headings_are_in_order_and_tables_have_heads(show):
    page = show()
    levels = page.eval_on_selector_all("h1, h2, h3", "heads => heads.map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.eval_on_selector_all("table", "tables => tables.every(t => t.querySelector('th[scope=col]'))")
