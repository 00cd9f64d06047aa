"""Small things to train: a study on digits that takes a second, its data, its recipe."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import yaml

from overparam.config.entries import read_section
from overparam.config.recipes import TrainSpec
from overparam.config.studies import Scale, ScaleSection, StudySpec, load_config
from overparam.data import Dataset, load_dataset

ROOT = Path(__file__).parent.parent
QUARTER = Fraction(1, 4)
# In place of the mosaics of params.yaml: single digits, of which there are few, in all the widths of the paper.
DIGITS = {
    "base_width": 16,
    "alphas": ["1", "1_2", "1_4", "1_8", "1_16"],
    "members": {"1": 2, "1_2": 4, "1_4": 8, "1_8": 16, "1_16": 32},
    "snapshots": [2, 4, 6],
    "replicates": [0, 1, 2],
    "fit_examples": None,
}


def digits_params() -> dict:
    """What ``params.yaml`` says, with a study on single digits in place of that on mosaics."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    smoke, tasks = params["scales"]["smoke"], params["tasks"]
    digits = smoke["mosaics"] | DIGITS
    digits["train"] |= {"epochs": 10, "crop_padding": 1}
    params["scales"]["smoke"] = {"digits": digits, "nli": smoke["nli"]}
    params["tasks"] = {"digits": tasks["mosaics"], **{name: tasks[name] for name in tasks if name != "mosaics"}}
    return params


def _digits() -> Scale:
    section = json.dumps(digits_params()["scales"]["smoke"]["digits"])
    said = read_section(ScaleSection, section, lambda keys: ("the study on digits", keys))
    return Scale(name="smoke", task="digits", **vars(said))


def tiny_recipe(**changes) -> TrainSpec:
    return replace(_digits().train, **{"epochs": 2, "batch_size": 50, **changes})


def tiny_study(arch: str = "resnet18", **changes) -> StudySpec:
    """Base width 4, α ∈ {1, 1/2, 1/4}, two replicates, 200 training examples, two epochs."""
    scale = replace(
        _digits(),
        name="tiny",
        base_width=4,
        alphas=(Fraction(1), Fraction(1, 2), QUARTER),
        members={Fraction(1): 2, Fraction(1, 2): 4, QUARTER: 8},
        snapshots=(1,),
        replicates=(0, 1),
        train_examples=200,
        train=tiny_recipe(),
    )
    return StudySpec(arch, replace(scale, **changes))


def tiny_digits() -> Dataset:
    return load_dataset("digits", train_examples=200)


def tiny_data(arch: str) -> Dataset:
    """What an architecture is for: pictures or sentences."""
    return load_dataset("nli" if arch == "transformer" else "digits", train_examples=200)


def tiny_recipe_of(arch: str) -> TrainSpec:
    sentences = load_config(ROOT / "params.yaml").scales["smoke"]["nli"].train
    return replace(sentences, epochs=2, batch_size=50) if arch == "transformer" else tiny_recipe()


def tiny_repository(folder: Path) -> Path:
    """A folder with the parameters of a repository whose scale smoke takes seconds."""
    params = digits_params()
    del params["scales"]["smoke"]["nli"], params["tasks"]["nli"]
    smoke = params["scales"]["smoke"]["digits"]
    smoke |= {"base_width": 4, "alphas": ["1", "1_2", "1_4"], "snapshots": [1], "members": {"1": 2, "1_2": 4, "1_4": 8}}
    smoke |= {"replicates": [0, 1], "architectures": ["resnet18"], "train_examples": 200}
    smoke["train"] |= {"epochs": 3}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return folder
