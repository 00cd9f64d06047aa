"""The networks of one replicate as feature blocks, which must be what they claim before anything is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.study.feature_blocks import (
    M_1,
    M_1_PRIME,
    Block,
    Early,
    S,
    S_matched,
    S_prime,
    as_many_parameters,
    just_as_wide,
)
from overparam.study.feature_file import FeatureFile


@dataclass(frozen=True)
class Replicate:
    """The networks of one replicate as feature blocks.

    Attributes:
        blocks: ``M_1`` and ``M_1′``, also as ``M_1′`` was after earlier epochs; and for every narrow α ``S_α`` and
            ``S_α′``, and ``S_α^(1/α²)`` where there are so many networks.
        alphas: the narrow width factors.
        early_epochs: after which there is ``M_1′``.
    """

    blocks: Blocks
    alphas: tuple[Fraction, ...]
    early_epochs: tuple[int, ...]

    @classmethod
    def of(cls, files: Mapping[Fraction, FeatureFile]) -> "Replicate":
        """Lay out the members of each width: the first 1/α make S_α (or M_1), the next as many S_α′ (or M_1′).

        Raises:
            MeasurementError: if files differ in their examples, or S_α has not as many features as M_1.
        """
        wide = files[Fraction(1)]
        for alpha, file in files.items():
            if file.features.shape[1] < 2 * alpha.denominator:
                raise MeasurementError(
                    f"α = {alpha} has {file.features.shape[1]} networks where {2 * alpha.denominator} are needed, "
                    "half of them held out: train more members"
                )
        arrays: dict[Block, np.ndarray] = {M_1: wide.features[:, 0], M_1_PRIME: wide.features[:, 1]}
        snapshots = {epochs: k for k, epochs in enumerate(wide.epochs.tolist()) if epochs < wide.epochs[0]}
        arrays |= {Early(epochs): wide.features[:, k] for epochs, k in snapshots.items()}
        for alpha, file in files.items():
            for name in ("ids", "labels", "heldout"):
                if not np.array_equal(getattr(file, name), getattr(wide, name)):
                    raise MeasurementError(
                        f"the features of α = {alpha} are of other examples than those of α = 1, or in another order "
                        f"({name} differ): extract both from the same data"
                    )
            if alpha == 1:
                continue
            members = alpha.denominator
            features = file.features.shape[2]
            if members * features != wide.features.shape[2]:
                raise MeasurementError(
                    f"S_{alpha} has {members} × {features} features where M_1 has {wide.features.shape[2]}: "
                    "the comparison needs equal numbers"
                )
            arrays |= concatenations(alpha, file.features.transpose(1, 0, 2))
        blocks = Blocks(arrays, wide.ids, wide.labels, wide.heldout)
        return cls(blocks, tuple(alpha for alpha in files if alpha < 1), tuple(snapshots))


def concatenations(alpha: Fraction, networks: Sequence[np.ndarray] | np.ndarray) -> dict[Block, np.ndarray]:
    """The concatenations of one width, as far as there are enough networks.

    The first ⌈1/α⌉ make S_α, the next as many S_α′, and the first ⌈1/α²⌉ S_α^(1/α²).

    Args:
        alpha: width factor.
        networks: (networks, examples, features).
    """
    U, matched = just_as_wide(alpha), as_many_parameters(alpha)
    parts = {S(alpha): networks[:U], S_prime(alpha): networks[U : 2 * U], S_matched(alpha): networks[:matched]}
    enough = {S(alpha): U, S_prime(alpha): U, S_matched(alpha): matched}
    return {block: np.hstack(list(part)) for block, part in parts.items() if len(part) == enough[block]}


def check_distinct(digests: Mapping[str, list[str]]) -> None:
    """Raise MeasurementError if any two networks of a study are the same.

    Replicates would not be replicates, or the target of ``span-under`` would stand in its own concatenation.

    Args:
        digests: by checkpoint, the digest of each member's weights.
    """
    owner: dict[str, str] = {}
    for checkpoint, members in digests.items():
        for k, digest in enumerate(members):
            name = f"member {k} of {checkpoint}"
            if digest in owner:
                raise MeasurementError(f"{name} has the very weights of {owner[digest]}: train it from its own seed")
            owner[digest] = name


def check_same_examples(replicates: Mapping[int, Replicate]) -> None:
    """Raise MeasurementError unless all replicates have the same blocks, on the same examples in the same order."""
    first, *others = replicates.values()
    if any(set(other.blocks.arrays) != set(first.blocks.arrays) for other in others):
        raise MeasurementError("replicates have different networks: give each the same widths, members and snapshots")
    if not all(
        np.array_equal(getattr(other.blocks, name), getattr(first.blocks, name))
        for other in others
        for name in ("ids", "labels", "heldout")
    ):
        raise MeasurementError("replicates are measured on different examples: extract all from the same data")
