"""Architectures as they are built: one file an architecture, named as the architecture is."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import TYPE_CHECKING, cast

from overparam.config.architectures import known_architecture
from overparam.errors import SpecError

if TYPE_CHECKING:
    from overparam.networks.layers import Network


def architecture(name: str) -> "Callable[[int, int, int, int], Network]":
    """The class of an architecture, made of members, width, channels of an input and classes.

    Loaded when asked for: no architecture depends on another one, or waits for its library.

    Raises:
        SpecError: if it is unknown; or, of one from outside, cannot be loaded or is no network.
    """
    from overparam.networks.layers import Network

    found = known_architecture(name).network
    network = resolve_name(found) if isinstance(found, str) else found
    if not issubclass(network, Network):
        raise SpecError(f"architecture {name!r} is no overparam.networks.layers.Network: derive its class from that")
    return cast("Callable[[int, int, int, int], Network]", network)
