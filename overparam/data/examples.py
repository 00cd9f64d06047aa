"""Examples in a fixed order, each with an id; and the splits of a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from overparam.constants import SEED
from overparam.errors import DataError


@dataclass(frozen=True)
class Examples:
    """Examples in a fixed order.

    Attributes:
        ids: (examples,) int64, unique within the task; they travel with every feature array.
        inputs: images (examples, channels, height, width) uint8, or token ids (examples, length) int64.
        labels: (examples,) int64 in [0, classes).
    """

    ids: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, count: int | None) -> "Examples":
        """``count`` of them drawn by the split seed, in their old order; all of them for None."""
        return self if count is None else self.at(draw(len(self), count))

    def at(self, rows: np.ndarray) -> "Examples":
        """Those in some rows, given by number or by a mask."""
        return Examples(self.ids[rows], self.inputs[rows], self.labels[rows])


def draw(total: int, count: int | None, *anew: int) -> np.ndarray:
    """``count`` of ``total`` rows drawn by the split seed, in ascending order; all of them for None.

    Further numbers draw others.
    """
    if count is None:
        return np.arange(total)
    if not 1 <= count <= total:
        raise DataError(f"{count} examples were asked for where there are {total}: ask for 1 to {total}")
    return np.sort(np.random.default_rng([SEED, *anew] if anew else SEED).permutation(total)[:count])


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel over the training images, in units of a pixel value."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, inputs: np.ndarray) -> "Normalisation":
        """From (examples, channels, height, width)."""
        mean = inputs.mean(axis=(0, 2, 3), dtype=np.float64)
        square = np.stack([np.square(inputs[:, c], dtype=np.float32).mean(dtype=np.float64) for c in range(len(mean))])
        return cls(tuple(mean.tolist()), tuple(np.sqrt(square - mean**2).tolist()))


@dataclass(frozen=True)
class Dataset:
    """A task's examples.

    Networks train on ``train``; ridge maps and probes fit on ``fit``, a part of it unless it is drawn `apart`;
    everything is measured on ``heldout``, which no fit ever sees.

    Attributes:
        source: where the examples come from, in words, also of which encoding or part.
        sha256: of each file that they were read from, or of the pinned one that holds the same examples.
        content: by split, SHA-256 of the examples, whatever file holds them; none of embedded ones.
        classes: number of classes.
        channels: of an image; of a sentence the tokens of the vocabulary, each a one-hot channel.
        train: examples to train on.
        fit: examples that ridge maps and probes are fitted to.
        heldout: examples that nothing is fitted to.
        normalisation: of images; None for sentences, whose token ids networks see as they are.
        tokenizer: SHA-256 of the tokenizer that made them; None for images.
    """

    source: str
    sha256: dict[str, str]
    classes: int
    channels: int
    train: Examples
    fit: Examples
    heldout: Examples
    normalisation: Normalisation | None = None
    tokenizer: str | None = None
    content: Mapping[str, str] = field(default_factory=dict)

    def fitted_on(self, count: int | None) -> "Dataset":
        """The same, with ``count`` drawn training examples to fit ridge maps and probes on; all of them for None."""
        return replace(self, fit=self.train.subset(count))

    def apart(self, replicate: int, *, train_examples: int | None, fit_examples: int | None) -> "Dataset":
        """The same, with training examples drawn for one replicate, and others to fit ridge maps and probes on.

        The latter are the same for all replicates, and none of them is trained on in any.

        Raises:
            DataError: if there are not so many training examples.
        """
        fit = self.train.subset(fit_examples)
        rest = np.flatnonzero(~np.isin(self.train.ids, fit.ids))
        train = self.train.at(rest[draw(len(rest), train_examples, replicate)])
        return replace(self, train=train, fit=fit, normalisation=self.normalisation and Normalisation.of(train.inputs))
