"""Networks that nobody trained: feature files drawn from a law that is known.

Every network sees some latent numbers of an example. Its features are rotations of them with noise of their own; how
noisy they are differs by a network's seed. A wide network has as many parts as there are narrow ones in S_α, so where
both see the same, M_1 and S_α come from one law.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from overparam.error_rates.randomness import generator
from overparam.study.feature_file import FeatureFile

ONE, NARROW = Fraction(1), Fraction(1, 4)
PARTS, PART_WIDTH = NARROW.denominator, 4  # parts of a wide network, and features of a part
MEMBERS = {ONE: 2, NARROW: 3 * PARTS}  # narrow ones for S_α, S_α′, and one more concatenation
FIT, HELDOUT = 500, 4000
BOTH, OF_WIDE, OF_NARROW = (0, 1), (2, 3), (4, 5)  # latent numbers
TELLING = BOTH + OF_WIDE  # those that decide the label
LABEL_NOISE = 0.3  # on a score of unit variance
FEATURE_NOISE, SEED_SPREAD = 0.2, 0.4  # and the spread of its logarithm: span errors differ by about 0.01
WELL_TRAINED = 0.99
EPOCHS = 10

Files = dict[Fraction, FeatureFile]  # the networks of one replicate


@dataclass(frozen=True)
class Law:
    """Which latent numbers networks see; the name decides what is drawn."""

    name: str
    wide: tuple[int, ...]
    narrow: tuple[int, ...]

    def replicates(self, number: int, count: int) -> dict[int, Files]:
        """The networks of the first replicates in one world, all on the same examples."""
        latents, labels = _examples(generator(f"{self.name}: examples", number))
        return {
            replicate: self._networks(generator(f"{self.name}: networks", number, replicate), latents, labels)
            for replicate in range(count)
        }

    def _networks(self, rng: np.random.Generator, latents: np.ndarray, labels: np.ndarray) -> Files:
        seen = {ONE: self.wide, NARROW: self.narrow}
        return {alpha: _file(rng, latents[:, seen[alpha]], labels, alpha) for alpha in seen}


ONE_LAW = Law("one law", TELLING, TELLING)
SIGNAL = Law("signal", BOTH + OF_WIDE, BOTH + OF_NARROW)


def declared_accuracies(rng: np.random.Generator, level: float, members: int) -> list[float]:
    """What each of some networks says of its training accuracy: about a level."""
    return (level + 0.002 * rng.standard_normal(members)).tolist()


def _examples(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Latent numbers (examples, latents) and one of two classes (examples,)."""
    latents = rng.standard_normal((FIT + HELDOUT, len(TELLING + OF_NARROW)))
    score = latents[:, TELLING].sum(axis=1) / len(TELLING) ** 0.5
    return latents, (score + LABEL_NOISE * rng.standard_normal(len(score)) > 0).astype(np.int64)


def _file(rng: np.random.Generator, seen: np.ndarray, labels: np.ndarray, alpha: Fraction) -> FeatureFile:
    members, parts = MEMBERS[alpha], MEMBERS[alpha] * int(PARTS * alpha)
    rotations = np.linalg.qr(rng.standard_normal((parts, seen.shape[1], PART_WIDTH)))[0]
    features = np.einsum("nz,pzf->npf", seen, rotations)
    noise = FEATURE_NOISE * np.exp(SEED_SPREAD * rng.standard_normal((parts, 1)))
    features += noise * rng.standard_normal(features.shape)
    accuracies = declared_accuracies(rng, WELL_TRAINED, members)
    metadata = {
        "checkpoint": {"weights": [hashlib.sha256(w.tobytes()).hexdigest() for w in rotations.reshape(members, -1)]},
        "seeds": list(range(members)),
        "parameters": rotations.size // members,
        "environment": {},
        "train_accuracy": accuracies,
        "heldout_accuracy": accuracies,
    }
    return FeatureFile(
        features=features.reshape(len(labels), members, -1).astype(np.float32),
        ids=np.arange(len(labels)),
        labels=labels,
        heldout=np.repeat([False, True], [FIT, HELDOUT]),
        epochs=np.full(members, EPOCHS),
        metadata=metadata,
    )
