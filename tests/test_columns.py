"""Labels and inputs of the hub's tables in forms that copies have: understood, or refused in a sentence."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from overparam.data.images import CIFAR
from overparam.data.sentences import MNLI
from overparam.errors import DataError

LABELS = [0, 1, 2, 0, 1, 2]
TEXT = ["a b", "c d", "e f"] * 2


def read(path, dataset=MNLI, **columns):
    inputs = {"premise": TEXT, "hypothesis": TEXT} if dataset is MNLI else {"img": [{"bytes": b"x", "path": None}] * 6}
    pq.write_table(pa.table({**inputs, "label": LABELS, **columns}), path / "train.parquet")
    return dataset.read(path / "train.parquet")


TAKEN = {
    "int8": pa.array(LABELS, pa.int8()),
    "uint64": pa.array(LABELS, pa.uint64()),
    "whole floats": pa.array(LABELS, pa.float64()),
    "whole half floats": pa.array(np.array(LABELS, np.float16)),
    "in two chunks": pa.chunked_array([LABELS[:2], LABELS[2:]]),
}
WHERE = "labels that are missing or not whole numbers from 0 to 2 in row"
REFUSED = {
    "−1": (pa.array([-1, *LABELS[1:]]), f"{WHERE} 0: fetch it again"),
    "null": (pa.array([*LABELS[:3], None, 1, None]), f"{WHERE} 3, 5: fetch it again"),
    "NaN": (pa.array([0, np.nan, 2, 0, 1, 2.0]), f"{WHERE} 1: fetch"),
    "infinite": (pa.array([0, np.inf, 2, 0, 1, 2.0]), f"{WHERE} 1: fetch"),
    "halves": (pa.array([0, 0.5, 1.5, 0, 1, 2.0]), f"{WHERE} 1, 2: fetch"),
    "a class too many": (pa.array([0, 1, 3, 0, 1, 2]), f"{WHERE} 2: fetch"),
    "from 1": (pa.array([1, 2, 3, 1, 2, 3]), f"{WHERE} 2, 5: fetch"),
    "text": (
        pa.array(["entailment", "neutral", "contradiction"] * 2),
        "has string in column label where whole numbers",
    ),
    "text of numbers": (pa.array(list(map(str, LABELS))), "has string in column label where whole numbers belong"),
    "decimals": (pa.array(list(map(Decimal, LABELS))), r"has decimal128\(1, 0\) in column label where whole numbers"),
    "booleans": (pa.array([True, False] * 3), "has bool in column label where whole numbers belong"),
    "one-hot": (pa.array(np.eye(3)[LABELS].tolist()), "in column label where whole numbers belong"),
    "nothing": (pa.nulls(6), "has null in column label where whole numbers belong"),
}


@pytest.mark.parametrize("labels", TAKEN.values(), ids=TAKEN.keys())
def test_labels_that_are_whole_numbers_are_taken_as_int64(tmp_path, labels):
    table = read(tmp_path, label=labels)
    assert table["label"].to_pylist() == LABELS
    assert table.schema.field("label").type == pa.int64()
    assert table.column_names == list(MNLI.columns)


@pytest.mark.parametrize(("labels", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_labels_that_are_none_are_refused(tmp_path, labels, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, label=labels)


BLANK = [" ", "\n", "", None, "x", "y"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_blank_sentence_is_refused_however_it_is_stored(tmp_path, kind):
    assert read(tmp_path, premise=pa.array(TEXT, kind)).num_rows == 6
    with pytest.raises(DataError, match="has no premise in row 0, 1, 2, 3: fetch it again"):
        read(tmp_path, premise=pa.array(BLANK, kind))


@pytest.mark.parametrize(
    ("dataset", "columns", "message"),
    [
        (MNLI, {"premise": range(6)}, "has int64 in column premise, unlike MNLI: fetch it again"),
        (MNLI, {"hypothesis": [[text] for text in TEXT]}, "has list<.*> in column hypothesis, unlike MNLI"),
        (MNLI, {"premise": [text.encode() for text in TEXT]}, "has binary in column premise, unlike MNLI"),
        (MNLI, {"premise": pa.nulls(6)}, "has null in column premise, unlike MNLI"),
        (CIFAR, {"img": [b"x"] * 6}, "has binary in column img, unlike CIFAR-10"),
        (CIFAR, {"img": ["x.png"] * 6}, "has string in column img, unlike CIFAR-10"),
        (CIFAR, {"img": [{"path": "x.png"}] * 6}, "has struct<.*> in column img, unlike CIFAR-10"),
        (CIFAR, {"img": [[1, 2]] * 6}, "has list<.*> in column img, unlike CIFAR-10"),
    ],
)
def test_inputs_of_another_type_are_refused(tmp_path, dataset, columns, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, dataset, **columns)
