import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from records import QUARTER, synthetic_record

import overparam
from overparam.errors import SpecError
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.judge import judge
from overparam.verdicts.margins import PACKAGED, load_preregistration

ROOT = Path(__file__).parent.parent
MARGINS = load_preregistration()
TEXT = PACKAGED.read_text(encoding="utf-8")
ENTRIES = ("margins.span", "margins.accuracy", "margins.slope_share", "margins.neurons", "margins.alignment")
NO_SHARES = (
    "true", "false", "'0.02'", "5.0", "1", "1.0", "0", "0.0", "-0.02", "nan", "inf", "-inf", "1e400", "9" * 400,
    "2024-01-01", "[0.02]", "{ share = 0.02 }",
)  # fmt: skip


def with_entry(name, value):
    """The package's file with another value at one entry."""
    return re.sub(rf"(?m)^{name.partition('.')[2]} = \S+", f"{name.partition('.')[2]} = {value}", TEXT)


def refusal(path):
    with pytest.raises(SpecError) as caught:
        load_preregistration(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path} does not declare the margins (")
    assert "\n" not in sentence
    assert len(sentence) < 500
    return sentence


def test_margins_are_the_declared_ones_and_every_verdict_names_their_digest(tmp_path):
    assert (MARGINS.span, MARGINS.accuracy, MARGINS.slope_share) == (0.02, 0.005, 0.1)
    assert MARGINS.sha256 == hashlib.sha256(PACKAGED.read_bytes()).hexdigest()
    path = tmp_path / "preregistration.toml"
    path.write_text(with_entry("margins.span", "0.20"), encoding="utf-8")
    changed = load_preregistration(path)
    assert {**asdict(MARGINS), "span": 0.2, "sha256": changed.sha256} == asdict(changed)
    judgement = judge(CLAIMS["span-over"], synthetic_record(), QUARTER, changed, evidence="record")
    assert (judgement.verdict, judgement.margin) == ("refuted", 0.2)
    assert judgement.preregistration == changed.sha256 != MARGINS.sha256


def test_margins_are_those_of_the_package_whatever_a_folder_holds(tmp_path, monkeypatch):
    for name in ("preregistration.toml", "claims/preregistration.toml", "overparam/verdicts/preregistration.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(with_entry("margins.span", "0.20"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_preregistration() == MARGINS


@pytest.mark.parametrize("name", [*ENTRIES, "gates.training_accuracy"])
@pytest.mark.parametrize("value", NO_SHARES)
def test_a_margin_is_a_number_above_0_and_below_1(tmp_path, name, value):
    path = tmp_path / "preregistration.toml"
    path.write_text(with_entry(name, value), encoding="utf-8")
    assert f"({name} is " in refusal(path)
    assert "where a number above 0 and below 1 belongs" in refusal(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "margins is missing"),
        ("no toml", "Expected '='"),
        ("[margins]\nspan = 0.02", "margins.accuracy is missing"),
        ("margins = 1\n[gates]\ntraining_accuracy = 0.02", "margins is 1, where a table belongs"),
        (f"[[{TEXT.partition('[')[2].replace(']', ']]', 1)}", "margins is .*, where a table belongs"),
        (TEXT.partition("[gates]")[0], "gates is missing"),
        (f"{TEXT}span = 0.02\n", "gates.span is unknown"),
        (f"{TEXT}training_acuracy = 0.02\n", "gates.training_acuracy is unknown"),
        (f"{TEXT}[margins]\nspan = 0.5\n", r"Cannot declare \('margins',\) twice"),
        (f"{TEXT}training_accuracy = 0.5\n", "Cannot overwrite a value"),
        (f"{TEXT}[more]\nspan = 0.02\n", "more is unknown"),
        (f"span = 0.02\n{TEXT}", "span is unknown"),
        (f'{TEXT}"a\\nb" = 0.02\n', "gates.a b is unknown"),
        (TEXT.replace("span =", "Span ="), "margins.Span is unknown|margins.span is missing"),
        ("a = " + "[" * 5000, "recursion"),
        (with_entry("margins.span", "9" * 5000), "Exceeds the limit"),
    ],
)
def test_a_file_that_does_not_declare_just_the_margins_is_refused_in_a_sentence(tmp_path, text, why):
    path = tmp_path / "preregistration.toml"
    path.write_text(text, encoding="utf-8")
    assert re.search(why, refusal(path))


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path):
    assert "No such file" in refusal(tmp_path / "nothing.toml")
    assert "Is a directory" in refusal(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n" + TEXT.encode())
    assert "utf-8" in refusal(tmp_path / "latin.toml")
    (tmp_path / "wide.toml").write_bytes(TEXT.encode("utf-16"))
    assert f"write it as {PACKAGED} is written" in refusal(tmp_path / "wide.toml")


@pytest.mark.parametrize("change", [{"span": 1.5}, {"span": True}, {"alignment": "0.95"}, {"accuracy": float("nan")}])
def test_margins_that_are_made_in_code_pass_the_same_checks(change):
    with pytest.raises(ValidationError):
        replace(MARGINS, **change)


def test_the_package_holds_no_link_and_finds_its_margins_wherever_it_lies(tmp_path):
    package = Path(overparam.__file__).parent
    assert [path for path in package.rglob("*") if path.is_symlink()] == []
    shutil.copytree(package, tmp_path / "with space" / "overparam", ignore=shutil.ignore_patterns("__pycache__"))
    program = "import overparam, pathlib; print(pathlib.Path(overparam.__file__).parent)"
    program += "; print(overparam.load_preregistration().sha256)"
    run = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "with space")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines() == [str(tmp_path / "with space" / "overparam"), MARGINS.sha256]


def test_no_file_of_the_repository_is_a_link():
    """A checkout without symbolic links would hold a path in its place."""
    listed = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no checkout of git's")
    assert [line for line in listed.stdout.splitlines() if line.startswith("120000")] == []
