"""The documents: their tables are those of the code, their commands exist, their Python runs as it stands."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

import overparam.cli  # noqa: F401 - gives the application its commands
from overparam.cli.app import app
from overparam.config.studies import load_config
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.headlines import FITS, KINDS, SAID
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.toy import TOY_CLAIMS, TOY_CONTROLS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")} | PAGES
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = [
    (name, command.strip())
    for name, text in TEXTS.items()
    for _, block in FENCED.findall(text)
    for line in block.splitlines()
    for command in line.split("#")[0].split("&&")
    if command.strip().startswith("overparam ")
]


def in_nav(entries):
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from in_nav(below if isinstance(below, list) else [below])


def test_every_page_has_its_place_in_the_navigation():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(in_nav(nav)) == sorted(PAGES)


def test_nothing_is_loaded_from_elsewhere():
    theme = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["theme"]
    assert theme["font"] is False
    assert not [name for name, text in TEXTS.items() if re.search(r"!\[[^]]*\]\(https?:|<script|<link", text)]


def test_the_table_has_every_claim_with_its_figure_and_a_section():
    rows = dict(re.findall(r"^\| \[`([a-z-]+)`\]\(#\1\) \| ([\w, ]+) \|", PAGES["claims.md"], re.MULTILINE))
    assert rows == {claim.id: claim.figure for claim in (*CLAIMS.values(), *TOY_CLAIMS.values())}
    assert re.findall(r"^### ([a-z-]+)$", PAGES["claims.md"], re.MULTILINE) == list(rows)


def test_the_table_of_controls_has_every_control():
    named = set(re.findall(r"^\| `([a-z-]+)` \| `[a-z-]+` \|", PAGES["controls.md"], re.MULTILINE))
    assert named == {*AT_EQUAL_FIT, *CONTROLS, *CONTROLS_APART, *TOY_CONTROLS}


def test_the_scales_are_those_of_params():
    config = load_config(ROOT / "params.yaml")
    for name, tasks in config.scales.items():
        (row,) = re.findall(rf"^\| `{name}` \|(.*)$", PAGES["reproducing.md"], re.MULTILINE)
        for scale in tasks.values():
            assert re.search(rf"(base|hidden) width {scale.base_width}\b", row)
            assert row.rstrip(" |").endswith(str(len(scale.replicates)))


def test_the_margins_are_those_declared():
    declared = load_preregistration()
    assert (declared.span, declared.accuracy, declared.neurons) == (0.02, 0.005, 0.01)
    said = "0.02 for span errors, half a percentage point for accuracies, and for the\ntoy one in a hundred neurons"
    assert said in PAGES["verdicts.md"]


def test_every_word_of_a_verdict_is_in_the_glossary():
    words = {
        word.strip()
        for words in re.findall(r"^\| ([^|]+) \|", PAGES["glossary.md"], re.MULTILINE)
        for word in words.split(",")
    }
    assert {*KINDS, *SAID.values(), *FITS} - {"whatever the fit"} <= words


def test_the_api_has_every_public_name():
    stub = (ROOT / "overparam" / "__init__.pyi").read_text(encoding="utf-8")
    public = {
        f"overparam.{place}.{name}" for place, name in re.findall(r"^from \.(\S+) import (\w+)", stub, re.MULTILINE)
    }
    assert set(re.findall(r"^::: (\S+)$", PAGES["api.md"], re.MULTILINE)) == public


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_command_is_one_that_there_is(page, command):
    _, *words = shlex.split(command)
    at = get_command(app)
    while hasattr(at, "commands"):
        name, *words = words
        at = at.commands[name]
    at.make_context(name, words)  # raises where an argument or an option is none of this command


def test_the_tutorial_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for kind, block in FENCED.findall(PAGES["own-networks.md"]):
        if kind == "python":
            exec(compile(block, "own-networks.md", "exec"), {})
        if kind == "shell":
            for line in block.splitlines():
                result = CliRunner().invoke(app, shlex.split(line)[1:])
                assert result.exit_code == 0, result.output
    assert (tmp_path / "verdicts.json").exists()
    assert (tmp_path / "page" / "index.html").exists()
    span, gap, performance, again = capsys.readouterr().out.strip().splitlines()
    assert re.fullmatch(r"FSE\(narrow→wide\) = 0\.\d+", span)
    assert re.fullmatch(r"its gap to the baseline = [+-]\d\.\d+", gap)
    assert performance.startswith("FP(narrow) = 0.")
    assert again == f"gap = {gap.split()[-1]}, over 200 examples"
