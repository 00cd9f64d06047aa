"""What was measured is written before it is shown, and shown as far as a terminal can; the exit code tells."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from reports import make_repository

from overparam import cli
from overparam.cli.app import in_turn
from overparam.cli.output import console
from overparam.compare import api as compare
from overparam.error_rates import acceptance
from overparam.errors import StorageError

NAMES = ("run [v2]", "page [/v2]", "[bold]", "a [link=x] b", ":warning:", "α ≤ 1")


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Features of one's own: one replicate, no labels."""
    folder = tmp_path_factory.mktemp("features")
    (folder / "r0").mkdir()
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(80, 6))
    for name, width in (("wide", 8), ("baseline", 8), ("narrow-0", 4), ("narrow-1", 4)):
        noise = 0.5 * rng.normal(size=(80, width))
        np.save(folder / "r0" / f"{name}.npy", latent @ rng.normal(size=(6, width)) + noise)
    return folder


@pytest.fixture(scope="module")
def comparison(features):
    return compare.compare_files(features, workers=1)


@pytest.fixture
def run(tmp_path, monkeypatch, comparison):
    """Run the command line in this process, with what is compared measured beforehand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(compare, "compare_files", lambda *arguments, **options: comparison)
    monkeypatch.setattr(console, "quiet", False)  # rich makes it so where a pipe is broken

    def invoke(*words, stdout=None):
        root = () if {"compare", "--help"} & set(words) else ("--root", tmp_path)
        monkeypatch.setattr(sys, "argv", ["overparam", *map(str, (*words, *root))])
        if stdout is not None:
            monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0

    return invoke


@pytest.fixture
def broken_pipe():
    """The end of a pipe to write to, whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "koi8-r", "shift-jis", "utf-16"])
@pytest.mark.parametrize("words", [["compare", "features"], ["explain", "span-over"], ["compare", "--help"]])
def test_letters_that_a_terminal_has_not_are_replaced(tmp_path, run, monkeypatch, encoding, words):
    make_repository(tmp_path)
    shown = io.BytesIO()
    more = ["--verdicts", "v.json"] if words[1:] == ["features"] else []
    assert run(*words, *more, stdout=io.TextIOWrapper(shown, encoding=encoding)) == 0
    assert len(shown.getvalue().decode(encoding)) > 200
    assert not more or (tmp_path / "v.json").exists()


def test_a_name_that_no_terminal_can_show_is_shown_as_far_as_it_goes(tmp_path, run, capsys):
    make_repository(tmp_path)
    assert run("tables", "no \udcff.md") == 1
    assert "there is no file no ?.md" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verdicts", "report", "written"),
    [
        ("none/x/v.json", None, []),
        ("/proc/none/v.json", None, []),
        ("a-file/v.json", None, []),
        ("a-folder", None, []),
        (None, "a-file", []),
        (None, "/proc/none/page", []),
        ("a-file/v.json", "page", ["page/index.html"]),
        ("v.json", "a-file", ["v.json"]),
        ("a-folder", "a-file/page", []),
    ],
)
def test_a_file_that_cannot_be_written_costs_neither_the_others_nor_the_tables(
    tmp_path, run, capsys, verdicts, report, written
):
    (tmp_path / "a-file").write_text("mine")
    (tmp_path / "a-folder" / "with").mkdir(parents=True)
    (tmp_path / "none").write_text("a file in a folder's place")
    words = ["--verdicts", verdicts] if verdicts else []
    words += ["--report", report] if report else []
    code = run("compare", "features", *words)
    out, err = capsys.readouterr()
    assert code == 1
    assert "FSE(M_1′→M_1)" in out
    assert "M_1: 8 features" in out
    assert err.count("error: could not write") == bool(verdicts and "v.json" not in written) + bool(
        report and "page/index.html" not in written
    )
    assert all((tmp_path / name).exists() for name in written)
    assert (tmp_path / "a-file").read_text() == "mine"


@pytest.mark.parametrize("words", [["--verdicts", "v.json"], ["--verdicts", "v.json", "--report", "page"]])
def test_a_reader_that_left_costs_no_file(tmp_path, run, capfd, broken_pipe, words):
    with open(broken_pipe, "w", encoding="utf-8", closefd=False) as stdout:
        assert run("compare", "features", *words, stdout=stdout) == 1
    assert json.loads((tmp_path / "v.json").read_text()) == []  # half the width alone decides no claim
    assert (tmp_path / "page/index.html").exists() == ("page" in words)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("shown", ["a pipe that is closed", "/dev/full", "closed"])
def test_the_command_itself_ends_with_a_code_and_at_most_a_sentence(tmp_path, features, broken_pipe, shown):
    words = f"exec {sys.executable} -c 'from overparam.cli import main; main()' compare {features} --verdicts v.json"
    redirected = {"a pipe that is closed": "", "/dev/full": " > /dev/full", "closed": " >&-"}[shown]
    command = ["bash", "-c", words + redirected]
    done = subprocess.run(command, cwd=tmp_path, stdout=broken_pipe, stderr=subprocess.PIPE, text=True)
    assert (tmp_path / "v.json").exists()
    assert done.returncode == (0 if shown == "closed" else 1)
    sentence = "error: could not use standard output (No space left on device): what was made is in its files\n"
    assert done.stderr == (sentence if shown == "/dev/full" else "")


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_as_they_are(tmp_path, run, capsys, name):
    make_repository(tmp_path)
    assert run("compare", "features", "--report", name) == 0
    assert (
        f"{name}/index.html is written, with its figures as SVG, PNG and CSV in {name}/figures"
        in capsys.readouterr().out
    )
    assert run("tables", f"{name}.md") == 1
    assert f"error: there is no file {name}.md: name a" in capsys.readouterr().err


@pytest.mark.parametrize("replicate", ["r0[v2]", "r0[/v2]", "r0:warning:"])
def test_replicates_are_called_as_their_folders(run, capsys, monkeypatch, comparison, replicate):
    from dataclasses import replace

    monkeypatch.setattr(compare, "compare_files", lambda *a, **o: replace(comparison, replicates=(replicate,)))
    assert run("compare", "features") == 0
    assert replicate in capsys.readouterr().out


@pytest.mark.parametrize("target", ["a-file/v.json", "/proc/none/v.json"])
def test_verdicts_of_records_are_shown_where_they_cannot_be_written(tmp_path, run, capsys, target):
    make_repository(tmp_path)
    (tmp_path / "a-file").write_text("mine")
    assert run("judge", "digits", "--verdicts", target) == 1
    out, err = capsys.readouterr()
    assert "span-over (Fig. 1), digits-resnet18, smoke" in out
    assert f"error: could not write {target}" in err


def test_a_trial_of_the_judge_is_shown_where_it_cannot_be_written(tmp_path, run, capsys, monkeypatch):
    make_repository(tmp_path)
    row = {"world": "null", "claim": "performance", "R": 3, "worlds": 200, "counts": {"holds": 30}, "met": False}
    monkeypatch.setattr(acceptance, "measure_error_rates", lambda **options: {"rows": [row], "met": False})
    assert run("error-rates", "--to", "/proc/none/trial.json") == 1
    out, err = capsys.readouterr()
    assert "not met: null, performance, R = 3: 30 holds of 200" in out
    assert "error: could not write /proc/none/trial.json" in err


def test_every_step_is_taken_and_the_last_error_raised(capsys):
    taken = []

    def fail(word):
        taken.append(word)
        raise StorageError(word)

    in_turn(lambda: taken.append("a"))
    with pytest.raises(StorageError, match="^third$"):
        in_turn(lambda: fail("first"), lambda: taken.append("second"), lambda: fail("third"))
    assert taken == ["a", "first", "second", "third"]
    assert capsys.readouterr().err == "error: first\n"
