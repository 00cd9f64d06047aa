"""Maps and probes fitted on examples that no network was trained on.

The fit split is of the training examples, as in the paper. Features of a network that knows their labels by heart fit
there too well to be trusted elsewhere; on half of the held-out examples they do not.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from overparam.constants import SEED
from overparam.metrics.penalties import Penalties
from overparam.study.controls.quantities import Unseen
from overparam.study.feature_file import FeatureFile
from overparam.study.layout import Replicate
from overparam.study.measure import measure
from overparam.study.record import Sample


def measure_unseen(
    files: Mapping[int, Mapping[Fraction, FeatureFile]],
    *,
    workers: int = -1,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[dict[str, Sample], Penalties]:
    """Measure what the claims compare on one half of the held-out examples, fitted on the other half.

    Args:
        files: features of trained networks, by replicate and width factor.
        workers: processes that share the work; −1 for one a core.
        advance: called with the parts done and their total, for a progress bar.

    Returns:
        The samples ``unseen span`` and ``unseen performance``, of quantities as `Unseen`, and what
        cross-validation chose for each.
    """
    replicates = {
        replicate: Replicate.of({alpha: _halve(file) for alpha, file in by_alpha.items()})
        for replicate, by_alpha in files.items()
    }
    samples, penalties = measure(replicates, called=Unseen, workers=workers, advance=advance)
    return {f"unseen {name}": sample for name, sample in samples.items()}, penalties


def _halve(file: FeatureFile) -> FeatureFile:
    """The held-out examples alone, half of them for fitting, and the networks at the end of their training alone."""
    held, final = np.flatnonzero(file.heldout), file.epochs == file.epochs[0]
    measured = np.random.default_rng(SEED).permutation(len(held)) < len(held) // 2
    return replace(
        file,
        features=file.features[held][:, final],
        ids=file.ids[held],
        labels=file.labels[held],
        heldout=measured,
        epochs=file.epochs[final],
    )
