"""Mosaics need all of their digits to be read, and those held out are of digits that no network was trained on."""

import numpy as np
import pytest
from sklearn import datasets

from overparam.constants import SEED
from overparam.data import load_dataset
from overparam.data.mosaics import CLASSES, DIGITS, MOSAICS, compose, draw_mosaics

PIXELS, DIGIT = map(np.asarray, datasets.load_digits(return_X_y=True))


@pytest.fixture(scope="module")
def mosaics():
    return load_dataset("mosaics")


def cells(examples):
    """The four pictures of each mosaic: (mosaics, 4, 64)."""
    return examples.inputs.reshape(-1, 2, 8, 2, 8).transpose(0, 1, 3, 2, 4).reshape(-1, 4, 64)


def pictures(examples):
    return set(map(bytes, cells(examples).reshape(-1, 64)))


def test_mosaics_are_so_many_images_of_two_by_two_digits_with_labels_as_frequent_as_each_other(mosaics):
    for part, count in ((mosaics.train, MOSAICS["train"]), (mosaics.heldout, MOSAICS["heldout"])):
        assert part.inputs.shape == (count, 1, 16, 16)
        assert set(np.bincount(part.labels, minlength=CLASSES)) == {count // CLASSES}
    assert not set(mosaics.train.ids) & set(mosaics.heldout.ids)


def test_no_picture_is_both_in_a_mosaic_for_training_and_in_one_held_out(mosaics):
    train, heldout = pictures(mosaics.train), pictures(mosaics.heldout)
    assert (len(train), len(heldout)) == (DIGITS, len(DIGIT) - DIGITS)  # each is used
    assert not train & heldout


def test_the_same_mosaics_are_drawn_every_time_and_no_two_are_alike(mosaics):
    np.testing.assert_array_equal(load_dataset("mosaics").heldout.inputs, mosaics.heldout.inputs)
    assert len(np.unique(mosaics.heldout.inputs.reshape(-1, 256), axis=0)) == len(mosaics.heldout)


def test_the_label_stands_there_in_two_pictures_and_two_other_digits_in_one_each():
    rows, labels = draw_mosaics(DIGIT, 2000, np.random.default_rng(0))
    for chosen, label in zip(rows, labels, strict=True):
        assert len(set(chosen)) == 4
        counts = np.bincount(DIGIT[chosen], minlength=CLASSES)
        assert sorted(counts)[-3:] == [1, 1, 2]
        assert counts[label] == 2


@pytest.mark.parametrize("cell", range(4))
def test_one_digit_is_the_label_in_every_second_mosaic_and_tells_no_more(cell):
    rows, labels = draw_mosaics(DIGIT, 20_000, np.random.default_rng(1))
    shown = DIGIT[rows[:, cell]]
    assert np.mean(shown == labels) == pytest.approx(0.5, abs=0.02)
    others = labels[shown != labels] - shown[shown != labels]
    np.testing.assert_allclose(np.bincount(others % CLASSES)[1:] / len(others), 1 / 9, atol=0.015)


def test_a_mosaic_shows_its_pictures_row_by_row():
    four = np.arange(4 * 64).reshape(4, 8, 8)
    mosaic = compose(four, np.array([[3, 1, 0, 2]]))[0, 0]
    np.testing.assert_array_equal(mosaic, np.block([[four[3], four[1]], [four[0], four[2]]]))


def test_digits_are_parted_by_the_split_seed(mosaics):
    order = np.random.default_rng(SEED).permutation(len(DIGIT))
    whole = PIXELS.astype(np.uint8)
    assert pictures(mosaics.train) == set(map(bytes, whole[order[:DIGITS]]))
