"""Networks of scaled width, trained many at a time, and their features."""

from overparam.networks.registry import ARCHITECTURES, Network, build

__all__ = ["ARCHITECTURES", "Network", "build"]
