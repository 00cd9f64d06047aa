"""Rows of all files in the same order: compared by ids and labels beside them, else taken on trust and said so."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds import generator

from overparam.compare.api import compare_files
from overparam.compare.inputs import NetworkFeatures
from overparam.compare.order import check_order
from overparam.errors import MeasurementError

COUNT = 30
NAMES = ("wide", "baseline", "narrow-0", "narrow-1")
IDS = generator(1).permutation(1000)[:COUNT]
LABELS = np.arange(COUNT) % 3
EXCHANGED = np.r_[np.arange(7), 8, 7, np.arange(9, COUNT)]


def networks(told=(), labelled=(), example_ids=IDS, **changed):
    """Two replicates, with these ids and labels beside those of their networks that are named."""
    made = {}
    for seed, replicate in enumerate(("r0", "r1")):
        wide, baseline, *narrow = (generator(seed).normal(size=(COUNT, width)) for width in (4, 4, 2, 2))
        beside = {"ids": dict.fromkeys(told, example_ids), "labels": dict.fromkeys(labelled, LABELS)}
        made[replicate] = NetworkFeatures(wide, baseline, narrow, **beside)
    for what, values in changed.items():
        made["r1"] = replace(made["r1"], **{what: {**getattr(made["r1"], what), "narrow-0": values}})
    return made


TRUST = "that rows are in the same order was taken on trust where there are no ids: "
TOLD = {
    "ids of all": (networks(NAMES), None, None, "all rows are in the same order by their ids"),
    "ids of all and of labels": (networks(NAMES), LABELS, IDS, "all rows are in the same order by their ids"),
    "ids as text": (
        networks(NAMES, example_ids=IDS.astype(str)),
        LABELS,
        [str(k) for k in IDS],
        "all rows are in the same order by their ids",
    ),
    "nothing": (networks(), None, None, f"{TRUST}wide of r0, baseline of r0, narrow-0 of r0 and 5 more"),
    "labels for all": (networks(), LABELS, None, f"{TRUST}labels, wide of r0, baseline of r0 and 6 more"),
    "ids of features alone": (networks(NAMES), LABELS, None, f"{TRUST}labels"),
    "ids of labels alone": (networks(), LABELS, IDS, f"{TRUST}wide of r0, baseline of r0, narrow-0 of r0 and 5 more"),
    "ids of some": (networks(NAMES[1:]), None, None, f"{TRUST}wide of r0, wide of r1"),
    "labels beside some": (
        networks(labelled=NAMES[:1]),
        LABELS,
        None,
        f"{TRUST}labels, wide of r0, baseline of r0 and 6 more; but labels agree of labels, wide of r0, wide of r1",
    ),
    "labels beside all": (
        networks(labelled=NAMES),
        None,
        None,
        f"{TRUST}wide of r0, baseline of r0, narrow-0 of r0 and 5 more; but labels agree of wide of r0, "
        "baseline of r0, narrow-0 of r0 and 5 more",
    ),
    "labels beside some and ids of others": (
        networks(NAMES[:2], NAMES[2:]),
        None,
        None,
        f"{TRUST}narrow-0 of r0, narrow-1 of r0, narrow-0 of r1 and 1 more; but labels agree of narrow-0 of r0, "
        "narrow-1 of r0, narrow-0 of r1 and 1 more",
    ),
    "labels beside one, which nothing agrees with": (
        {"r0": networks(labelled=NAMES[:1])["r0"]},
        None,
        None,
        f"{TRUST}wide of r0, baseline of r0, narrow-0 of r0 and 1 more",
    ),
    "labels in another form": (
        networks(labelled=NAMES[:1]),
        LABELS[:, None].astype(float).tolist(),
        None,
        f"{TRUST}labels, wide of r0, baseline of r0 and 6 more; but labels agree of labels, wide of r0, wide of r1",
    ),
    "ids in another form": (
        networks(NAMES, ids=pd.Series(IDS)),
        None,
        None,
        "all rows are in the same order by their ids",
    ),
}


@pytest.mark.parametrize(("given", "labels", "label_ids", "sentence"), TOLD.values(), ids=TOLD.keys())
def test_what_was_taken_on_trust_is_said(given, labels, label_ids, sentence):
    assert check_order(given, labels, label_ids, COUNT) == sentence


DIFFER = "narrow-0 of r1 and wide of r0 have different"
REFUSED = {
    "two rows exchanged": ({"ids": IDS[EXCHANGED]}, None, None, f"{DIFFER} ids, first in row 7 "),
    "all in another order": ({"ids": np.sort(IDS)}, None, None, f"{DIFFER} ids, first in row 0 "),
    "one other example": ({"ids": np.r_[IDS[:-1], 2000]}, None, None, rf"{DIFFER} ids, first in row 29 \(2000 and"),
    "ids as text beside numbers": ({"ids": IDS.astype(str)}, None, None, rf"{DIFFER} ids, first in row 0 \('"),
    "an id twice": ({"ids": np.r_[IDS[:-1], IDS[0]]}, None, None, "ids of narrow-0 of r1 are int64 of .* each once"),
    "an id too few": ({"ids": IDS[1:]}, None, None, r"of shape \(29,\) where 30 whole numbers or texts belong"),
    "a column of ids": ({"ids": IDS[:, None]}, None, None, r"of shape \(30, 1\) where 30 whole"),
    "ids that are no whole numbers": ({"ids": IDS / 2}, None, None, "are float64 of shape"),
    "an id that is missing": ({"ids": [None, *IDS[1:].tolist()]}, None, None, "are object of shape"),
    "ids of labels": ({}, LABELS, IDS[EXCHANGED], "wide of r0 and labels have different ids, first in row 7"),
    "labels beside": ({"labels": LABELS[EXCHANGED]}, None, None, rf"{DIFFER} labels, first in row 7 \(2 and 1\)"),
    "labels for all": ({}, LABELS[EXCHANGED], None, "wide of r0 and labels have different labels, first in row 7"),
    "a label too few": ({"labels": LABELS[1:]}, None, None, "there are 29 labels for 30 examples"),
    "one-hot labels": ({"labels": np.eye(3)[LABELS]}, None, None, r"labels have shape \(30, 3\)"),
}


@pytest.mark.parametrize(("changed", "labels", "label_ids", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_rows_of_other_examples_or_in_another_order_are_refused(changed, labels, label_ids, message):
    with pytest.raises(MeasurementError, match=message):
        check_order(networks(NAMES, NAMES, **changed), labels, label_ids, COUNT)


@pytest.fixture
def folder(tmp_path):
    """One replicate of networks that share what they see, with ids and labels beside every file."""
    rng, place = generator(3), tmp_path / "r0"
    place.mkdir()
    z = rng.normal(size=(80, 5))
    for name in NAMES:
        width = 8 if name in ("wide", "baseline") else 4
        np.save(place / f"{name}.npy", z @ rng.normal(size=(5, width)) + 0.5 * rng.normal(size=(80, width)))
        np.save(place / f"{name}.ids.npy", np.arange(80) + 100)
        np.save(place / f"{name}.labels.npy", np.arange(80) % 2)
    np.save(tmp_path / "labels.npy", np.arange(80) % 2)
    np.save(tmp_path / "labels.ids.npy", np.arange(80) + 100)
    return tmp_path


def files(folder):
    wide, baseline, *narrow = (folder / "r0" / f"{name}.npy" for name in NAMES)
    return {"wide": wide, "baseline": baseline, "narrow": narrow}


@pytest.mark.parametrize("given", [lambda folder: {"folder": folder}, files])
def test_ids_and_labels_beside_files_are_compared(folder, given):
    notes = compare_files(**given(folder), workers=1).notes
    assert "all rows are in the same order by their ids" in notes
    assert not any("not judged without labels" in note for note in notes)  # those beside features do
    np.save(folder / "r0" / "narrow-1.ids.npy", np.arange(80)[::-1] + 100)
    with pytest.raises(
        MeasurementError, match="narrow-1 of r0 and (labels|wide of r0) have different ids, first in row 0"
    ):
        compare_files(**given(folder), workers=1)


def test_a_folder_without_them_says_what_was_taken_on_trust(folder):
    for path in [*folder.rglob("*.ids.npy"), *folder.rglob("*.labels.npy")]:
        path.unlink()
    assert f"{TRUST}labels, wide of r0, baseline of r0 and 2 more" in compare_files(folder, workers=1).notes
