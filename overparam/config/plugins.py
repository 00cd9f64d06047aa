"""Architectures, tasks, claims and measures of similarity from outside: of installed packages, or of a file.

A package names them in its entry points, of the groups ``overparam.architectures``, ``overparam.tasks`` and so on; a
file that ``--plugin`` names has tables by name, ``ARCHITECTURES``, ``TASKS`` and so on. What a package has is loaded
when it is asked for.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from overparam.errors import SpecError

Kind = Literal["architectures", "tasks", "claims", "measures"]
ONE: dict[Kind, str] = {"architectures": "architecture", "tasks": "task", "claims": "claim", "measures": "measure"}
FILES = "OVERPARAM_PLUGINS"  # in the environment, where processes that share the work find them too
BUILT_IN = "overparam"  # where what is built in comes from
Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class Plugin:
    """One thing from outside.

    Attributes:
        kind: what it is.
        name: by which it is asked for.
        origin: where it comes from: a package with its version, or a file.
        get: loads it.
    """

    kind: Kind
    name: str
    origin: str
    get: Callable[[], Any]

    def load(self, of: type[Loaded]) -> Loaded:
        """The thing itself.

        Raises:
            SpecError: if what defines it cannot be loaded, or it is no ``of``.
        """
        loaded = _loaded(self.get, f"{self}")
        if not isinstance(loaded, of):
            raise SpecError(f"{self} is of type {type(loaded).__name__}, where {of.__name__} belongs: mend it")
        return loaded

    def __str__(self) -> str:
        return f"{ONE[self.kind]} {self.name!r} of {self.origin}"


def plugged_in(kind: Kind, built_in: Collection[str]) -> dict[str, Plugin]:
    """What there is of a kind from outside, by name.

    Raises:
        SpecError: if two have one name, of which one may be built in; or a file cannot be loaded.
    """
    found: dict[str, Plugin] = {}
    for plugin in (*_of_files(kind), *_of_packages(kind)):
        if plugin.name in built_in or plugin.name in found:
            other = found[plugin.name].origin if plugin.name in found else BUILT_IN
            raise SpecError(f"{plugin} has the name of one of {other}: rename it, or leave it out")
        found[plugin.name] = plugin
    return found


def use(file: Path) -> None:
    """Plug in what a file has, here and in processes that this one starts.

    Raises:
        SpecError: if there is no such file, it cannot be loaded, or it names nothing.
    """
    module = _module(file.absolute())
    if not any(hasattr(module, kind.upper()) for kind in ONE):
        raise SpecError(f"plug-in {file} has no table {', '.join(kind.upper() for kind in ONE)}: give it one")
    os.environ[FILES] = os.pathsep.join(dict.fromkeys([*_files(), str(file.absolute())]))


def _files() -> list[str]:
    return list(filter(None, os.environ.get(FILES, "").split(os.pathsep)))


def _of_files(kind: Kind) -> Iterator[Plugin]:
    for file in map(Path, _files()):
        table = getattr(_module(file), kind.upper(), {})
        if not isinstance(table, Mapping):
            raise SpecError(f"{kind.upper()} of plug-in {file} is no table by name: write it as {{name: {ONE[kind]}}}")
        yield from (Plugin(kind, str(name), file.name, partial(table.__getitem__, name)) for name in table)


def _of_packages(kind: Kind) -> Iterator[Plugin]:
    for entry in _entry_points():
        if entry.group == f"overparam.{kind}":
            origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
            yield Plugin(kind, entry.name, origin, entry.load)


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    """Those of all groups, looked for once."""
    return tuple(entry for kind in ONE for entry in entry_points(group=f"overparam.{kind}"))


@cache
def _module(file: Path) -> ModuleType:
    """A file as a module, under a name that no other one has."""
    spec = spec_from_file_location(f"overparam_plugin_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise SpecError(f"there is no plug-in {file}: name a file of Python")
    module = sys.modules[spec.name] = module_from_spec(spec)
    _loaded(partial(spec.loader.exec_module, module), f"plug-in {file}")
    return module


def _loaded(load: Callable[[], Any], what: str) -> Any:
    try:
        return load()
    except Exception as error:  # whatever code of others may raise, of which people want to know which code it is
        why = " ".join(str(error).split())
        raise SpecError(f"{what} cannot be loaded ({type(error).__name__}: {why}): mend it, or leave it out") from error
