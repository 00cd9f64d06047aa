"""dvc.yaml names every file and module that a stage depends on, or results would go stale unseen."""

import subprocess
from pathlib import Path

import pytest
import yaml

from overparam.config.studies import alpha_label, load_config
from overparam.pipeline.controls import CONTROL_CODE
from overparam.pipeline.provenance import BUDGET_CODE, FEATURE_CODE, MEASURE_CODE, NETWORK_CODE, TRAIN_CODE
from overparam.pipeline.toy import CODE as TOY_CODE

ROOT = Path(__file__).parent.parent
CONFIG = load_config(ROOT / "params.yaml")
# By scale and task: the file of its stages, and what their names end in.
PIPELINES = {
    ("smoke", "digits"): ("dvc.yaml", "digits"),
    ("smoke", "nli"): ("dvc.yaml", "nli"),
    **{(scale, "cifar"): ("cifar/dvc.yaml", scale) for scale in ("pilot", "reduced", "paper")},
    **{(scale, "mnli"): ("mnli/dvc.yaml", scale) for scale in ("reduced", "paper")},
}
CODE = {"train": TRAIN_CODE, "features": FEATURE_CODE, "measure": MEASURE_CODE}
WITH_CONTROLS = [setting for setting in PIPELINES if setting[0] != "paper"]


def stage(setting, name):
    file, suffix = PIPELINES[setting]
    return yaml.safe_load((ROOT / file).read_text())["stages"][f"{name}-{suffix}"]


def test_every_task_has_a_pipeline_at_each_of_its_scales():
    assert set(PIPELINES) == {(scale, task) for scale, tasks in CONFIG.scales.items() for task in tasks}


@pytest.mark.parametrize(("scale", "task"), PIPELINES)
@pytest.mark.parametrize("name", CODE)
def test_a_stage_depends_on_every_module_it_runs(scale, task, name):
    modules = {"overparam/" + (m if (ROOT / "overparam" / m).is_dir() else f"{m}.py") for m in CODE[name]}
    assert modules <= set(stage((scale, task), name)["deps"])


@pytest.mark.parametrize(("scale", "task"), WITH_CONTROLS)
def test_controls_depend_on_the_record_and_every_module_they_run(scale, task):
    modules = {f"overparam/{m if (ROOT / 'overparam' / m).is_dir() else f'{m}.py'}" for m in CONTROL_CODE}
    deps = stage((scale, task), "controls")["deps"]
    assert set(deps) == modules | {f"results/{scale}/{task}-${{item.arch}}.json"}


def test_the_toy_depends_on_the_modules_that_decide_what_is_measured():
    deps = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["toy"]["deps"]
    assert set(deps) == {f"overparam/{module}.py" for module in TOY_CODE}


@pytest.mark.parametrize(("scale", "task"), PIPELINES)
def test_measuring_depends_on_every_feature_file(scale, task):
    chosen = CONFIG.scales[scale][task]
    files = {
        f"artifacts/features/{scale}/{task}-${{item.arch}}-{alpha_label(a)}-r{r}.safetensors"
        for a in chosen.alphas
        for r in chosen.replicates
    }
    assert files == {d for d in stage((scale, task), "measure")["deps"] if d.startswith("artifacts/")}


@pytest.mark.parametrize(("scale", "task"), PIPELINES)
def test_judging_depends_on_every_record_and_the_margins(scale, task):
    records = {f"results/{scale}/{task}-{arch}.json" for arch in CONFIG.scales[scale][task].architectures}
    modules = (
        "claims.py",
        "controls.py",
        "equal_fit.py",
        "findings.py",
        "judge.py",
        "margins.py",
        "preregistration.toml",
    )
    judged_by = {"overparam/study/widths.py", *(f"overparam/verdicts/{name}" for name in modules)}
    assert records | judged_by <= set(stage((scale, task), "judge")["deps"])


def test_features_of_wide_networks_trained_less_depend_on_every_module_they_run():
    modules = {"overparam/" + (m if (ROOT / "overparam" / m).is_dir() else f"{m}.py") for m in FEATURE_CODE}
    assert modules <= set(stage(("reduced", "cifar"), "features-less")["deps"])


def test_equal_fit_depends_on_every_module_it_runs_and_on_every_network_that_it_compares():
    modules = {
        f"overparam/{m if (ROOT / 'overparam' / m).is_dir() else f'{m}.py'}" for m in (*NETWORK_CODE, *BUDGET_CODE)
    }
    scale = CONFIG.scales["reduced"]["cifar"]
    widths = [alpha_label(alpha) for alpha in scale.alphas] + [f"1-e{b:g}" for b in scale.budgets["resnet18"]]
    files = {
        f"artifacts/{kind}/reduced/cifar-resnet18-{width}-r{replicate}.safetensors"
        for kind in ("checkpoints", "features")
        for width in widths
        for replicate in scale.replicates
    }
    assert set(stage(("reduced", "cifar"), "equal-fit")["deps"]) == modules | files


@pytest.mark.parametrize(("scale", "task"), PIPELINES)
def test_the_matrix_is_the_scale(scale, task):
    for name in ("train", "features"):
        matrix = stage((scale, task), name)["matrix"]
        assert matrix == {
            "arch": f"${{scales.{scale}.{task}.architectures}}",
            "alpha": f"${{scales.{scale}.{task}.alphas}}",
            "replicate": f"${{scales.{scale}.{task}.replicates}}",
        }


def test_checkpoints_are_kept_and_features_are_not_pushed():
    for scale, task in PIPELINES:
        (checkpoint,) = stage((scale, task), "train")["outs"]
        assert next(iter(checkpoint.values()))["persist"]
        (features,) = stage((scale, task), "features")["outs"]
        assert not next(iter(features.values()))["push"]


def test_dvc_reads_every_pipeline():
    for file in ("dvc.yaml", "cifar/dvc.yaml", "mnli/dvc.yaml"):
        listed = subprocess.run(["dvc", "stage", "list", file], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "judge" in listed.stdout
