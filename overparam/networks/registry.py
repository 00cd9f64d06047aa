"""Architectures of any width, in any number of copies; one file an architecture."""

from collections.abc import Callable
from fractions import Fraction

from overparam.errors import SpecError
from overparam.networks.architectures.resnet18 import ResNet18
from overparam.networks.architectures.vgg16 import VGG16
from overparam.networks.layers import Network

__all__ = ["ARCHITECTURES", "Network", "build"]


def _transformer(copies: int, width: int, channels: int, classes: int) -> Network:
    from overparam.networks.architectures.transformer import Transformer  # its library takes seconds to load

    return Transformer(copies, width, channels, classes)


ARCHITECTURES: dict[str, Callable[[int, int, int, int], Network]] = {
    "resnet18": ResNet18,
    "vgg16": VGG16,
    "transformer": _transformer,
}


def build(arch: str, alpha: Fraction, copies: int, *, base_width: int, channels: int, classes: int) -> Network:
    """``copies`` networks ``M_α`` of one architecture as one batched module, uninitialised.

    Every hidden width is α times that of the network with ``base_width``; depth and everything else stay.
    ``channels`` are those of an image, or the tokens of a vocabulary, each a one-hot channel.
    ``overparam.networks.ensemble.initialise`` gives each copy its weights.

    Raises:
        SpecError: for an unknown architecture, no copies, or α · base_width that is no whole number of channels.
    """
    if arch not in ARCHITECTURES:
        raise SpecError(f"there is no architecture {arch!r}: there are {', '.join(ARCHITECTURES)}")
    width = alpha * base_width
    if not 0 < alpha <= 1 or width.denominator != 1:
        raise SpecError(
            f"α = {alpha} of base width {base_width} gives {width} channels: "
            "α must lie in (0, 1] and leave a whole number of them"
        )
    if copies < 1:
        raise SpecError(f"{copies} copies of a network were asked for: ask for at least one")
    return ARCHITECTURES[arch](copies, int(width), channels, classes)
