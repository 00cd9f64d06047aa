"""Which code each stage runs, found in what its modules import; `dvc.yaml` and the keys of artifacts both ask here.

A stage is known by the modules that it enters the package by. What those import, at whatever depth, is the stage's
code, but for the few modules that move no number. Networks are also of the file that loads their task's examples and of
their architecture's, which are looked up by name: so nothing depends on another task or another architecture.
What wires stages, `overparam.pipeline`, is left out: all that it hands to them stands in the keys of what they make.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from overparam.config.architectures import known_architecture
from overparam.config.tasks import known_task

PACKAGE = Path(__file__).parent.parent

# Modules whose code moves no number, and why.
NEUTRAL = frozenset(
    {
        "errors",  # sentences
        "config/architectures",  # names and titles, looked up here
        "config/plugins",  # what comes from outside is of its own file
        "config/refusals",  # sentences
        "config/tasks",  # names of loaders, looked up here
        "config/workspace",  # where files lie
        "io/files",  # writes what is whole or not there, and digests it
        "io/parquet",  # hands on the rows that are stored
        "io/progress",
        "io/reading",  # hands on what is stored, or refuses it
        "io/workers",  # where processes run, not what they do
        "data/hub",  # hands on what data.dvc pins, or refuses it
        "data/tasks",  # loads by the name that is looked up here
        "study/belonging",  # refuses what is of another study
        "networks/__init__",  # names that are loaded on first use
        "networks/architectures/__init__",  # loads by the name that is looked up here
    }
)


@dataclass(frozen=True)
class Code:
    """The code that a stage runs.

    Attributes:
        entries: the modules that it enters the package by, such as ``networks/training``.
        of_task: whether it loads the examples of a task.
        of_arch: whether it builds networks of an architecture.
    """

    entries: tuple[str, ...]
    of_task: bool = False
    of_arch: bool = False

    def modules(self, task: str = "", arch: str = "") -> tuple[str, ...]:
        """All of its modules, sorted; where it is of a task or of an architecture, those of this one.

        What comes from outside is of the file that defines it, by its absolute place without a suffix.

        Raises:
            SpecError: for an unknown architecture.
            DataError: for an unknown task.
        """
        loader = [source_of(known_task(task).load)] if self.of_task else []
        builder = [source_of(known_architecture(arch).network)] if self.of_arch else []
        found = reached(*self.entries, *loader, *builder)
        return tuple(sorted(module for module in found - NEUTRAL if not _is_front(module)))


_NETWORKS = ("networks/checkpoints", "networks/ensemble", "networks/seeds")
_FEATURES = (*_NETWORKS, "networks/extract", "study/feature_file")
_MEASURE = ("config/studies", "study/measure", "study/record")
_CONTROLS = ("study/controls/measurement", "study/controls/unseen")

TRAIN = Code((*_NETWORKS, "networks/training"), of_task=True, of_arch=True)
KERNELS = Code(("networks/examination",), of_arch=True)
FEATURES = Code(_FEATURES, of_task=True, of_arch=True)
FIT = Code((*_NETWORKS, "networks/fit"), of_task=True, of_arch=True)
MEASURE = Code(_MEASURE)
CONTROLS = Code((*_FEATURES, *_MEASURE, *_CONTROLS), of_task=True, of_arch=True)
EQUAL_FIT = Code((*FIT.entries, *_MEASURE, "study/budgets/measurement"), of_task=True, of_arch=True)
JUDGE = Code(("verdicts/registry",))
TOKENIZER = Code(("data/sentences",))
TOY = Code(("toy/measurement",))


def reached(*modules: str) -> frozenset[str]:
    """These modules and all of the package that they import, at whatever depth."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imported(module)
    return frozenset(found)


@cache
def _imported(module: str) -> frozenset[str]:
    """What one module imports anywhere in its code, and the fronts of the folders that this loads."""
    found: set[str] = {module}
    for node in _running(_parsed(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {_name(f"{node.module}.{alias.name}") or _name(node.module) for alias in node.names}
        if isinstance(node, ast.Import):
            found |= {_name(alias.name) for alias in node.names}
    folders = {folder for name in found for folder in Path(name).parents if folder.parts and not folder.is_absolute()}
    fronts = {f"{folder}/__init__" for folder in folders}
    return frozenset((found | fronts) - {"", module})


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """All below a node, but for what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from _running(child)


def _is_front(module: str) -> bool:
    """Whether it only hands on what others define."""
    return module.endswith("__init__") and all(
        isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        for node in _parsed(module).body
    )


def source_of(named: str | Any) -> str:
    """The module that has something which a study names."""
    dotted = named.partition(":")[0] if isinstance(named, str) else named.__module__
    spec = None if _name(dotted) else find_spec(dotted)
    return str(Path(spec.origin).with_suffix("")) if spec and spec.origin else _name(dotted)


def _name(dotted: str) -> str:
    """A module of the package by its path in it; nothing for other modules."""
    package, *parts = dotted.split(".")
    place = PACKAGE.joinpath(*parts)
    if package != PACKAGE.name or not parts:
        return ""
    if place.is_dir():
        return "/".join([*parts, "__init__"])
    return "/".join(parts) if place.with_suffix(".py").is_file() else ""


@cache
def _parsed(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
