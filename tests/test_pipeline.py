"""dvc.yaml names every file and module that a stage depends on, or results would go stale unseen."""

import subprocess
from pathlib import Path

import pytest
import yaml

from overparam.config import alpha_label, load_config
from overparam.stages import FEATURE_CODE, MEASURE_CODE, TRAIN_CODE

ROOT = Path(__file__).parent.parent
CONFIG = load_config(ROOT / "params.yaml")
PIPELINES = {
    "smoke": ("dvc.yaml", ""),
    **{scale: ("cifar/dvc.yaml", f"-{scale}") for scale in ("pilot", "reduced", "paper")},
}
CODE = {"train": TRAIN_CODE, "features": FEATURE_CODE, "measure": MEASURE_CODE}


def stage(scale, name):
    file, suffix = PIPELINES[scale]
    return yaml.safe_load((ROOT / file).read_text())["stages"][name + suffix]


def test_every_scale_has_a_pipeline():
    assert set(PIPELINES) == set(CONFIG.scales)


@pytest.mark.parametrize("scale", PIPELINES)
@pytest.mark.parametrize("name", CODE)
def test_a_stage_depends_on_every_module_it_runs(scale, name):
    modules = {"overparam/" + (m if (ROOT / "overparam" / m).is_dir() else f"{m}.py") for m in CODE[name]}
    assert modules <= set(stage(scale, name)["deps"])


@pytest.mark.parametrize("scale", PIPELINES)
def test_measuring_depends_on_every_feature_file(scale):
    chosen = CONFIG.scales[scale]
    (task,) = chosen.tasks
    files = {
        f"artifacts/features/{scale}/{task}-${{item.arch}}-{alpha_label(a)}-r{r}.safetensors"
        for a in chosen.alphas
        for r in chosen.replicates
    }
    assert files == {d for d in stage(scale, "measure")["deps"] if d.startswith("artifacts/")}


@pytest.mark.parametrize("scale", PIPELINES)
def test_judging_depends_on_every_record_and_the_margins(scale):
    chosen = CONFIG.scales[scale]
    records = {f"results/{scale}/{task}-{arch}.json" for task in chosen.tasks for arch in chosen.architectures}
    assert records | {"claims/preregistration.toml", "overparam/claims.py"} <= set(stage(scale, "judge")["deps"])


@pytest.mark.parametrize("scale", PIPELINES)
def test_the_matrix_is_the_scale(scale):
    for name in ("train", "features"):
        matrix = stage(scale, name)["matrix"]
        assert matrix == {
            "arch": f"${{scales.{scale}.architectures}}",
            "alpha": f"${{scales.{scale}.alphas}}",
            "replicate": f"${{scales.{scale}.replicates}}",
        }


def test_checkpoints_are_kept_and_features_are_not_pushed():
    for scale in PIPELINES:
        (checkpoint,) = stage(scale, "train")["outs"]
        assert next(iter(checkpoint.values()))["persist"]
        (features,) = stage(scale, "features")["outs"]
        assert not next(iter(features.values()))["push"]


def test_dvc_reads_both_pipelines():
    for file in ("dvc.yaml", "cifar/dvc.yaml"):
        listed = subprocess.run(["dvc", "stage", "list", file], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "judge" in listed.stdout
