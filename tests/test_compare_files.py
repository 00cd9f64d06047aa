"""Networks of one's own, from files."""

from pathlib import Path

import numpy as np
import pytest
from networks import ROOT
from test_compare import LABELS, SPLIT, compared, effects, networks

from overparam.compare.api import compare_files
from overparam.errors import SpecError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two replicates with labels, at the root of a repository."""
    monkeypatch.chdir(ROOT)
    for number in range(2):
        (tmp_path / f"r{number}").mkdir()
        for name, array in networks(number=number).named().items():
            np.save(tmp_path / f"r{number}" / f"{name}.npy", array)
    np.save(tmp_path / "labels.npy", LABELS)
    np.save(tmp_path / "heldout.npy", SPLIT)
    return tmp_path


def test_a_folder_is_compared_as_its_arrays_are(folder):
    found = compare_files(folder, heldout=str(folder / "heldout.npy"), workers=1)
    assert effects(found) == effects(compared())
    np.save(folder / "shuffled.npy", np.random.default_rng(0).permutation(LABELS))
    chosen = {"heldout": str(folder / "heldout.npy"), "labels": folder / "shuffled.npy"}
    shuffled = effects(compare_files(folder, **chosen, workers=1))
    assert {claim for claim, effect in effects(found).items() if shuffled[claim] == effect} == {
        "span-over",
        "span-under",
    }


def test_the_files_of_one_replicate_are_compared_as_its_arrays_are(folder):
    place = folder / "r0"
    files = {"wide": place / "wide.npy", "baseline": place / "baseline.npy"}
    files["narrow"] = [place / f"narrow-{k}.npy" for k in range(4)]
    found = compare_files(**files, labels=folder / "labels.npy", heldout=str(folder / "heldout.npy"), workers=1)
    assert effects(found) == effects(compared(count=1, members=4))


def test_the_split_is_drawn_by_its_seed(folder):
    (folder / "labels.npy").unlink()
    spans = [
        effects(compare_files(folder, heldout=share, seed=seed, workers=1))["span-over"]
        for share, seed in (("0.5", 0), ("0.5", 0), ("0.5", 1), ("0.4", 0))
    ]
    assert spans[0] == spans[1]
    assert len(set(spans)) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"folder": Path("features"), "wide": Path("wide.npy")},
        {"folder": Path("features"), "narrow": [Path("a.npy")]},
        {"wide": Path("wide.npy"), "baseline": Path("baseline.npy")},
    ],
)
def test_neither_or_both_of_folder_and_files_are_refused(arguments):
    with pytest.raises(SpecError, match="give a folder of replicates, or the files of one"):
        compare_files(**arguments)
