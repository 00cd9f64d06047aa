import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from overparam.data import Normalisation, data_at_hand, fetch, load_dataset
from overparam.data.images import CIFAR
from overparam.errors import DataError
from overparam.io.parquet import read_parquet

ROWS = {"train": 40, "test": 20}


def picture(value, size=32):
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), (value, 2 * value % 256, 7)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def table(rows, **replaced):
    columns = {"img": [picture(row) for row in range(rows)], "label": [row % 10 for row in range(rows)]}
    return pa.table({**columns, **replaced})


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder in the hub's layout with a few pictures, and a suite that expects just as many."""
    for split, rows in ROWS.items():
        monkeypatch.setitem(CIFAR.rows, split, rows)
    folder = tmp_path / "mirror" / "cifar10"
    folder.mkdir(parents=True)
    for split, rows in ROWS.items():
        pq.write_table(table(rows), folder / f"{split}.parquet")
    return tmp_path / "mirror"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


def test_digits_are_scikit_learns_split_once_and_for_all():
    digits = load_dataset("digits")
    images = load_digits().images
    assert len(digits.train) == len(digits.fit) == 1000
    assert len(digits.heldout) == 797
    assert sorted([*digits.train.ids, *digits.heldout.ids]) == list(range(1797))
    for part in (digits.train, digits.heldout):
        np.testing.assert_array_equal(part.inputs[:, 0], images[part.ids])
        np.testing.assert_array_equal(part.labels, load_digits().target[part.ids])
    np.testing.assert_array_equal(load_dataset("digits").heldout.ids, digits.heldout.ids)


def test_fewer_examples_are_a_fixed_part_and_fit_is_a_part_of_train():
    some = load_dataset("digits", train_examples=300, fit_examples=100)
    assert len(some.train) == 300
    assert len(some.fit) == 100
    assert set(some.fit.ids) < set(some.train.ids) < set(load_dataset("digits").train.ids)
    assert not set(some.fit.ids) & set(some.heldout.ids)


def test_examples_apart_are_drawn_anew_for_each_replicate_from_those_that_fit_no_map():
    digits = load_dataset("digits")
    some = {replicate: digits.apart(replicate, train_examples=300, fit_examples=400) for replicate in (0, 1)}
    for one in some.values():
        assert (len(one.train), len(one.fit), len(one.heldout)) == (300, 400, 797)
        assert set(one.train.ids) | set(one.fit.ids) < set(digits.train.ids)
        assert not set(one.train.ids) & set(one.fit.ids)
        assert one.normalisation == Normalisation.of(one.train.inputs)
        np.testing.assert_array_equal(one.fit.ids, digits.fitted_on(400).fit.ids)
        np.testing.assert_array_equal(one.train.labels, load_digits().target[one.train.ids])
    assert 100 < len(set(some[0].train.ids) & set(some[1].train.ids)) < 200  # about half of 600 remain to be drawn from
    again = digits.apart(1, train_examples=300, fit_examples=400)
    np.testing.assert_array_equal(some[1].train.ids, again.train.ids)


def test_more_examples_apart_than_there_are_are_refused():
    with pytest.raises(DataError, match="601 examples were asked for where there are 600: ask for 1 to 600"):
        load_dataset("digits").apart(0, train_examples=601, fit_examples=400)


def test_normalisation_gives_mean_0_and_standard_deviation_1():
    inputs = np.random.default_rng(0).integers(0, 256, (50, 3, 4, 4)).astype(np.uint8)
    norm = Normalisation.of(inputs)
    np.testing.assert_allclose(norm.mean, inputs.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(norm.std, inputs.std(axis=(0, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda root: load_dataset("mnist", root=root), "no data for task 'mnist'"),
        (lambda root: load_dataset("digits", train_examples=0), "0 examples were asked for"),
        (lambda root: load_dataset("digits", fit_examples=1001), "1001 examples were asked for where there are 1000"),
        (
            lambda root: load_dataset("cifar", root=root),
            "there is no CIFAR-10 in .*`overparam data fetch cifar --from DIR`",
        ),
        (lambda root: fetch.fetch("digits", root=root), "'digits' has nothing to fetch"),
    ],
)
def test_data_that_cannot_be_had_is_a_sentence(root, call, message):
    with pytest.raises(DataError, match=message):
        call(root)


def test_a_mirror_is_copied_checked_and_loaded(mirror, root):
    assert not data_at_hand("cifar", root)
    splits = fetch.fetch("cifar", mirror=mirror, root=root)
    assert [(split.rows, split.class_counts) for split in splits] == [(40, (4,) * 10), (20, (2,) * 10)]
    assert data_at_hand("cifar", root)
    cifar = load_dataset("cifar", root=root, train_examples=30)
    assert (len(cifar.train), len(cifar.heldout), cifar.channels) == (30, 20, 3)
    assert cifar.heldout.ids.tolist() == list(range(40, 60))
    assert cifar.train.inputs[0, 0, 0, 0] == cifar.train.ids[0]
    assert cifar.source == "local mirror, CIFAR-10 as PNG"
    assert cifar.sha256 == {split.path.stem: split.sha256 for split in splits}


def truncate(path):
    path.write_bytes(path.read_bytes()[:-50])


def rewrite(content):
    return lambda path: pq.write_table(content, path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, "cannot be read as CIFAR-10 in parquet"),
        (lambda path: path.unlink(), "must hold cifar10/ with train.parquet and test.parquet"),
        (rewrite(table(20)), "train.parquet has 20 rows"),
        (rewrite(table(40, label=[0] * 40)), "0 to 40 a class"),
        (
            rewrite(table(40, label=[*range(39), 10])),
            "labels that are missing or not whole numbers from 0 to 9 in row 10, 11, 12, 13, 14 and 25 more",
        ),
        (
            rewrite(table(40, label=[*[0] * 5, None, *[1] * 34])),
            "labels that are missing or not whole numbers from 0 to 9 in row 5",
        ),
        (rewrite(table(40).drop_columns("label")), "label"),
    ],
)
def test_a_mirror_that_is_not_cifar_is_refused_and_nothing_is_lost(mirror, root, damage, message):
    fetch.fetch("cifar", mirror=mirror, root=root)
    before = {path.name: path.read_bytes() for path in (root / "cifar10").iterdir()}
    damage(mirror / "cifar10" / "train.parquet")
    with pytest.raises(DataError, match=message):
        fetch.fetch("cifar", mirror=mirror, root=root)
    assert {path.name: path.read_bytes() for path in (root / "cifar10").iterdir()} == before
    assert {path.name for path in root.iterdir()} == {"cifar10", ".cifar10.lock"}


@pytest.mark.parametrize("damage", [truncate, lambda path: path.unlink()])
def test_fetched_data_that_was_damaged_since_is_refused(mirror, root, damage):
    fetch.fetch("cifar", mirror=mirror, root=root)
    damage(root / "cifar10" / "test.parquet")
    with pytest.raises(DataError, match="missing, truncated or not the file that was fetched"):
        load_dataset("cifar", root=root)


@pytest.mark.parametrize(
    "broken", [{"bytes": b"no image", "path": None}, picture(1, size=31), {"bytes": None, "path": None}]
)
def test_a_broken_picture_is_named_by_its_row_and_not_fetched(mirror, root, broken):
    pictures = [picture(row) for row in range(40)]
    pictures[7] = broken
    pq.write_table(table(40, img=pictures), mirror / "cifar10" / "train.parquet")
    with pytest.raises(DataError, match="no 32×32 image in row 7"):
        fetch.fetch("cifar", mirror=mirror, root=root)
    assert not data_at_hand("cifar", root)


def test_a_hub_out_of_reach_is_a_sentence(root, monkeypatch):
    import datasets

    def unreachable(*arguments, **options):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(DataError, match="could not get uoft-cs/cifar10 from the hub .*--from DIR"):
        fetch.fetch("cifar", root=root)


def test_the_hub_gives_what_a_mirror_gives(mirror, root, monkeypatch):
    import datasets

    def from_mirror(name, subset, split):
        assert subset is None
        return datasets.Dataset(pq.read_table(mirror / "cifar10" / f"{split}.parquet"))

    monkeypatch.setattr(datasets, "load_dataset", from_mirror)
    splits = fetch.fetch("cifar", root=root)
    assert [split.rows for split in splits] == [40, 20]
    assert load_dataset("cifar", root=root).source == "hub dataset uoft-cs/cifar10"


def test_columns_come_in_the_order_that_was_asked_for(tmp_path):
    written = pa.table({"label": [1, 0], "other": ["x", "y"], "image": [{"bytes": b"a"}, {"bytes": b"b"}]})
    pq.write_table(written, tmp_path / "a.parquet")
    found = read_parquet(tmp_path / "a.parquet", ["image", "label"])
    assert found.equals(written.select(["image", "label"]))
    assert read_parquet(tmp_path / "a.parquet").equals(written)
    with pytest.raises(KeyError, match="label.*image"):
        read_parquet(tmp_path / "a.parquet", ["image", "text"])


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="tells no threads of a process")
def test_reading_parquet_leaves_no_thread_at_work(tmp_path):
    pq.write_table(pa.table({"x": list(range(100_000))}), tmp_path / "a.parquet", row_group_size=1000)
    program = (
        "import os, sys; from pathlib import Path; from overparam.io.parquet import read_parquet\n"
        "path, before = Path(sys.argv[1]), len(os.listdir('/proc/self/task'))\n"
        "for source in (path, path.open('rb')): read_parquet(source, ['x'])\n"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.parquet")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"
