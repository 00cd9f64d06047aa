"""From a task's name to its examples: embedded, or from ``data/``; splits are fixed and carry ids."""

from overparam.data.examples import Dataset, Examples, Normalisation
from overparam.data.tasks import data_at_hand, load_dataset

__all__ = ["Dataset", "Examples", "Normalisation", "data_at_hand", "load_dataset"]
