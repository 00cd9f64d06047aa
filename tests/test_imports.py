"""The house has one way through it: modules import only what stands to their left."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import overparam

PACKAGE = Path(overparam.__file__).parent
# From left to right; what stands here may import those before it, never those after it.
ORDER = [
    "errors", "io.files", "metrics.rows", "config", "io.parquet", "data.examples", "data", "io.arrays", "data.fetch",
    "networks.batches", "networks.layers", "networks.architectures", "networks.registry", "networks.ensemble",
    "io.sealed", "io.progress", "networks.training", "networks.kernels", "networks.examination", "networks.checkpoints",
    "data.word_baselines", "networks.extract", "networks.hooks",
    "metrics.blocks", "metrics.moments", "metrics.penalties", "metrics.ridge", "metrics.probes", "metrics.definitions",
    "metrics.similarity", "metrics.stats", "verdicts.findings", "verdicts.intervals",
    "study.quantities", "study.record", "study.widths", "pipeline.dvc_pins", "study.layout", "compare.inputs",
    "compare.order", "study.measure", "study.belonging", "networks.fit", "pipeline.provenance", "pipeline.doctor",
    "pipeline.artifacts", "pipeline.stages", "pipeline.run", "study.controls", "pipeline.controls", "study.budgets",
    "pipeline.equal_fit", "pipeline.evidence", "verdicts.claims", "verdicts.margins", "verdicts.equal_fit",
    "verdicts.gates", "verdicts.judge", "verdicts.planning", "toy", "error_rates", "verdicts.headlines",
    "verdicts.scoreboard", "verdicts.recorded", "court", "pytest_plugin", "compare.api", "report", "cli",
]  # fmt: skip
# What must be quick to import, since reading records is all that most runs do.
TORCHLESS = [
    "study.record", "metrics.stats", "verdicts.judge", "pipeline.evidence", "verdicts.scoreboard", "config.studies",
    "config.workspace", "cli",
]  # fmt: skip
# Metrics know no network, stats know no metric, verdicts know neither network nor data.
FORBIDDEN = {
    "metrics.definitions": {"networks"},
    "metrics.stats": {"metrics.definitions", "metrics.ridge", "metrics.probes", "metrics.moments", "metrics.blocks"},
    "report": {"networks", "pipeline.stages", "data"},
    "verdicts.judge": {"networks", "pipeline.stages", "data"},
}


def place(module: str) -> str:
    """The entry of the order that a module belongs to: its own, or that of a folder around it."""
    parts = module.split(".")
    known = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in known if name in ORDER), module)


def imported(file: Path) -> set[str]:
    """The modules of the package that one of them imports, by their dotted names."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if as_file(name).exists() else node.module for name in names}
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.removeprefix("overparam.") for name in found if name.startswith("overparam.")}


def as_file(module: str) -> Path:
    path = PACKAGE.parent / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if path.parent != PACKAGE or path.name != "__init__.py"
}


def test_every_module_has_its_place_in_the_order():
    packages = {name for name, path in MODULES.items() if path.name == "__init__.py"}
    assert {place(module) for module in set(MODULES) - packages} <= set(ORDER)
    assert set(ORDER) <= set(MODULES)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_stands_to_its_left(module):
    here = place(module)
    others = {place(name) for name in imported(MODULES[module])} - {here}
    assert others <= set(ORDER[: ORDER.index(here)] if here in ORDER else ())
    forbidden = FORBIDDEN.get(here, set())
    assert not {other for other in others if other in forbidden or other.split(".")[0] in forbidden}


def test_what_reads_records_loads_no_torch():
    lines = [f"import overparam.{module}" for module in TORCHLESS]
    program = "; ".join([*lines, "import sys", "assert 'torch' not in sys.modules"])
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("name", overparam.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(overparam, name).__doc__
    assert name in dir(overparam)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        overparam.nothing  # noqa: B018
