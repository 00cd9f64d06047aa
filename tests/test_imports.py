"""The house has one way through it: modules import only what stands to their left."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import overparam

PACKAGE = Path(overparam.__file__).parent
# From left to right; a module may import those before it, never those after it.
ORDER = [
    "errors", "files", "rows", "recipes", "config", "data", "arrays", "fetch", "batches",
    "models", "ensembles", "sealed", "progress", "training", "kernels", "examination", "checkpoints",
    "baselines", "features", "hooks",
    "blocks", "moments", "penalties", "ridge", "probes", "metrics", "similarity", "stats", "findings", "intervals",
    "quantities", "results", "widths", "pins", "replicates", "own", "order", "measurement", "workspace", "belonging",
    "origins", "doctor", "artifacts", "stages", "studies", "controls", "budgets", "evidence",
    "claims", "margins", "equal_fit", "gates", "judging", "planning", "toy", "calibration", "headlines", "scoreboard",
    "recorded", "court", "pytest_plugin", "compare", "report", "cli",
]  # fmt: skip
# What must be quick to import, since reading records is all that most runs do.
TORCHLESS = ["results", "stats", "judging", "evidence", "scoreboard", "config", "workspace", "cli"]
# metrics know no model, stats know no metric, claims know no network.
FORBIDDEN = {
    "metrics": {"models", "ensembles", "training", "checkpoints", "features"},
    "stats": {"metrics", "ridge", "probes", "moments", "blocks"},
    "report": {"models", "ensembles", "training", "checkpoints", "features", "stages", "data"},
    "judging": {"models", "ensembles", "training", "checkpoints", "features", "stages", "data"},
}


def imported_by(module: str) -> set[str]:
    place = PACKAGE / module
    files = place.glob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module == "overparam":
                names += [f"overparam.{alias.name}" for alias in node.names]
            found |= {name.split(".")[1] for name in names if name.startswith("overparam.")}
    return found - {module}


def test_every_module_has_its_place_in_the_order():
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert modules - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_what_stands_to_its_left(module):
    left = set(ORDER[: ORDER.index(module)])
    assert imported_by(module) <= left
    assert not imported_by(module) & FORBIDDEN.get(module, set())


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
