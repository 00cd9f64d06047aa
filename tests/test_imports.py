"""The house has one way through it: modules import only what stands to their left."""

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import overparam

PACKAGE = Path(overparam.__file__).parent
# From the ground up: a folder imports those before it, never those after it.
FLOORS = [
    "errors", "constants", "io", "config", "metrics", "data", "networks", "study", "toy", "verdicts", "pipeline",
    "compare", "error_rates", "court", "pytest_plugin", "report", "cli",
]  # fmt: skip
# What must be quick to import, since reading records is all that most runs do.
TORCHLESS = ["metrics", "study", "verdicts", "compare", "report", "cli", "config", "io", "pipeline.evidence"]
# Metrics know no network; what measures arrays, judges, compares and draws knows neither network nor examples.
FORBIDDEN = {
    "study": {"networks", "data"},
    "verdicts": {"networks", "data"},
    "compare": {"networks", "data", "pipeline"},
    "report": {"networks", "data"},
}


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


def floor(module: str) -> str:
    return module.split(".")[0]


def test_every_module_is_on_a_floor():
    assert {floor(module) for module in MODULES} == set(FLOORS)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_nothing_from_a_floor_above(module):
    here = floor(module)
    floors = {floor(name) for name in imported(MODULES[module])}
    assert floors <= set(FLOORS[: FLOORS.index(here) + 1])
    assert not floors & FORBIDDEN.get(here, set())


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}), ids=lambda path: path.name)
def test_modules_of_a_folder_import_each_other_in_one_direction(folder):
    inside = {name: path for name, path in MODULES.items() if path.parent == folder and path.name != "__init__.py"}
    TopologicalSorter({name: imported(path) & set(inside) for name, path in inside.items()}).prepare()


def test_what_reads_records_and_measures_arrays_loads_no_torch():
    light = [name for name in MODULES if any(f"{name}.".startswith(f"{part}.") for part in TORCHLESS)]
    program = "; ".join([*(f"import overparam.{module}" for module in light), "import sys"])
    loaded = "print([name for name in ('torch', 'transformers', 'datasets') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", f"{program}; {loaded}"], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", overparam.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(overparam, name).__doc__
    assert name in dir(overparam)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="attribute nothing"):
        overparam.nothing  # noqa: B018


def test_a_type_checker_knows_the_signatures_of_public_names(tmp_path):
    pytest.importorskip("pyright")
    client = """
from pathlib import Path
import overparam
record: overparam.Record = overparam.read_record(Path("record.json"))
version: str = overparam.__version__
overparam.read_recrod  # misspelt
overparam.read_record(5)  # no path
"""
    (tmp_path / "client.py").write_text(client)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(PACKAGE.parent)]}))
    run = subprocess.run(["pyright", "client.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    errors = [line.split(" - error: ")[1] for line in run.stdout.splitlines() if " - error: " in line]
    assert len(errors) == 2
    assert "read_recrod" in errors[0]
    assert '"path" of type "Path"' in errors[1]
