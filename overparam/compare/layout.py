"""Which networks of one's own make which block of features: what all replicates have is compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from overparam.compare.inputs import NetworkFeatures, digest_array, named_features
from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.metrics.rows import check_features
from overparam.study.feature_blocks import (
    M_1,
    M_1_PRIME,
    Block,
    as_many_parameters,
    just_as_wide,
    twice_as_wide,
)
from overparam.study.layout import Replicate, concatenations


@dataclass(frozen=True)
class Layout:
    """What all replicates have.

    Attributes:
        baseline: whether there is M_1′.
        members: by narrow width factor, from the widest down, how many networks of it are used.
        notes: sentences on networks that are not used.
    """

    baseline: bool
    members: Mapping[Fraction, int]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, networks: Mapping[str, NetworkFeatures]) -> "Layout":
        """Of replicates by name, whose features are features.

        Raises:
            MeasurementError: if wide networks differ in their width, a baseline is not as wide or a narrow network no
                narrower, or there is no width of which all replicates have enough networks to make S_α.
        """
        width = next(iter(networks.values())).wide.shape[1]
        for replicate, members in networks.items():
            _check_widths(replicate, members, width)
        counts = {name: {a: len(of_width) for a, of_width in n.by_width().items()} for name, n in networks.items()}
        widths = sorted({alpha for by_width in counts.values() for alpha in by_width}, reverse=True)
        used, notes, short = {}, [], []
        for alpha in widths:
            have = {replicate: by_width.get(alpha, 0) for replicate, by_width in counts.items()}
            fewest = min(have, key=lambda replicate: have[replicate])
            enough = (just_as_wide(alpha), twice_as_wide(alpha), as_many_parameters(alpha))
            used[alpha] = max((count for count in enough if count <= have[fewest]), default=0)
            if not used[alpha]:
                short.append(fewest)
                notes.append(
                    f"narrow networks of α = {alpha} are left out: {enough[0]} have as many features as wide, and "
                    f"{fewest} has {have[fewest]} of them"
                )
            elif used[alpha] < max(have.values()):
                notes.append(f"of the narrow networks of α = {alpha} the first {used[alpha]} are compared")
        present = {alpha: count for alpha, count in used.items() if count}
        if not present:
            remedy = f"give more narrow networks of {', '.join(dict.fromkeys(short))}"
            raise MeasurementError(f"there is nothing to compare: {'; '.join(notes)}: {remedy}")
        lacking = [name for name, members in networks.items() if members.baseline is None]
        if 0 < len(lacking) < len(networks):
            notes.append(f"baseline networks are left out: {lacking[0]} has none")
        return cls(not lacking, present, tuple(notes))

    def blocks(self, networks: NetworkFeatures) -> dict[Block, np.ndarray]:
        """The blocks of one replicate: of each width the `concatenations` that all replicates have."""
        arrays: dict[Block, np.ndarray] = {M_1: networks.wide}
        if self.baseline and networks.baseline is not None:
            arrays[M_1_PRIME] = networks.baseline
        by_width = networks.by_width()
        for alpha, count in self.members.items():
            arrays |= concatenations(alpha, by_width[alpha][:count])
        return arrays


def _check_widths(replicate: str, members: NetworkFeatures, width: int) -> None:
    wide = members.wide.shape[1]
    if wide != width:
        raise MeasurementError(f"wide of {replicate} has {wide} features where that of the first replicate has {width}")
    if members.baseline is not None and members.baseline.shape[1] != wide:
        raise MeasurementError(
            f"baseline of {replicate} has {members.baseline.shape[1]} features where wide has {wide}: "
            "it is compared with wide as a source, so give as wide a network, or none"
        )
    if not members.narrow:
        raise MeasurementError(f"{replicate} has no narrow networks: give two or more of one width")
    for narrow in members.narrow:
        if narrow.shape[1] >= wide:
            raise MeasurementError(
                f"narrow networks of {replicate} have {narrow.shape[1]} features where wide has {wide}: "
                "give networks that are narrower"
            )


def check_networks(networks: Mapping[str, NetworkFeatures], count: int) -> list[str]:
    """See that features are features of these examples, and networks not copies of each other.

    Returns:
        Names of dead networks, whose features do not vary.

    Raises:
        MeasurementError: if features are no finite numbers (examples, features), or a network appears twice.
    """
    owner: dict[str, str] = {}
    dead = []
    for where, features in named_features(networks).items():
        check_features(where, features, count)
        if not np.ptp(features, axis=0).any():  # dead networks are alike, and no copies
            dead.append(where)
            continue
        digest = digest_array(features.astype(np.float64) + 0.0)  # copies as another type, or of −0, are copies
        if owner.setdefault(digest, where) != where:
            raise MeasurementError(
                f"{where} has the very features of {owner[digest]}: copies tell nothing, give networks from own seeds"
            )
    return dead


def lay_out(
    networks: Mapping[str, NetworkFeatures], layout: Layout, classes: np.ndarray | None, heldout: np.ndarray
) -> dict[str, Replicate]:
    """Every replicate as blocks.

    Args:
        networks: by name of the replicate.
        layout: of them.
        classes: (examples,) from 0, or None where they are not known.
        heldout: (examples,) bool.

    Raises:
        MeasurementError: if fewer than two examples are held out or left to fit.
    """
    ids, alphas = np.arange(len(heldout)), tuple(layout.members)
    return {
        name: Replicate(Blocks(layout.blocks(members), ids, classes, heldout), alphas, ())
        for name, members in networks.items()
    }
