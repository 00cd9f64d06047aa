"""Architectures by name: one file an architecture, named as the architecture is."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from overparam.errors import SpecError

if TYPE_CHECKING:
    from overparam.networks.layers import Network

# The class in each file, loaded when asked for: no architecture depends on another one, or waits for its library.
ARCHITECTURES = {"resnet18": "ResNet18", "vgg16": "VGG16", "transformer": "Transformer"}


def architecture_module(name: str) -> str:
    """The module of an architecture, by its dotted name; SpecError for an unknown one."""
    if name not in ARCHITECTURES:
        raise SpecError(f"there is no architecture {name!r}: there are {', '.join(ARCHITECTURES)}")
    return f"{__name__}.{name}"


def architecture(name: str) -> "Callable[[int, int, int, int], Network]":
    """The class of an architecture, made of members, width, channels of an input and classes; SpecError if unknown."""
    return getattr(import_module(architecture_module(name)), ARCHITECTURES[name])
