"""Networks of any architecture and width, in ensembles of any size."""

from fractions import Fraction

from overparam.errors import SpecError
from overparam.networks.architectures import architecture
from overparam.networks.layers import Network

__all__ = ["Network", "build"]


def build(arch: str, alpha: Fraction, members: int, *, base_width: int, channels: int, classes: int) -> Network:
    """Build ``members`` networks ``M_α`` of one architecture as one batched module, uninitialised.

    Every hidden width is α times that of the network with ``base_width``; depth and everything else stay.
    ``channels`` are those of an image, or the tokens of a vocabulary, each a one-hot channel.
    ``overparam.networks.ensemble.initialise`` gives each member its weights.

    Raises:
        SpecError: for an unknown architecture, no members, or α · base_width that is no whole number of channels.
    """
    chosen = architecture(arch)
    width = alpha * base_width
    if not 0 < alpha <= 1 or width.denominator != 1:
        raise SpecError(
            f"α = {alpha} of base width {base_width} gives {width} channels: "
            "α must lie in (0, 1] and leave a whole number of them"
        )
    if members < 1:
        raise SpecError(f"{members} members of an ensemble were asked for: ask for at least one")
    return chosen(members, int(width), channels, classes)
