"""Tables as people save them: what is a feature is read, and what is none is dropped by its name or refused."""

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from worlds import generator

from overparam.errors import ArtifactError
from overparam.io.arrays import read_array

WANTED = generator(0).normal(size=(12, 3)).astype(np.float32)
WHOLE = generator(0).integers(100, size=(12, 3))
ROWS = generator(2).permutation(50)[:12]
FRAME = pd.DataFrame(WANTED, columns=["a", "b", "c"])
COUNTS = pd.DataFrame(WHOLE, columns=["a", "b", "c"])
LISTS = list(WANTED)
INDEXED = COUNTS.set_axis(ROWS)


def frame(data, **options):
    return lambda path: data.to_parquet(path, **options)


def columns(**data):
    return lambda path: pq.write_table(pa.table(data), path)


def hub(**data):
    return lambda path: datasets.Dataset.from_dict(data).to_parquet(path)


def without_metadata(data):
    """As a tool rewrites a table that does not know of pandas."""
    return lambda path: pq.write_table(pa.Table.from_pandas(data).replace_schema_metadata(None), path)


FEATURES = {
    "pandas": (frame(FRAME), WANTED),
    "pandas, some rows": (frame(FRAME[FRAME["a"] > 0]), WANTED[WANTED[:, 0] > 0]),
    "pandas, rows of one type with their numbers": (frame(INDEXED), WHOLE),
    "pandas, no index": (frame(INDEXED, index=False), WHOLE),
    "pandas, an index with a name": (frame(INDEXED.rename_axis("example")), WHOLE),
    "pandas, an index of text": (frame(FRAME.set_axis([f"{k}.png" for k in ROWS])), WANTED),
    "pandas, an index of floats": (frame(FRAME.set_axis(WANTED[:, 0])), WANTED),
    "pandas, an index of two levels": (frame(COUNTS.set_index([ROWS, ROWS[::-1]])), WHOLE),
    "pandas, a range that was kept": (frame(COUNTS, index=True), WHOLE),
    "pandas, columns that are called by numbers": (frame(pd.DataFrame(WHOLE).set_axis(ROWS)), WHOLE),
    "pandas, a column that is called by two names": (
        frame(FRAME.set_axis(pd.MultiIndex.from_product([["layer"], ["a", "b", "c"]]), axis=1)),
        WANTED,
    ),
    "a series of labels with row numbers": (frame(INDEXED[["a"]]), WHOLE[:, 0]),
    "pyarrow": (columns(a=WANTED[:, 0], b=WANTED[:, 1]), WANTED[:, :2]),
    "lists": (columns(features=LISTS), WANTED),
    "large lists, as polars writes": (columns(f=pa.array(LISTS, pa.large_list(pa.float32()))), WANTED),
    "arrays of fixed length, as polars writes": (columns(f=pa.array(LISTS, pa.list_(pa.float32(), 3))), WANTED),
    "datasets": (hub(features=WANTED.tolist()), WANTED.astype(np.float64)),
    "labels alone": (columns(label=WHOLE[:, 0]), WHOLE[:, 0]),
    "an index alone": (columns(index=WHOLE[:, 0]), WHOLE[:, 0]),
}
REFUSED = {
    "datasets, with labels": (hub(features=WANTED.tolist(), label=ROWS.tolist()), "differ in type: .*label is int64"),
    "labels of another type": (frame(FRAME.assign(label=ROWS)), "columns differ in type: .*label is int64"),
    "labels of the same type": (frame(FRAME.assign(label=np.float32(1))), "a column is called label, as no feature is"),
    "a target among counts": (frame(COUNTS.assign(Target=1)), "a column is called Target, as no feature is: leave it"),
    "ids among counts": (columns(id=ROWS, a=WHOLE[:, 0]), "a column is called id, as no feature is"),
    "polars' row numbers": (columns(index=ROWS, a=WHOLE[:, 0]), "a column is called index, as no feature is"),
    "an index that came through CSV": (columns(**{"Unnamed: 0": ROWS, "a": WHOLE[:, 0]}), "is called Unnamed: 0"),
    "an index whose name was lost": (without_metadata(INDEXED), "a column is called __index_level_0__, as no feature"),
    "an index that became a column": (frame(INDEXED.reset_index()), "a column is called index, as no feature is"),
    "columns of text": (columns(a=["x", "y"], b=["z", "w"]), "column a is string, no number: leave it out"),
    "columns of dates": (
        columns(a=pa.array([0, 1], pa.timestamp("s")), b=pa.array([0, 1], pa.timestamp("s"))),
        r"column a is timestamp\[.*\], no number",
    ),
    "two columns of lists": (columns(a=LISTS, b=LISTS), "column a is list<.*>, no number"),
    "columns without a value": (columns(a=[None, None], b=[None, None]), "column a is null, no number"),
    "text beside numbers": (frame(FRAME.assign(file="x.png")), "columns differ in type: .*file is (large_)?string"),
    "nothing but an index": (frame(pd.DataFrame(index=pd.Index(ROWS, name="example"))), "holds 0 arrays"),
    "lists of unequal length": (columns(f=[[1.0, 2.0], [3.0]]), "damaged or holds no plain array"),
    "a list that is missing": (columns(f=[[1.0, 2.0], None]), "damaged or holds no plain array"),
}


@pytest.mark.parametrize(("write", "expected"), FEATURES.values(), ids=FEATURES.keys())
def test_what_is_a_feature_is_read(tmp_path, write, expected):
    write(tmp_path / "a.parquet")
    found = read_array(tmp_path / "a.parquet")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("write", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_none_is_refused_by_its_name(tmp_path, write, message):
    write(tmp_path / "a.parquet")
    with pytest.raises(ArtifactError, match=message):
        read_array(tmp_path / "a.parquet")


def test_an_archive_member_that_is_no_array_is_refused(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("notes.txt", b"none")
    with pytest.raises(ArtifactError, match=r"notes.txt is no array"):
        read_array(tmp_path / "a.npz")
