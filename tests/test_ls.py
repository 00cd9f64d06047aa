"""What the command line says of itself: its version, what there is to name, in as many columns as there are."""

import json
import subprocess
import sys

import pytest
from rich.console import Console
from rich.table import Table

import overparam
from overparam.cli import output
from overparam.cli.ls import Kind
from overparam.config.studies import load_config
from overparam.metrics.neighbours import SIMILARITIES
from overparam.verdicts.registry import REGISTRY


@pytest.fixture
def run(command_line):
    return command_line


def test_the_version_is_said(run):
    assert run("--version") == (0, f"overparam {overparam.__version__}\n", "")


def test_everything_that_can_be_named_is_listed_for_machines(run):
    code, out, err = run("ls", "--json")
    found = json.loads(out)
    assert (code, err, list(found)) == (0, "", list(Kind))
    config = load_config(overparam.config.root.find_root() / "params.yaml")
    assert [row["claim"] for row in found["claims"]] == list(REGISTRY)
    scales = {row["task"]: row["default scale"] for row in found["tasks"]}
    assert scales.pop("digits") == ""  # which tests train on, and no study
    assert scales == dict(config.default_scales)
    architectures = {study.arch for scale in config.scales for study in config.studies(scale)}
    assert {row["architecture"] for row in found["architectures"]} == architectures
    assert {(row["scale"], row["task"]) for row in found["scales"]} == {
        (name, task) for name, tasks in config.scales.items() for task in tasks
    }
    assert [row["measure"] for row in found["measures"]] == [measure.name for measure in SIMILARITIES]


@pytest.mark.parametrize("kind", Kind)
def test_one_kind_is_listed_as_one_table(run, kind):
    code, out, _ = run("ls", kind)
    assert (code, out.count("┏")) == (0, 1)
    assert out.startswith(kind)
    assert list(json.loads(run("ls", kind, "--json")[1])) == [kind]


def test_an_unknown_kind_is_a_usage_error_that_names_the_known_ones(run):
    code, out, err = run("ls", "papers")
    assert (code, out) == (2, "")
    assert all(kind in err for kind in Kind)


def test_listing_loads_no_torch():
    program = (
        "import sys; sys.argv[1:] = ['ls']\nfrom overparam.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    )
    program += "print([name for name in ('torch', 'transformers', 'pyarrow', 'matplotlib') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_table_is_as_wide_as_the_terminal_and_no_cell_is_cut(monkeypatch, capsys, columns, terminal):
    monkeypatch.setattr(output, "console", Console(width=columns, force_terminal=terminal))
    table = Table("claim", "why")
    table.columns[0].no_wrap = True
    table.add_row("residuals-redundant", "word " * 30 + "x" * 50)
    output.print_fitting(table)
    out = capsys.readouterr().out
    width = max(len(line) for line in out.splitlines())
    assert width <= (columns if terminal else max(columns, output.UNBOUNDED))
    assert "…" not in out
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert "".join(claim for claim, _ in cells) == "residuals-redundant"
    assert sum(cell.count("x") for _, cell in cells) == 50


def test_what_is_printed_for_machines_is_the_same_on_any_terminal(capsys):
    output.print_json({"α": "1/16"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"α": "1/16"}
