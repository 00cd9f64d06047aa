"""A stage depends on the code that it runs: all of it, and nothing of another architecture, task or stage."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from networks import tiny_study
from test_toy import TINY

from overparam.config.workspace import Workspace
from overparam.errors import DataError, SpecError
from overparam.io.progress import silent
from overparam.pipeline import dependencies
from overparam.pipeline.controls import controls_stage
from overparam.pipeline.dependencies import NEUTRAL, PACKAGE
from overparam.pipeline.equal_fit import equal_fit_stage
from overparam.pipeline.stages import feature_stage, measure_stage, train_stage
from overparam.pipeline.toy import run_toy
from overparam.study.belonging import read_record_of
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record

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


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """By stage, the modules of the package whose functions ran while it made its artifact."""
    study, workspace = tiny_study(budgets={"resnet18": (0.5, 1.0)}), Workspace.at(tmp_path_factory.mktemp("repository"))
    less = [study.trained_less(budget) for budget in study.budgets]
    ensembles = [(of, alpha, r) for of in (study, *less) for alpha in of.alphas for r in study.scale.replicates]
    stages = {
        "TRAIN": lambda: [train_stage(*ensemble, workspace) for ensemble in ensembles],
        "FEATURES": lambda: [feature_stage(*ensemble, workspace) for ensemble in ensembles],
        "MEASURE": lambda: measure_stage(study, workspace),
        "CONTROLS": lambda: controls_stage(study, workspace),
        "EQUAL_FIT": lambda: equal_fit_stage(study, workspace),
        "JUDGE": lambda: judged(study, workspace),
        "TOY": lambda: run_toy(TINY, workspace.results / "toy.json", silent()),
    }
    return {name: modules_run_by(stage) for name, stage in stages.items()}


def judged(study, workspace):
    return judge_record(read_record_of(study, workspace), load_preregistration(), evidence="record")


def modules_run_by(stage):
    files = set()
    sys.setprofile(lambda frame, event, argument: files.add(frame.f_code.co_filename))
    try:
        stage()
    finally:
        sys.setprofile(None)
    return {named(file) for file in files if file.startswith(str(PACKAGE))}


@pytest.mark.parametrize("name", ["TRAIN", "FEATURES", "MEASURE", "CONTROLS", "EQUAL_FIT", "JUDGE", "TOY"])
def test_all_that_runs_in_a_stage_is_listed_or_moves_no_number(ran, name):
    # Training passes the examination of its kernels first.
    wiring = {module for module in ran[name] if module.startswith("pipeline/") or module == "networks/kernels"}
    listed = set(getattr(dependencies, name).modules("digits", "resnet18"))
    assert ran[name]
    assert ran[name] - wiring - NEUTRAL <= listed


def test_what_moves_no_number_is_there():
    assert all((PACKAGE / f"{module}.py").is_file() for module in NEUTRAL)


def test_a_stage_of_an_unknown_architecture_or_task_is_an_error():
    with pytest.raises(SpecError, match="there is no architecture 'resnet81': there are resnet18, transformer, vgg16"):
        dependencies.TRAIN.modules("digits", "resnet81")
    with pytest.raises(DataError, match="there is no data for task 'digit': there is digits, mosaics, nli, cifar"):
        dependencies.TRAIN.modules("digit", "resnet18")
