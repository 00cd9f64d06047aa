"""Random numbers by name: what is drawn depends on the world alone, not on who draws it or in which order."""

import numpy as np

from overparam.constants import SEED


def generator(name: str, *numbers: int) -> np.random.Generator:
    """The generator of one world, or of one replicate in it: by its name and its numbers."""
    return np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(*name.encode(), *numbers)))
