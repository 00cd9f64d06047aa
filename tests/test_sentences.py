import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from overparam.data import fetch, load_dataset, sentences
from overparam.data.entailment import word_pieces
from overparam.data.sentences import (
    LENGTH,
    MNLI,
    PADDING,
    SEPARATOR,
    START,
    encode_pairs,
    train_tokenizer,
)
from overparam.errors import DataError

PREMISES = ["The farmer sold twelve apples.", "Nobody saw the red bird!", "It rained all day, they said."]
HYPOTHESES = ["Apples were sold.", "Someone saw it.", "The day was dry."]


def table(rows, **replaced):
    columns = {
        "premise": [PREMISES[row % 3] for row in range(rows)],
        "hypothesis": [HYPOTHESES[row % 3] for row in range(rows)],
        "label": [row % 3 for row in range(rows)],
        "idx": list(range(rows)),
    }
    return pa.table({**columns, **replaced})


@pytest.fixture
def mirror(tmp_path):
    folder = tmp_path / "mirror" / "mnli"
    folder.mkdir(parents=True)
    pq.write_table(table(30), folder / "train.parquet")
    pq.write_table(table(12), folder / "validation_matched.parquet")
    return tmp_path / "mirror"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


def test_a_part_of_mnli_is_copied_checked_and_loaded_under_its_own_name(mirror, root):
    splits = fetch.fetch("mnli", mirror=mirror, root=root)
    assert [(split.rows, split.class_counts) for split in splits] == [(30, (10,) * 3), (12, (4,) * 3)]
    mnli = load_dataset("mnli", root=root, fit_examples=20)
    assert (len(mnli.train), len(mnli.fit), len(mnli.heldout), mnli.classes) == (30, 20, 12, 3)
    assert mnli.source == (
        "local mirror, MNLI, 30 of 392,702 train pairs and 12 of 9,815 validation_matched pairs; "
        f"0 pairs longer than {LENGTH} tokens, whose longer sentence was cut"
    )
    assert mnli.heldout.ids.tolist() == list(range(30, 42))
    assert mnli.train.inputs.shape == (30, LENGTH)
    assert mnli.train.inputs.max() < mnli.channels
    assert mnli.normalisation is None


def test_a_sentence_that_swallowed_other_rows_is_left_out(mirror, root):
    swallowed = ["x y " * 600 if row == 7 else PREMISES[row % 3] for row in range(30)]
    pq.write_table(table(30, premise=swallowed), mirror / "mnli" / "train.parquet")
    fetch.fetch("mnli", mirror=mirror, root=root)
    mnli = load_dataset("mnli", root=root)
    assert mnli.train.ids.tolist() == [row for row in range(30) if row != 7]
    assert mnli.train.labels.tolist() == [row % 3 for row in range(30) if row != 7]


def test_pairs_that_are_cut_are_counted_in_what_every_result_says(mirror, root):
    long = ["long " * 80 if row in (3, 5) else PREMISES[row % 3] for row in range(12)]
    pq.write_table(table(12, premise=long), mirror / "mnli" / "validation_matched.parquet")
    fetch.fetch("mnli", mirror=mirror, root=root)
    assert f"; 2 pairs longer than {LENGTH} tokens" in load_dataset("mnli", root=root).source


def test_the_tokenizer_is_trained_once_and_kept(mirror, root, tmp_path):
    fetch.fetch("mnli", mirror=mirror, root=root)
    first = load_dataset("mnli", root=root)
    path = tmp_path / "artifacts" / "tokenizers" / "mnli.json"
    kept = path.read_bytes()
    again = load_dataset("mnli", root=root)
    assert path.read_bytes() == kept
    assert first.tokenizer == again.tokenizer
    path.unlink()
    assert load_dataset("mnli", root=root).tokenizer == first.tokenizer
    assert path.read_bytes() == kept


def test_a_tokenizer_of_another_training_split_is_not_used(mirror, root, tmp_path):
    fetch.fetch("mnli", mirror=mirror, root=root)
    first = load_dataset("mnli", root=root)
    pq.write_table(table(30, premise=["Quite other words stand here."] * 30), mirror / "mnli" / "train.parquet")
    fetch.fetch("mnli", mirror=mirror, root=root)
    assert load_dataset("mnli", root=root).tokenizer != first.tokenizer


def test_a_tokenizer_of_another_size_is_not_used(mirror, root, monkeypatch):
    fetch.fetch("mnli", mirror=mirror, root=root)
    first = load_dataset("mnli", root=root)
    monkeypatch.setattr(sentences, "VOCABULARY", first.channels - 5)
    assert load_dataset("mnli", root=root).channels == first.channels - 5


@pytest.mark.parametrize("content", ["", "{", "[]", '{"trained_on": 1}', "replaced"])
def test_a_damaged_tokenizer_is_refused_in_a_sentence(mirror, root, tmp_path, content):
    fetch.fetch("mnli", mirror=mirror, root=root)
    load_dataset("mnli", root=root)
    path = tmp_path / "artifacts" / "tokenizers" / "mnli.json"
    replaced = json.dumps({**json.loads(path.read_text()), "tokenizer": {"model": "none"}})
    path.write_text(replaced if content == "replaced" else content)
    with pytest.raises(DataError, match="is no tokenizer .*: get it with `dvc pull --allow-missing`"):
        load_dataset("mnli", root=root)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            table(30, label=[*range(27), -1, 1, None]),
            "labels that are missing or not whole numbers from 0 to 2 in row 3, 4, 5, 6, 7 and 21",
        ),
        (
            table(30, label=[-1, *[1] * 28, None]),
            "labels that are missing or not whole numbers from 0 to 2 in row 0, 29: fetch",
        ),
        (table(30, hypothesis=[None, *HYPOTHESES * 9, None, "x"]), "has no hypothesis in row 0, 28: fetch"),
        (table(30, hypothesis=["", *HYPOTHESES * 9, " \n", "x"]), "has no hypothesis in row 0, 28: fetch"),
        (table(30, label=[0] * 30), "has 30 rows with 0 to 30 a class, where MNLI has 392,702 and some of each"),
        (table(30).drop_columns("premise"), "premise"),
    ],
)
def test_what_is_not_mnli_is_refused(mirror, root, content, message):
    pq.write_table(content, mirror / "mnli" / "train.parquet")
    with pytest.raises(DataError, match=message):
        fetch.fetch("mnli", mirror=mirror, root=root)
    assert not (root / "mnli").exists()


def test_more_rows_than_the_whole_has_are_refused(mirror, root, monkeypatch):
    monkeypatch.setitem(MNLI.rows, "train", 29)
    with pytest.raises(DataError, match="has 30 rows .* where MNLI has 29 and some of each class"):
        fetch.fetch("mnli", mirror=mirror, root=root)


def test_the_hub_is_asked_for_glues_mnli(mirror, root, monkeypatch):
    import datasets

    def from_mirror(name, subset, split):
        assert (name, subset) == ("nyu-mll/glue", "mnli")
        return datasets.Dataset(pq.read_table(mirror / "mnli" / f"{split}.parquet"))

    monkeypatch.setattr(datasets, "load_dataset", from_mirror)
    assert [split.rows for split in fetch.fetch("mnli", root=root)] == [30, 12]
    assert load_dataset("mnli", root=root).source.startswith("hub dataset nyu-mll/glue; 0 pairs")


def test_pairs_are_laid_out_cut_at_the_longer_sentence_and_padded():
    tokenizer = word_pieces(["a", "b", "c", "d", "##s"])
    a, b, c, d, s = range(4, 9)
    pairs, cut = encode_pairs(tokenizer, ["A bs", "a b c d a b c d", "?"], ["c", "d", "a"], length=9)
    assert pairs.tolist() == [
        [START, a, b, s, SEPARATOR, c, SEPARATOR, PADDING, PADDING],
        [START, a, b, c, d, a, SEPARATOR, d, SEPARATOR],
        [START, 1, SEPARATOR, a, SEPARATOR, *[PADDING] * 4],
    ]
    assert (pairs.dtype, cut) == (np.int64, 1)


def test_training_a_tokenizer_is_deterministic():
    texts = PREMISES + HYPOTHESES
    assert train_tokenizer(texts).to_str() == train_tokenizer(list(texts)).to_str()
