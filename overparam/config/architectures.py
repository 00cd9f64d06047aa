"""Architectures by name, and what each says of itself, told without loading it: records are read without torch.

An architecture is a file in ``overparam/networks/architectures/``, named as it is, or a class from outside. Its class
has a ``title`` and the ``unit`` that its width is counted in.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from overparam.config.plugins import BUILT_IN, plugged_in
from overparam.errors import SpecError

FOLDER = Path(__file__).parents[1] / "networks" / "architectures"
ARCHITECTURES = tuple(sorted(path.stem for path in FOLDER.glob("[!_]*.py")))


@dataclass(frozen=True)
class Unit:
    """What the width of an architecture is counted in.

    Attributes:
        name: beside a number.
        words: on an axis.
        features: that a network has for each of them.
    """

    name: str
    words: str
    features: int = 1


CHANNELS = Unit("ch", "channels of the first layer", 8)
POSITIONS = Unit("feat.", "features at every position")
REMEDY = "give its class both, as ResNet18 has them"


@dataclass(frozen=True)
class Architecture:
    """What an architecture says of itself.

    Attributes:
        title: in words.
        unit: that its width is counted in.
        network: its class; of one that is built in a module and a name in it.
    """

    title: str
    unit: Unit
    network: str | type


def architectures() -> dict[str, str]:
    """Where each architecture comes from, by name."""
    outside = plugged_in("architectures", ARCHITECTURES)
    return dict.fromkeys(ARCHITECTURES, BUILT_IN) | {name: plugin.origin for name, plugin in outside.items()}


def find_architecture(name: str) -> Architecture | None:
    """What an architecture says of itself; None of an unknown one, such as networks of one's own.

    Raises:
        SpecError: if it comes from outside and cannot be loaded, or does not say its title and unit.
    """
    if name in ARCHITECTURES:
        return _read(name)
    plugin = plugged_in("architectures", ARCHITECTURES).get(name)
    if plugin is None:
        return None
    network = plugin.load(type)
    title, unit = getattr(network, "title", None), getattr(network, "unit", None)
    if not isinstance(title, str) or not isinstance(unit, Unit):
        raise SpecError(f"{plugin} has no title and unit: {REMEDY}")
    return Architecture(title, unit, network)


def known_architecture(name: str) -> Architecture:
    """What an architecture says of itself; SpecError for an unknown one, else as `find_architecture`."""
    found = find_architecture(name)
    if found is None:
        raise SpecError(f"there is no architecture {name!r}: there are {', '.join(architectures())}")
    return found


@cache
def _read(name: str) -> Architecture:
    """What stands in the class of a file, without running the file; a unit is one of this module or made in place."""
    file = FOLDER / f"{name}.py"
    for defined in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(defined, ast.ClassDef):
            said = {ast.unparse(a.targets[0]): ast.unparse(a.value) for a in defined.body if isinstance(a, ast.Assign)}
            if {"title", "unit"} <= set(said):
                network = f"overparam.networks.architectures.{name}:{defined.name}"
                return Architecture(ast.literal_eval(said["title"]), eval(said["unit"], globals()), network)
    raise SpecError(f"{file} has no class with a title and a unit: {REMEDY}")
