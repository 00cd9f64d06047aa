"""Any networks beside each other, from files and from the command line."""

import csv
import json
import sys

import numpy as np
import pytest
from test_span_matrix import LABELS, SPLIT, network

from overparam import cli
from overparam.compare.sources import span_files
from overparam.compare.span_matrix import span_matrix
from overparam.errors import ArtifactError, MeasurementError, SpecError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two folders with files of the same names, a, b and c."""
    monkeypatch.chdir(tmp_path)
    for place in range(2):
        (tmp_path / f"r{place}").mkdir()
        for k, name in enumerate("abc"):
            np.save(tmp_path / f"r{place}" / f"{name}.npy", network(10 * place + k, 3 + k))
    np.save("y.npy", LABELS)
    np.save("split.npy", SPLIT)
    return tmp_path


def spans(*sources, **options):
    return span_files(sources, heldout="split.npy", measures=["FSE"], **options)


def test_files_are_measured_as_their_arrays_are(folder):
    found = spans("r0/a.npy", "r0/b.npy", "r0/c.npy")
    expected = span_matrix(
        {"a": network(0, 3), "b": network(1, 4), "c": network(2, 5)}, heldout=SPLIT, measures=["FSE"]
    )
    assert dict(found.widths) == {"a": 3, "b": 4, "c": 5}
    np.testing.assert_array_equal(found.values(), expected.values())


def test_files_of_one_name_in_several_folders_are_replicates(folder):
    found = spans(*(f"r{place}/{name}.npy" for name in "ab" for place in range(2)))
    expected = span_matrix(
        {f"r{k}": {"a": network(10 * k, 3), "b": network(10 * k + 1, 4)} for k in range(2)},
        heldout=SPLIT,
        measures=["FSE"],
    )
    assert found.entries == expected.entries
    assert found.replicates == ("r0", "r1")


@pytest.mark.parametrize("joined", ["r0/a.npy+r0/b.npy", "a+b"])
def test_a_plus_makes_a_concatenation_of_files_or_of_networks_given(folder, joined):
    found = spans("r0/a.npy", "r0/b.npy", "r0/c.npy", joined)
    given = {"a": network(0, 3), "b": network(1, 4), "c": network(2, 5)}
    expected = span_matrix({**given, "a+b": [given["a"], given["b"]]}, heldout=SPLIT, measures=["FSE"])
    assert dict(found.widths) == {"a": 3, "b": 4, "c": 5, "a+b": 7}
    np.testing.assert_array_equal(found.values(), expected.values())


def test_concatenations_are_made_in_every_replicate(folder):
    files = [f"r{place}/{name}.npy" for name in "abc" for place in range(2)]
    by_name = spans(*files, "a+b")
    by_file = spans(*files, "r0/a.npy+r0/b.npy", "r1/a.npy+r1/b.npy")
    assert by_name.entries == by_file.entries


def test_a_file_with_a_plus_in_its_name_is_that_file(folder):
    np.save("a+b.npy", network(5, 2))
    assert dict(spans("a+b.npy", "r0/c.npy").widths) == {"a+b": 2, "c": 5}


def test_ids_and_labels_beside_files_are_compared_and_used(folder):
    for name in "ab":
        np.save(f"r0/{name}.ids.npy", np.arange(len(LABELS)) + 7)
        np.save(f"r0/{name}.labels.npy", LABELS)
    found = spans("r0/a.npy", "r0/b.npy")
    assert "all rows are in the same order by their ids" in found.notes
    assert {entry.networks for entry in found.entries if entry.measure == "FP"} == {("a",), ("b",)}
    trusting = spans("r0/a.npy", "r0/b.npy", "r0/c.npy", labels=folder / "y.npy")
    assert "taken on trust where there are no ids: labels, r0/c.npy" in trusting.notes[-1]
    np.save("r0/b.ids.npy", np.arange(len(LABELS))[::-1])
    with pytest.raises(MeasurementError, match=r"r0/b.npy and r0/a.npy have different ids, first in row 0"):
        spans("r0/a.npy", "r0/b.npy")


@pytest.mark.parametrize(
    ("sources", "error", "sentence"),
    [
        (["r0/a.npy", "r0/a.npy"], SpecError, "network a is given twice in r0"),
        (["r0/a.npy", "r1/a.npy"], SpecError, "there are 1 networks where two or more belong"),
        (["r0/a.npy", "r1/a.npy", "r0/b.npy"], SpecError, "r1 has not both a and b"),
        (["r0/a.npy", "r0/b.npy", "a+d"], SpecError, "there is no network 'd' to concatenate in a+d: there are a, b"),
        (["a+b"], SpecError, "no file is given"),
        (["r0/a.npy", "r0/d.npy"], ArtifactError, "there is no file r0/d.npy"),
        (["r0/a.npy", "r0/b.csv"], SpecError, "b.csv cannot be read"),
        (["r0/a.npy", "y.npy"], MeasurementError, "y is int64 of shape (120,)"),
    ],
)
def test_files_that_are_no_networks_are_one_sentence(folder, sources, error, sentence):
    with pytest.raises(error) as raised:
        spans(*sources)
    assert sentence in str(raised.value)


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run the command line in this process: exit code and what it printed."""

    def invoke(*words):
        monkeypatch.setattr(sys, "argv", ["overparam", "span", *words, "--heldout", "split.npy"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return invoke


def test_the_command_prints_tables_and_draws_a_heatmap(folder, run):
    code, out, err = run("r0/a.npy", "r0/b.npy", "r0/c.npy", "a+b", "--labels", "y.npy", "--figure", "new/out.svg")
    assert (code, err) == (0, "")
    assert "Feature span error" in out
    assert "linear CKA" in out
    assert "new/out.svg is drawn, its numbers beside it" in out
    assert (folder / "new/out.svg").read_text().count("a+b") > 8
    assert (folder / "new/out.png").exists()
    with (folder / "new/out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    matrix = span_files(["r0/a.npy", "r0/b.npy", "r0/c.npy", "a+b"], labels=folder / "y.npy", heldout="split.npy")
    assert [float(row["value"]) for row in rows] == [entry.value for entry in matrix.entries]


def test_the_command_prints_json_and_nothing_else(folder, run):
    np.save("r0/b.npy", np.zeros((len(LABELS), 2)))
    code, out, err = run(
        "r0/a.npy", "r0/b.npy", "--json", "--measure", "FSE", "--measure", "RSA", "--figure", "out.svg"
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {(each["measure"], *each["networks"]) for each in found["measured"]} == {
        ("FSE", "a", "b"), ("FSE", "b", "a"), ("RSA", "a", "b")
    }  # fmt: skip
    assert [each["value"] is None for each in found["measured"]] == [True, False, True]
    assert (folder / "out.svg").exists()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["r0/a.npy", "r0/b.npy", "--figure", "out.pdf"], 2, "out.pdf is no SVG: name it .svg"),
        (["r0/a.npy", "r0/b.npy", "--measure", "cka"], 2, "there is no measure cka"),
        (["r0/a.npy"], 2, "there are 1 networks where two or more belong"),
        (["r0/a.npy", "r0/z.npy"], 1, "there is no file r0/z.npy"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_nothing_is_drawn(folder, run, words, code, sentence):
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert sentence in " ".join(err.split())
    assert err.startswith("error: ")
    assert not list(folder.glob("out.*"))
