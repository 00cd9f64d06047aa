"""What tables and figures read off a record at a width factor: a measured contrast, or accuracies of networks."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from overparam.config.architectures import find_architecture
from overparam.config.tasks import find_task
from overparam.metrics.stats import Effect
from overparam.study.quantities import Contrast
from overparam.study.record import Record

ONE = Fraction(1)
# Of what is not trained for a study.
TITLES = {
    "two-layer": "Two-layer networks",
    "networks": "Your networks",
    "toy": "sums and products of signals",
    "own": "your examples",
}

Reading = Callable[[Record, Fraction], Effect | None]


def title(record: Record, *, line_break: bool = False) -> str:
    """Which networks on which data, in words; on two lines for a narrow place."""
    words = [title_of_arch(record.arch), f"on {title_of_task(record.task)}"]
    return ("\n" if line_break else " ").join(words)


def title_of_arch(name: str) -> str:
    """Networks of an architecture, in words; of an unknown one its name."""
    known = find_architecture(name)
    return known.title if known else TITLES.get(name, name)


def title_of_task(name: str) -> str:
    """The data of a task, in words; of an unknown one its name."""
    known = find_task(name)
    return known.title if known else TITLES.get(name, name)


def words_alone(record: Record) -> str:
    """Of sentence pairs, a sentence on what answers without a network get right; empty for other data."""
    if "word_baselines" not in record.data:
        return ""
    words = record.data["word_baselines"]
    return (
        f"Without a network, the most common answer is right for {record.data['majority_share']:.1%} of the held-out "
        f"pairs; logistic regression on the words of the hypothesis for {words['hypothesis']:.1%}, and on the same "
        f"words told apart by whether the premise has them for {words['overlap']:.1%}."
    )


def measured(narrow: Callable[[Fraction], Contrast] | None, wide: Contrast | None = None) -> Reading:
    """A contrast at each narrow width, and perhaps another one at α = 1; None where it was not measured."""

    def effect(record: Record, alpha: Fraction) -> Effect | None:
        contrast = wide if alpha == ONE else narrow(alpha) if narrow else None
        return record.effect(contrast) if contrast is not None and not record.lacks(contrast) else None

    return effect


def accuracy(part: str) -> Reading:
    """``train_accuracy`` or ``heldout_accuracy`` of the networks at each width; None where it is not known."""

    def effect(record: Record, alpha: Fraction) -> Effect | None:
        accuracies = record.networks[alpha][part]
        return None if np.isnan(accuracies).any() else over_replicates(accuracies)

    return effect


def over_replicates(accuracies: list[list[float]]) -> Effect:
    """Accuracies (replicates, members), averaged over members; the interval is over replicates alone."""
    return Effect.independent(np.mean(accuracies, axis=1))
