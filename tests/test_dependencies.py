"""A stage depends on the code that it runs: all of it, and nothing of another architecture, task or stage."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from networks import QUARTER, tiny_study

from overparam.config.workspace import Workspace
from overparam.errors import DataError, SpecError
from overparam.pipeline import dependencies
from overparam.pipeline.dependencies import NEUTRAL, PACKAGE
from overparam.pipeline.stages import feature_stage, measure_stage, train_stage

# By the name of a stage's code, a task and an architecture to look at.
STAGES = [
    ("TRAIN", "digits", "resnet18"),
    ("TRAIN", "mnli", "transformer"),
    ("KERNELS", "digits", "vgg16"),
    ("CONTROLS", "nli", "transformer"),
    ("EQUAL_FIT", "cifar", "resnet18"),
    ("JUDGE", "", ""),
    ("TOKENIZER", "", ""),
    ("TOY", "", ""),
]
# Imports the modules of each case afresh, and prints the files of the package that this loads.
IMPORT = """
import importlib, json, sys
for case in json.loads(sys.argv[1]):
    for name in [name for name in sys.modules if name.partition(".")[0] == "overparam"]:
        del sys.modules[name]
    for name in case:
        importlib.import_module(name)
    print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.startswith("overparam.") and m.__file__]))
"""


def named(file):
    return Path(file).resolve().relative_to(PACKAGE.resolve()).with_suffix("").as_posix()


def entries_of(name, task, arch):
    """What a stage enters the package by, its task's and its architecture's modules among it."""
    code = getattr(dependencies, name)
    by_name = [module for module in code.modules(task, arch) if module.startswith(("data/", "networks/architectures/"))]
    return [f"overparam.{module.replace('/', '.')}" for module in (*code.entries, *by_name)]


@pytest.fixture(scope="module")
def loaded():
    """By stage, the modules that importing it loads, but for fronts that only hand on what others define."""
    cases = json.dumps([entries_of(*stage) for stage in STAGES])
    run = subprocess.run([sys.executable, "-c", IMPORT, cases], check=True, capture_output=True, text=True)
    files = [{named(file) for file in json.loads(line)} for line in run.stdout.splitlines()]
    return dict(zip(STAGES, [{m for m in modules if not m.endswith("__init__")} for modules in files], strict=True))


@pytest.mark.parametrize("stage", STAGES, ids="-".join)
def test_all_that_a_stage_loads_is_listed_or_moves_no_number(loaded, stage):
    name, *of = stage
    assert loaded[stage] - NEUTRAL == set(getattr(dependencies, name).modules(*of))


def test_all_that_runs_in_a_stage_is_listed_or_moves_no_number(tmp_path):
    study, workspace = tiny_study(alphas=(Fraction(1), QUARTER), replicates=(0,)), Workspace.at(tmp_path)
    members = [(alpha, 0) for alpha in study.scale.alphas]
    stages = {
        "TRAIN": lambda: [train_stage(study, *member, workspace) for member in members],
        "FEATURES": lambda: [feature_stage(study, *member, workspace) for member in members],
        "MEASURE": lambda: measure_stage(study, workspace),
    }
    for name, stage in stages.items():
        ran = set()
        sys.setprofile(lambda frame, event, argument, ran=ran: ran.add(frame.f_code.co_filename))
        try:
            stage()
        finally:
            sys.setprofile(None)
        modules = {named(file) for file in ran if file.startswith(str(PACKAGE))}
        wiring = {module for module in modules if module.startswith("pipeline/")}
        assert wiring
        listed = set(getattr(dependencies, name).modules(study.task, study.arch))
        assert modules - wiring - NEUTRAL <= listed


def test_what_moves_no_number_is_there():
    assert all((PACKAGE / f"{module}.py").is_file() for module in NEUTRAL)


def test_a_stage_of_an_unknown_architecture_or_task_is_an_error():
    with pytest.raises(SpecError, match="there is no architecture 'resnet81': there are resnet18, vgg16, transformer"):
        dependencies.TRAIN.modules("digits", "resnet81")
    with pytest.raises(DataError, match="there is no data for task 'digit': there is digits, nli, cifar, mnli"):
        dependencies.TRAIN.modules("digit", "resnet18")
