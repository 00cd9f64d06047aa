"""Small things to train: a study on digits that takes a second, its data, its recipe."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import yaml

from overparam.config.recipes import TrainSpec
from overparam.config.studies import StudySpec, load_config
from overparam.data import Dataset, load_dataset

ROOT = Path(__file__).parent.parent
QUARTER = Fraction(1, 4)


def tiny_recipe(**changes) -> TrainSpec:
    recipe = load_config(ROOT / "params.yaml").scales["smoke"]["digits"].train
    return replace(recipe, **{"epochs": 2, "batch_size": 50, **changes})


def tiny_study(arch: str = "resnet18", **changes) -> StudySpec:
    """Base width 4, α ∈ {1, 1/2, 1/4}, two replicates, 200 training examples, two epochs."""
    smoke = load_config(ROOT / "params.yaml").scales["smoke"]["digits"]
    scale = replace(
        smoke,
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
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    del params["scales"]["smoke"]["nli"], params["tasks"]["nli"]
    smoke = params["scales"]["smoke"]["digits"]
    smoke |= {"base_width": 4, "alphas": ["1", "1_2", "1_4"], "snapshots": [1], "members": {"1": 2, "1_2": 4, "1_4": 8}}
    smoke |= {"replicates": [0, 1], "architectures": ["resnet18"], "train_examples": 200}
    smoke["train"] |= {"epochs": 3}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return folder
