"""The page's order, its size and what every part of it leads to, as its HTML says."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from networks import ROOT
from records import EIGHTH, HALF, QUARTER, SIXTEENTH
from reports import make_repository, page_of, put_record, settings_of

from overparam.config.studies import load_config
from overparam.report.answers import NOT_AT_EQUAL_FIT, answers, not_run
from overparam.report.page import _in_order, write_page
from overparam.report.settings import gather_settings
from overparam.toy.spec import read_toy
from overparam.verdicts.margins import load_preregistration

MOST = 2_000_000  # bytes of the page
NEVER_CLOSED = {"meta", "link", "img", "br", "input"}
SECTIONS = [
    "headline", "first-figures", "matrix", "claims", "studies", "figures", "verdicts", "provenance",
]  # fmt: skip


class Outline(HTMLParser):
    """Every element with its attributes, and whether each that opens also closes, in order."""

    def __init__(self, page: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in NEVER_CLOSED:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag, attribute):
        return [attributes[attribute] for name, attributes in self.elements if name == tag and attribute in attributes]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def page(root):
    return page_of(root)


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_every_element_closes_and_every_name_is_one_elements(outline):
    assert outline.open == []
    names = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(names) == len(set(names))


def test_every_link_and_label_leads_to_something_on_the_page(outline):
    names = {attributes["id"] for _, attributes in outline.elements if "id" in attributes}
    links = {link.removeprefix("#") for link in outline.of("a", "href") if link.startswith("#")}
    labels = {name for _, attributes in outline.elements for name in (attributes.get("aria-labelledby") or "").split()}
    assert links <= names
    assert labels <= names


def test_there_is_one_heading_of_all_and_answers_come_first(outline):
    assert [tag for tag, _ in outline.elements].count("h1") == 1
    assert outline.of("section", "id") == SECTIONS


def test_nothing_is_fetched_and_no_picture_is_there_twice(page, outline):
    assert not re.search(r"""(?:src|url\()=?["']?https?:|@import|<script[^>]* src""", page)
    pictures = outline.of("img", "src")
    assert len(pictures) == len(set(pictures))
    assert all(picture.startswith("data:image/svg+xml,%3Csvg ") for picture in pictures)


def test_every_cell_of_the_matrix_opens_its_numbers_controls_and_provenance(root, page, outline):
    (setting, *_) = settings_of(root)
    opens = [attributes["href"] for tag, attributes in outline.elements if attributes.get("class") == "opens"]
    assert opens == [f"#cell-{setting.id}-{claim}" for claim in dict.fromkeys(j.claim for j in setting.judgements)]
    for claim in ("span-over", "performance-matched-parameters"):
        (details,) = re.findall(rf'<div id="cell-{setting.id}-{claim}">.*?\n</div>', page, re.DOTALL)
        for judgement in setting.of(claim):
            assert f"{judgement.effect:+.4f}" in details
            assert judgement.why in details
        assert setting.record.key[:12] in details
        assert f'href="#provenance-{setting.id}"' in details
    assert f'href="#cell-{setting.id}-span-over-matched-parameters"' in page


def test_the_interactive_figure_has_the_numbers_of_the_judgements(root, page):
    (setting, *_) = settings_of(root)
    (written,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(written)
    (study,) = data["studies"]
    assert study["title"] == setting.title
    found = {(claim, c["alpha"]): (c["effect"], c["margin"]) for claim, cells in study["cells"].items() for c in cells}
    judged = [judgement for judgement in setting.judgements if judgement.alpha]
    assert found == {(j.claim, j.alpha): (round(j.effect, 4), j.margin) for j in judged}
    assert set(study["cells"]) <= set(data["claims"])


def test_answers_change_with_the_record(tmp_path):
    root = make_repository(tmp_path)
    before = page_of(root)
    assert "At equal fit 4 of 7 claims hold" in before
    assert "gaps, where decided, of +0.200 to +0.400" in before
    put_record(root, {"over": {HALF: 0.3, QUARTER: 0.0, EIGHTH: 0.0, SIXTEENTH: 0.0}})
    after = page_of(root)
    assert "At equal fit 4 of 7 claims hold" not in after
    assert "gaps, where decided, of " in after
    assert "+0.200 to +0.400" not in after


def test_answers_say_what_was_not_run_and_why(root):
    settings = settings_of(root)
    base = load_config(root / "params.yaml").scale_of("digits", "paper").base_width
    assert not_run(settings) == [
        f"Scale paper (base width {base}): not judged, no record was made of it: ResNet-18 on scikit-learn's digits.",
        "Scale smoke: not judged, no record was made of it: Two-layer networks on sums and products of signals.",
    ]
    stale = [replace(settings[0], state="stale", judgements=(), record=None)]
    assert "its record is stale" in not_run(stale)[0]


def test_real_data_answer_at_their_largest_scale_and_what_is_embedded_does_not(root):
    (small, *_) = settings_of(root)
    study = replace(small.study, scale=replace(small.study.scale, quick=False))
    pilot, reduced = (replace(small, scale=scale, task="cifar", study=study) for scale in ("pilot", "reduced"))
    assert [answer.settings for answer in answers([reduced, pilot, small])] == [(reduced,)]
    assert [answer.settings for answer in answers([small])] == [(small,)]
    sized = replace(study, scale=replace(study.scale, admission=0.99, train_examples=100, fit_examples=100))
    fitted = replace(pilot, scale="fitted", study=sized)
    mnli = replace(reduced, task="mnli")
    assert [answer.settings for answer in answers([reduced, mnli, fitted, pilot])] == [(reduced,), (fitted,), (mnli,)]


def test_an_answer_says_at_which_fit_and_that_none_was_judged_at_another(root):
    (setting, *_) = settings_of(root)
    assert [found.kind for found in answers([setting])[0].findings] == ["holds"]
    unequal = tuple(replace(judgement, confounded=True) for judgement in setting.judgements)
    first, second = answers([replace(setting, judgements=unequal)])[0].findings
    assert first.sentence.startswith("at unequal fit ")
    assert second.sentence == NOT_AT_EQUAL_FIT


@pytest.fixture(scope="module")
def of_the_repository():
    """The settings that are judged from the records in git."""
    params = ROOT / "params.yaml"
    return gather_settings(load_config(params), read_toy(params), load_preregistration(), ROOT)


def test_answers_of_the_repository_are_of_real_data_and_name_their_networks(of_the_repository):
    found = answers(_in_order([setting for setting in of_the_repository if setting.state == "judged"]))
    assert found
    for answer in found:
        assert not any(setting.embedded for setting in answer.settings)
        assert len(answer.facts) == len(answer.settings)
        assert answer.findings[0].kind is not None


def test_the_page_of_the_repository_is_small_and_in_order(of_the_repository, tmp_path, monkeypatch):
    drawn = Figure.savefig

    def without_png(figure, target, **options):
        if options["format"] != "png":
            drawn(figure, target, **options)
        else:
            Path(target).touch()

    monkeypatch.setattr(Figure, "savefig", without_png)
    page = write_page(of_the_repository, load_preregistration(), tmp_path).read_text("utf-8")
    assert len(page.encode()) < MOST
    outline = Outline(page)
    assert outline.open == []
    pictures = outline.of("img", "src")
    assert len(pictures) == len(set(pictures))
    names = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(names) == len(set(names))
    embedded = {setting.id: setting.embedded for setting in of_the_repository if setting.state == "judged"}
    columns = [embedded[name] for name in re.findall(r'href="#cell-([^"]*)-span-over" title', page)]
    assert len(set(columns)) == 2
    assert columns == sorted(columns)
