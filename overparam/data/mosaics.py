"""Mosaics: four of scikit-learn's digits in one image, of which one stands there twice, in two hands: the label.

Any one of the four tells no more than that it is the label in every second mosaic, so that all have to be read. Those
for training and those held out are made of different digits. The latter are so many that half a point of accuracy is
three standard errors (docs/default-study.md), which the 797 digits that are left to hold out could not show by
themselves: what is measured is said of mosaics of those digits.
"""

import numpy as np

from overparam.constants import SEED
from overparam.data.examples import Dataset, Examples, Normalisation

CLASSES = 10
DIGITS = 1000  # that mosaics for training are made of, of 1,797; the others make those held out
MOSAICS = {"train": 2500, "heldout": 8000}


def load_mosaics(train_examples: int | None) -> Dataset:
    """Mosaics of 16×16 pixels in 0 to 16; those for training share no digit with those held out."""
    from sklearn import datasets

    pixels, digits = datasets.load_digits(return_X_y=True)
    pictures, digits = np.asarray(pixels, np.uint8).reshape(-1, 8, 8), np.asarray(digits, np.int64)
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(digits))
    parts, first = {}, 0
    for name, rows in {"train": order[:DIGITS], "heldout": order[DIGITS:]}.items():
        cells, labels = draw_mosaics(digits[rows], MOSAICS[name], rng)
        ids = np.arange(first, first + len(labels))
        parts[name] = Examples(ids, compose(pictures[rows], cells), labels)
        first += len(labels)
    train = parts["train"].subset(train_examples)
    source = "mosaics of scikit-learn digits, embedded"
    return Dataset(source, {}, CLASSES, 1, train, train, parts["heldout"], Normalisation.of(train.inputs))


def draw_mosaics(digits: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which digits make each of ``count`` mosaics, (mosaics, 4) rows of ``digits``, and their labels, (mosaics,).

    Labels are equally frequent up to one. Two different pictures show the label, the others show two more digits.

    Args:
        digits: (pictures,) what each shows; of each of `CLASSES` at least two.
        count: of mosaics.
        rng: what draws them.
    """
    by_digit = [np.flatnonzero(digits == digit) for digit in range(CLASSES)]
    labels = rng.permutation(np.arange(count) % CLASSES)
    steps = rng.permuted(np.tile(np.arange(1, CLASSES), (count, 1)), axis=1)[:, :2]
    shown = np.column_stack([labels, labels, (labels[:, None] + steps) % CLASSES])  # (mosaics, 4) digits
    cells = np.empty_like(shown)
    for digit, pictures in enumerate(by_digit):
        cells[shown == digit] = rng.choice(pictures, np.sum(shown == digit))
        twice = labels == digit  # the second picture lies a drawn number of places behind the first
        first = rng.integers(len(pictures), size=np.sum(twice))
        second = (first + rng.integers(1, len(pictures), size=len(first))) % len(pictures)
        cells[twice, :2] = pictures[np.column_stack([first, second])]
    return rng.permuted(cells, axis=1), labels


def compose(pictures: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Mosaics (mosaics, 1, 16, 16) of pictures (pictures, 8, 8), two rows of two each."""
    grid = pictures[cells].reshape(-1, 2, 2, 8, 8)  # (mosaics, row, column, height, width)
    return grid.transpose(0, 1, 3, 2, 4).reshape(-1, 1, 16, 16)
