"""The README is short, its Python runs as it stands, and what it says is what records and code say."""

import csv
import json
import re
from pathlib import Path

import pytest

from overparam.config.studies import load_config
from overparam.report.figures.at_equal_fit import draw_at_equal_fit
from overparam.report.settings import Setting, gather_settings
from overparam.study.record import Record
from overparam.toy.spec import read_toy
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.margins import load_preregistration

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURE = ROOT / "docs" / "figures" / "cifar-resnet18.svg"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [*csv.DictReader(file)]


@pytest.fixture(scope="module")
def settings() -> dict[str, Setting]:
    """The studies of the picture by scale, as their records are judged now."""
    params = ROOT / "params.yaml"
    judged = gather_settings(load_config(params), read_toy(params), load_preregistration(), ROOT)
    return {each.scale: each for each in judged if (each.task, each.arch) == ("cifar", "resnet18")}


@pytest.fixture(scope="module")
def setting(settings) -> Setting:
    return settings["reduced"]


def test_it_is_read_in_a_few_minutes():
    assert len(README.encode()) <= 8000


def test_the_example_runs_as_it_stands(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    judged = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert judged == ["span-over", "performance", "residuals-aid", "residuals-redundant"]


def test_every_claim_has_its_figure_and_its_badges_of_real_data():
    table = re.findall(r"^\| \[`([a-z-]+)`\]\(docs/claims.md#\1\), Fig. ([\w, ]+) \| (.*) \|$", README, re.MULTILINE)
    assert {name: figure for name, figure, _ in table} == {claim.id: claim.figure for claim in CLAIMS.values()}
    for name, _, badges in table:
        shown = re.findall(r"\]\(([^)]*)\)", badges)
        assert shown == [f"badges/reduced/{task}-{name}.svg" for task in ("cifar", "mnli")]
        assert [badge for badge in shown if not (ROOT / badge).exists()] == []


def test_every_link_leads_to_a_file():
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]*)\)", README) if not link.startswith("https://")]
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_picture_is_of_the_committed_records(setting, settings, tmp_path):
    drawing = draw_at_equal_fit(setting, [settings["fitted"]], tmp_path)
    drawn, shown = rows(drawing.file("csv")), rows(PICTURE.with_suffix(".csv"))
    assert len(drawn) == len(shown)
    for new, old in zip(drawn, shown, strict=True):
        assert list(new) == list(old)
        for column, value in new.items():
            if column in ("curve", "alpha", "width", "verdict") or not value:
                assert value == old[column]
            else:
                assert float(value) == pytest.approx(float(old[column]), abs=1e-9)
    assert isinstance(setting.record, Record)
    assert setting.record.key[:8] in PICTURE.read_text(encoding="utf-8")


def test_what_it_says_of_cifar_is_what_was_judged(setting):
    alike = {row["verdict"] for row in rows(PICTURE.with_suffix(".csv")) if row["curve"] == "gap, trained alike"}
    assert alike == {"holds"}
    at_equal_fit = [line.verdict for line in setting.judgements if line.claim.endswith("-equal-fit")]
    decided = len(at_equal_fit) - at_equal_fit.count("inconclusive")
    assert (decided, len(at_equal_fit)) == (1, 19)
    assert "one of 19 cells is decided" in README


def test_what_it_says_of_networks_that_all_fit_is_what_was_judged():
    lines = json.loads((ROOT / "results" / "fitted" / "verdicts" / "cifar.json").read_text(encoding="utf-8"))
    verdicts = {claim: {j["verdict"] for j in lines if j["claim"] == claim and j["alpha"]} for claim in CLAIMS}
    assert not any(line["confounded"] for line in lines)
    assert {line["alpha"] for line in lines} == {"1/2", "1/4", None}
    assert verdicts["span-over"] == verdicts["performance"] == verdicts["residuals-redundant"] == {"refuted"}
    assert "the first claim is\n  refuted: four narrow networks span the wide one's features as well" in README


def test_what_it_says_of_mnli_is_what_was_judged():
    lines = json.loads((ROOT / "results" / "reduced" / "verdicts" / "mnli.json").read_text(encoding="utf-8"))
    verdicts = {
        claim: {line["verdict"] for line in lines if line["claim"] == claim and line["alpha"]} for claim in CLAIMS
    }
    refuted = [claim for claim, found in verdicts.items() if "refuted" in found and "holds" not in found]
    assert len(refuted) == 3
    assert "three of the seven claims are refuted" in README
    first = {line["alpha"]: line["verdict"] for line in lines if line["claim"] == "span-over" and line["alpha"]}
    assert first == {"1/4": "refuted", "1/8": "refuted", "1/16": "holds"}
    assert re.search(r"the first one at every width but the narrowest", README)
