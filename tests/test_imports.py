"""The house has one way through it: modules import only what stands to their left."""

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas
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


CLIENT = """
from pathlib import Path
from typing import assert_type
import numpy as np
import pandas as pd
import torch
import overparam
record: overparam.Record = overparam.read_record(Path("record.json"))
assert_type(record.to_frame(), pd.DataFrame)
version: str = overparam.__version__
X, Y, labels = np.ones((20, 3)), torch.ones(20, 2), [0, 1] * 10
assert_type(overparam.span_error(X, Y, heldout=np.arange(20) > 9), float)
assert_type(overparam.span_error([X, pd.DataFrame(X)], Y, heldout=[8, 9]), float)
assert_type(overparam.span_gap(X, Y, [X, X], heldout=pd.Series(labels)), float)
assert_type(overparam.residuals(X, Y, heldout=torch.ones(20).bool()), np.ndarray)
assert_type(overparam.feature_performance(X, labels, heldout=[8, 9]), float)
blocks = overparam.Blocks({"X": X, "Y": Y}, np.arange(20), heldout=[8, 9])
labelled = overparam.Blocks({"X": X, "Y": Y}, range(20), labels, [8, 9])
span = overparam.span_error(blocks, overparam.ridge_regression(blocks, "X", "Y"), penalty=0.1)
assert_type(span, overparam.Measured)
assert_type(overparam.span_gap(span, span), overparam.Measured)
assert_type(overparam.feature_performance(labelled, ["X"]), overparam.Measured)
assert_type(overparam.residuals(blocks, overparam.ridge_regression(blocks, "X", "Y")), np.ndarray)
matrix = overparam.span_matrix({"X": X, "Y": Y, "both": [X, Y]}, labels=labels, heldout=[8, 9])
assert_type(overparam.span_matrix({"r0": {"X": X, "Y": Y}, "r1": {"X": X, "Y": Y}}), overparam.SpanMatrix)
assert_type(matrix.values("FSE"), np.ndarray)
assert_type(matrix.to_frame(), pd.DataFrame)
model, loader = torch.nn.Linear(3, 2), torch.utils.data.DataLoader(torch.utils.data.TensorDataset(Y))
features, found = overparam.extract_features(model, loader, "0")
assert_type(features, np.ndarray)
several = overparam.extract_features(model, loader, layers=["0"], pool=lambda x: x[:, 0], dtype="float16", out="folder")
assert_type(several, overparam.LayerFeatures)
overparam.extract_features(model, loader, "0", batch=lambda row: (row["x"], row["y"]))
overparam.extract_features(model, loader, "0", batch=lambda row: overparam.Batch(row["x"], ids=["a"]))
overparam.read_recrod  # wrong: misspelt
overparam.read_record(5)  # wrong: no path
overparam.span_eror(X, Y, heldout=[8, 9])  # wrong: misspelt
overparam.span_error(X, "Y.npy", heldout=[8, 9])  # wrong: a file's name
overparam.span_error(X, Y)  # wrong: nothing held out
overparam.span_error(X, Y, heldout=0.5)  # wrong: a share
overparam.span_error(X, Y, held_out=[8, 9])  # wrong: misspelt
overparam.span_gap(X, Y, heldout=[8, 9])  # wrong: no baseline
overparam.feature_performance(X, ["cat"] * 20, heldout=[8, 9])  # wrong: text
overparam.span_error(blocks, overparam.ridge_regression(blocks, "X", "Y"), heldout=[8, 9])  # wrong: told twice
overparam.Blocks({"X": X}, np.arange(20))  # wrong: nothing held out
overparam.span_matrix([X, Y])  # wrong: no names
overparam.extract_features(model, loader)  # wrong: no layer
overparam.extract_features(model, loader, "0", pool="max")  # wrong: no such pooling
"""


def test_a_type_checker_knows_the_signatures_of_public_names(tmp_path):
    pytest.importorskip("pyright")
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(PACKAGE.parent)]}))
    names = ", ".join(f"overparam.{name}" for name in overparam.__all__)
    (tmp_path / "strict.py").write_text(f"# pyright: strict\nimport overparam\npublic = [{names}]\n")
    files = ["client.py", "strict.py"]
    run = subprocess.run(["pyright", *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    found = [line for line in run.stdout.splitlines() if " - error: " in line]
    assert not [line for line in found if "strict.py" in line]  # no name is of a type that is not known
    rows = {int(line.split(":")[1]) for line in found}
    wrong = {row for row, line in enumerate(CLIENT.splitlines(), 1) if "# wrong: " in line}
    assert rows == wrong, run.stdout
    assert "read_recrod" in run.stdout
    assert '"path" of type "Path"' in run.stdout


def public_functions(name: str) -> Iterator[Any]:
    """A public function, or a public class's constructor, methods and properties."""
    public = getattr(overparam, name)
    if not inspect.isclass(public):
        yield public
        return
    for attribute, value in vars(public).items():
        if attribute == "__init__" or not attribute.startswith("_"):
            value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            yield value.func if isinstance(value, cached_property) else value


def holds_any(hint: object) -> bool:
    return hint is Any or any(map(holds_any, hint if isinstance(hint, list) else get_args(hint)))


@pytest.mark.parametrize("name", overparam.__all__)
def test_no_public_signature_says_any_or_nothing(name):
    for function in filter(inspect.isfunction, public_functions(name)):
        hints = get_type_hints(function, localns={"DataFrame": pandas.DataFrame})
        assert not [parameter for parameter, hint in hints.items() if holds_any(hint)]
        named = {parameter for parameter in inspect.signature(function).parameters if parameter not in ("self", "cls")}
        assert {*named, "return"} <= {*hints}
