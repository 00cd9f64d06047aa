from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from worlds import generator

from overparam.compare.inputs import NetworkFeatures, classes_of, read_folder
from overparam.compare.layout import Layout, check_networks, lay_out
from overparam.errors import ArtifactError, MeasurementError
from overparam.study.feature_blocks import M_1, M_1_PRIME, S, S_matched, S_prime

COUNT, WIDE = 12, 6
CLASSES = np.arange(COUNT) % 3
HELDOUT = np.arange(COUNT) >= 6


def networks(U=3, members=9, seed=0, **changes):
    rng = generator(seed)
    narrow = [rng.normal(size=(COUNT, WIDE // U)) for _ in range(members)]
    features = NetworkFeatures(rng.normal(size=(COUNT, WIDE)), rng.normal(size=(COUNT, WIDE)), narrow)
    return replace(features, **changes)


def build_replicates(replicates, classes, heldout):
    check_networks(replicates, len(heldout))
    return list(lay_out(replicates, Layout.of(replicates), classes, heldout).values())


def build(**replicates):
    return build_replicates(replicates, CLASSES, HELDOUT)


@pytest.mark.parametrize(("U", "members"), [(2, 2), (2, 4), (3, 3), (3, 6), (3, 9), (6, 6), (6, 12), (6, 36)])
def test_narrow_networks_make_the_concatenation_then_what_is_held_out_then_all_parameters(U, members):
    features = networks(U, members)
    (replicate,) = build(r0=features)
    alpha, narrow = Fraction(1, U), features.narrow
    expected = {M_1: features.wide, M_1_PRIME: features.baseline, S(alpha): np.hstack(narrow[:U])}
    if members >= 2 * U:
        expected[S_prime(alpha)] = np.hstack(narrow[U : 2 * U])
    if members == U * U:
        expected[S_matched(alpha)] = np.hstack(narrow)
    assert set(replicate.blocks.arrays) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(replicate.blocks[name][:], array)
    assert (replicate.alphas, replicate.early_epochs) == ((alpha,), ())
    np.testing.assert_array_equal(replicate.blocks.ids, np.arange(COUNT))
    np.testing.assert_array_equal(replicate.blocks.labels, CLASSES)
    np.testing.assert_array_equal(replicate.blocks.heldout, HELDOUT)


def test_narrow_networks_of_several_widths_make_a_concatenation_each():
    few, many = networks(3, 6), networks(2, 4, seed=1)
    (replicate,) = build(r0=replace(few, narrow=[*few.narrow[:3], *many.narrow, *few.narrow[3:]]))
    assert replicate.alphas == (Fraction(1, 2), Fraction(1, 3))
    np.testing.assert_array_equal(replicate.blocks[S(Fraction(1, 2))][:], np.hstack(many.narrow[:2]))
    np.testing.assert_array_equal(replicate.blocks[S_prime(Fraction(1, 2))][:], np.hstack(many.narrow[2:]))
    np.testing.assert_array_equal(replicate.blocks[S_prime(Fraction(1, 3))][:], np.hstack(few.narrow[3:]))


def with_value(value, row=7):
    array = generator(9).normal(size=(COUNT, WIDE))
    array[row, 2] = value
    return array


GOOD = networks()
SINGLE = GOOD.wide.astype(np.float32)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"wide": with_value(np.nan)}, "wide of r1 has features that are NaN or infinite, first in row 7"),
        ({"baseline": with_value(-np.inf, 0)}, "baseline of r1 has features that are NaN or infinite, first in row 0"),
        ({"wide": GOOD.baseline[:-1]}, "wide of r1 has 11 rows for 12 examples: align them"),
        ({"narrow": [*GOOD.narrow[:8], GOOD.narrow[0][1:]]}, "narrow-8 of r1 has 11 rows for 12 examples"),
        ({"wide": GOOD.wide[:, 0]}, "wide of r1 is float64 of shape (12,) where numbers (examples, features) belong"),
        ({"wide": GOOD.wide.reshape(COUNT, 2, 3)}, "of shape (12, 2, 3) where"),
        ({"wide": GOOD.wide[:, :0]}, "of shape (12, 0) where"),
        ({"wide": GOOD.wide.astype(str)}, "wide of r1 is <U32 of shape"),
        ({"wide": GOOD.wide.astype(complex)}, "wide of r1 is complex128 of shape"),
        ({"wide": GOOD.wide > 0}, "wide of r1 is bool of shape"),
        (
            {"baseline": GOOD.baseline[:, :4]},
            "baseline of r1 has 4 features where wide has 6: it is compared with wide as a source, so give as wide",
        ),
        ({"narrow": []}, "r1 has no narrow networks: give two or more of one width"),
        ({"narrow": [with_value(0.0)[:, :4]] * 2}, "has the very features of narrow-0 of r1"),
        ({"narrow": [with_value(k) for k in range(2)]}, "narrow networks of r1 have 6 features where wide has 6"),
        (
            {"narrow": GOOD.narrow[:2]},
            "there is nothing to compare: narrow networks of α = 1/3 are left out: 3 have as many features as wide, "
            "and r1 has 2 of them",
        ),
        (
            {"narrow": [with_value(k)[:, :4] for k in range(9)]},
            "α = 2/3 are left out: 2 have as many features as wide, and r0 has 0 of them; narrow networks of α = 1/3",
        ),
        (
            {"wide": with_value(0.0)[:, :5]},
            "wide of r1 has 5 features where that of the first replicate has 6",
        ),
        ({"baseline": GOOD.wide}, "baseline of r1 has the very features of wide of r1: copies tell nothing, give"),
        ({"baseline": np.asfortranarray(GOOD.wide)}, "baseline of r1 has the very features of wide of r1"),
        ({"wide": SINGLE, "baseline": SINGLE.astype(np.float64)}, "baseline of r1 has the very features of wide of r1"),
        ({"wide": SINGLE.round(), "baseline": SINGLE.round().astype(int)}, "has the very features of wide of r1"),
        ({"wide": networks(seed=1).wide}, "wide of r1 has the very features of wide of r0"),
        ({"narrow": [*GOOD.narrow[:8], GOOD.narrow[3]]}, "narrow-8 of r1 has the very features of narrow-3 of r1"),
        (
            {"narrow": [*GOOD.narrow[:8], networks(seed=1).narrow[8]]},
            "narrow-8 of r1 has the very features of narrow-8 of r0",
        ),
    ],
)
def test_networks_that_are_not_what_they_should_be_are_one_sentence(changes, sentence):
    build(r0=networks(seed=1), r1=GOOD)
    with pytest.raises(MeasurementError) as raised:
        build(r0=networks(seed=1), r1=replace(GOOD, **changes))
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("narrow", "members", "note"),
    [
        (GOOD.narrow[:5], {3: 3}, "of the narrow networks of α = 1/3 the first 3 are compared"),
        ([*GOOD.narrow, with_value(0.0)[:, :2]], {3: 9}, "of the narrow networks of α = 1/3 the first 9 are compared"),
        ([*GOOD.narrow, with_value(0.0)[:, :3]], {3: 9}, "of α = 1/2 are left out: 2 have as many features as wide"),
    ],
)
def test_networks_beyond_those_that_make_a_concatenation_are_let_be_and_named(narrow, members, note):
    layout = Layout.of({"r0": replace(GOOD, narrow=narrow)})
    assert layout.members == {Fraction(1, U): count for U, count in members.items()}
    assert any(note in said for said in layout.notes)


def test_what_one_replicate_lacks_is_not_compared_in_any():
    layout = Layout.of({"r0": GOOD, "r1": replace(networks(seed=1, members=6), baseline=None)})
    assert layout.members == {Fraction(1, 3): 6}
    assert not layout.baseline
    assert "baseline networks are left out: r1 has none" in layout.notes
    assert "of the narrow networks of α = 1/3 the first 6 are compared" in layout.notes


@pytest.mark.parametrize(("width", "U"), [(4, 2), (5, 2)])
def test_narrow_networks_whose_number_of_features_does_not_divide_make_a_concatenation_with_just_more(width, U):
    narrow = [generator(k).normal(size=(COUNT, width)) for k in range(2 * U)]
    (replicate,) = build(r0=replace(GOOD, narrow=narrow))
    (alpha,) = replicate.alphas
    assert alpha == Fraction(width, WIDE)
    np.testing.assert_array_equal(replicate.blocks[S(alpha)][:], np.hstack(narrow[:U]))
    np.testing.assert_array_equal(replicate.blocks[S_prime(alpha)][:], np.hstack(narrow[U:]))


def test_networks_that_died_in_training_are_alike_and_no_copies():
    dead = [*GOOD.narrow[:7], np.zeros((COUNT, 2)), np.zeros((COUNT, 2))]
    build(r0=replace(GOOD, narrow=dead), r1=networks(seed=1))


def write(folder, features):
    folder.mkdir()
    for name, array in features.named().items():
        np.save(folder / f"{name}.npy", array)


def test_a_folder_is_read_in_the_order_of_numbers(tmp_path):
    written = {f"r{k}": networks(U=6, members=12, seed=k) for k in range(11)}
    for name, features in written.items():
        write(tmp_path / name, features)
    found, labels = read_folder(tmp_path)
    assert labels is None
    assert list(found) == list(written)
    for name, features in written.items():
        assert list(found[name].named()) == list(features.named())
        for array, expected in zip(found[name].named().values(), features.named().values(), strict=True):
            np.testing.assert_array_equal(array, expected)


def test_a_folder_may_hold_labels_and_files_of_several_kinds(tmp_path):
    write(tmp_path / "r0", GOOD)
    (tmp_path / "r0" / "wide.npy").unlink()
    np.savez(tmp_path / "r0" / "wide.npz", features=GOOD.wide)
    np.save(tmp_path / "labels.npy", CLASSES)
    (tmp_path / "readme.txt").write_text("other files are let be")
    found, labels = read_folder(tmp_path)
    np.testing.assert_array_equal(found["r0"].wide, GOOD.wide)
    assert labels == tmp_path / "labels.npy"


def test_ids_and_labels_beside_features_are_read_with_them_and_other_files_let_be(tmp_path):
    write(tmp_path / "r0", GOOD)
    for name in ("wide", "narrow-7"):
        np.save(tmp_path / "r0" / f"{name}.ids.npy", np.arange(COUNT) + 5)
    np.savez(tmp_path / "r0" / "baseline.labels.npz", labels=CLASSES)
    np.save(tmp_path / "labels.ids.npy", np.arange(COUNT))
    for path in [*tmp_path.rglob("*.npy")]:
        path.with_name(f"{path.name}.dvc").write_text("outs:\n- md5: 0\n")
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\26\7")
    (tmp_path / "r0" / "wide").mkdir()
    found, labels = read_folder(tmp_path)
    assert labels is None
    assert list(found["r0"].named()) == list(GOOD.named())
    assert {name: ids.tolist() for name, ids in found["r0"].ids.items()} == {
        name: list(range(5, 5 + COUNT)) for name in ("wide", "narrow-7")
    }
    assert {name: given.tolist() for name, given in found["r0"].labels.items()} == {"baseline": CLASSES.tolist()}


def test_classes_are_those_given_else_those_beside_features_else_all_one():
    networks = {"r0": replace(GOOD, labels={"baseline": 10 * CLASSES})}
    np.testing.assert_array_equal(classes_of(networks, CLASSES[::-1], COUNT), CLASSES[::-1])
    np.testing.assert_array_equal(classes_of(networks, None, COUNT), CLASSES)
    assert classes_of({"r0": GOOD}, None, COUNT) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "r0").rename(folder / "first"), "there is no replicate in"),
        (lambda folder: (folder / "r0/wide.npy").unlink(), "has 0 files wide.* where one belongs, such as wide.npy"),
        (lambda folder: (folder / "r0/baseline.npz").touch(), "has 2 files baseline.* where one belongs"),
        (lambda folder: [(folder / f"labels.{kind}").touch() for kind in ("npy", "npz")], "has 2 files labels.*"),
        (lambda folder: (folder / "r0/narrow-3.npy").write_bytes(b"cut"), "narrow-3.npy is damaged"),
        (lambda folder: (folder / "r0/narrow-3.npz").touch(), "has 2 files narrow-3.* where one belongs"),
        (lambda folder: [(folder / f"r0/wide.ids.{kind}").touch() for kind in ("npy", "npz")], "2 files wide.ids.*"),
        (lambda folder: (folder / "r0/wide.labels.npy").write_bytes(b"cut"), "wide.labels.npy is damaged"),
    ],
)
def test_a_folder_that_lacks_something_is_one_sentence(tmp_path, change, sentence):
    write(tmp_path / "r0", GOOD)
    read_folder(tmp_path)
    change(tmp_path)
    with pytest.raises(ArtifactError) as raised:
        read_folder(tmp_path)
    assert sentence in str(raised.value)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ArtifactError, match="there is no replicate in .*nowhere: make a folder .*nowhere/r0 with wide"):
        read_folder(tmp_path / "nowhere")
