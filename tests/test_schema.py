"""The schemas that are printed: what is committed is valid by them, what is misspelt is not."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from overparam.cli import app as application
from overparam.config.yaml_file import read_yaml

ROOT = Path(__file__).parent.parent
RECORDS = [path for path in (ROOT / "results").rglob("*.json") if '"samples"' in path.read_text(encoding="utf-8")]
VERDICTS = [*(ROOT / "results").rglob("verdicts/*.json"), ROOT / "claims" / "baseline.json"]


def content(path: Path):
    return json.loads(read_yaml(path) if path.suffix == ".yaml" else path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def valid():
    """Whether a file's content is valid by the schema of its kind."""
    jsonschema = pytest.importorskip("jsonschema")

    def is_valid(kind: str, written) -> bool:
        printed = CliRunner().invoke(application.app, ["schema", kind])
        assert printed.exit_code == 0
        return jsonschema.Draft202012Validator(json.loads(printed.stdout)).is_valid(written)

    return is_valid


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        ("params", [ROOT / "params.yaml"]),
        ("record", RECORDS),
        ("toy", [ROOT / "results" / "smoke" / "toy.json"]),
        ("verdicts", VERDICTS),
    ],
)
def test_what_is_committed_is_valid_by_the_schema_of_its_kind(valid, kind, paths):
    assert paths
    for path in paths:
        written = content(path)
        assert valid(kind, written), path
        wrong = written[0] if isinstance(written, list) else written
        wrong.pop(next(iter(wrong)))
        assert not valid(kind, written), path


def test_a_misspelt_entry_is_seen_in_an_editor(valid):
    written = content(ROOT / "params.yaml")
    written["scales"]["smoke"]["mosaics"]["train"]["epoch"] = 3
    assert not valid("params", written)
    written = content(ROOT / "params.yaml")
    written["scales"]["smoke"]["mosaics"]["alphas"] = ["one", "1_2"]
    assert not valid("params", written)


def test_another_kind_is_refused_with_those_that_there_are():
    refused = CliRunner().invoke(application.app, ["schema", "margins"])
    assert refused.exit_code == 2
    assert all(f"'{kind}'" in refused.output for kind in ("params", "record", "toy", "verdicts"))
