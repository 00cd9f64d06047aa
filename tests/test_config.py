import json
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from networks import digits_params

from overparam.config.recipes import ImageRecipe
from overparam.config.studies import Config, load_config
from overparam.config.yaml_file import read_yaml
from overparam.errors import SpecError

ROOT = Path(__file__).parent.parent
PARAMS = digits_params()
CONFIG = load_config(ROOT / "params.yaml")


def load(tmp_path: Path, text: str | bytes) -> Config:
    path = tmp_path / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(path)


def changed(path: str, value: object, *, remove: bool = False) -> str:
    """``params.yaml`` with one entry changed, added or removed; the path is dotted."""
    content = yaml.safe_load(yaml.safe_dump(PARAMS))
    *parents, last = path.split(".")
    place = content
    for key in parents:
        place = place[key]
    if remove:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(content)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(SpecError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_repositorys_own_scales_load():
    assert set(CONFIG.scales) == set(PARAMS["scales"])
    for name, tasks in CONFIG.scales.items():
        for task, scale in tasks.items():
            assert (scale.name, scale.task) == (name, task)
            assert scale.narrow_alphas == tuple(sorted(scale.narrow_alphas, reverse=True))
            assert set(scale.narrow_alphas) == set(scale.alphas) - {Fraction(1)}
            assert all(scale.members[alpha] >= 2 / alpha for alpha in scale.alphas)
        assert [str(study) for study in CONFIG.studies(name)] == [
            f"{task}-{arch} at scale {name}" for task, scale in tasks.items() for arch in scale.architectures
        ]
    for task, default in CONFIG.default_scales.items():
        assert CONFIG.scale_of(task) == CONFIG.scales[default][task]
    assert {study.task for study in CONFIG.studies()} == set(CONFIG.default_scales)
    paper = CONFIG.scales["paper"]["cifar"]
    assert paper.base_width == 64
    assert paper.train.epochs == 30  # merged over the pilot's recipe
    assert isinstance(paper.train, ImageRecipe)
    assert paper.train.flip
    assert not isinstance(CONFIG.scales["paper"]["mnli"].train, ImageRecipe)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("alphas", ["1", "0"], "width factor 0 is out of range"),
        ("alphas", ["1", "3"], "width factor 3 is out of range"),
        ("alphas", ["1", "-1_2"], "width factor -1/2 is out of range"),
        ("alphas", ["1", "2_3"], "width factor 2/3 is out of range"),
        ("alphas", ["1", "wide"], "width factor 'wide' is not a fraction"),
        ("alphas", ["1_2", "1_4"], "digits at scale smoke in params.yaml: alphas must contain 1"),
        ("alphas", ["1", "1_2", "1/2"], "alphas must differ"),
        ("alphas", ["1", "1_32"], "base_width 16 times α = 1/32 is no whole number of channels"),
        ("alphas", ["1", "1_3", "1_32"], "α = 1/3, 1/32 is no whole number"),
        ("base_width", 12, "base_width 12 times α = 1/8, 1/16 is no whole number of channels"),
        ("members", {"1": 1, "1_2": 4, "1_4": 8, "1_8": 16, "1_16": 32}, "members at α = 1 must be at least 2/α"),
        ("members", {"1": 3, "1_2": 4, "1_4": 8, "1_8": 16, "1_16": 32}, "members at α = 1 must be 2: M_1 and M_1′"),
        ("members", {"1": 2, "1_2": 3, "1_4": 7, "1_8": 16, "1_16": 32}, "members at α = 1/2, 1/4 must be at least"),
        ("members", {"1": 2}, "members at α = 1/2, 1/4, 1/8, 1/16 must be at least 2/α"),
        ("replicates", [], "replicates must be different whole numbers from 0 up"),
        ("replicates", [0, 0], "replicates must be different"),
        ("replicates", [-1, 0], "replicates must be different whole numbers from 0 up"),
        ("dtype", "float64", "dtype must be 'float32' or 'float16', not 'float64'"),
        ("seed", 1, "digits at scale smoke in params.yaml has unknown seed"),
        ("train.epochs", 0, "train recipe of digits at scale smoke in params.yaml: epochs must be positive, not 0"),
        ("train.batch_size", 1, "batch_size must be at least 2"),
        ("train.learning_rate", 0.0, "learning_rate must be positive"),
        ("train.learning_rate", float("nan"), "learning_rate must be a finite number, not nan"),
        ("train.learning_rate", float("inf"), "learning_rate must be a finite number, not inf"),
        ("train.batch_size", 2.5, "batch_size must be a whole number, not 2.5"),
        ("train.flip", 1, "flip must be true or false, not 1"),
        ("train.warmup", 1.0, r"warmup must lie in [0, 1)"),
        ("train.warmup", -0.1, r"warmup must lie in [0, 1)"),
        ("train.momentum", 1.0, r"momentum must lie in [0, 1)"),
        ("train.momentum", -0.1, r"momentum must lie in [0, 1)"),
        ("train.weight_decay", -1e-9, "weight_decay must be at least 0, not -1e-09"),
        ("train.clip_norm", 0.0, "clip_norm must be positive"),
        ("train.crop_padding", -1, "crop_padding must be at least 0, not -1"),
        ("train.precision", "float16", "precision must be 'float32' or 'bfloat16', not 'float16'"),
        ("train.dropout", 0.5, "train recipe of digits at scale smoke in params.yaml has unknown dropout"),
        ("train.epochs", "ten", "epochs must be a finite number, not 'ten'"),
        ("train", None, "train recipe of digits at scale smoke in params.yaml must be a section, not None"),
        ("alphas", 1, "digits at scale smoke in params.yaml: alphas must be a list, not 1"),
        ("base_width", "16", "base_width must be a whole number, not '16'"),
        ("base_width", 16.5, "base_width must be a whole number, not 16.5"),
        ("base_width", -16, "base_width must be at least 1"),
        ("replicates", [0.5, 1], "replicates.0 must be a whole number, not 0.5"),
        ("snapshots", [2, 10], "snapshots must be ascending epochs, all before the last"),
        ("snapshots", [4, 2], "snapshots must be ascending epochs, all before the last"),
        ("snapshots", [1.5], "snapshots.0 must be a whole number, not 1.5"),
        ("architectures", "resnet18", "must be a list with at least one name"),
        ("architectures", [], "must be a list with at least one name"),
        ("train_examples", -5, "must be at least 2, or null for all"),
        ("fit_examples", 0, "must be at least 2, or null for all"),
        ("fit_examples", "many", "fit_examples must be at least 2, or null for all, not 'many'"),
        ("admission", 1.01, "admission must be above 0 and at most 1, not 1.01"),
        ("admission", 0, "admission must be above 0 and at most 1, not 0"),
        ("admission", 0.99, "train_examples and fit_examples must be numbers where there is an admission"),
        ("alphas", ["1"], "and a narrower one"),
        ("quick", "no", "quick must be true or false, not 'no'"),
        ("members", [2, 4], "members must be a section, not [2, 4]"),
        ("members", {"1": True}, "members.1 must be a whole number, not True"),
        ("members", {"wide": 2}, "width factor 'wide' is not a fraction"),
        ("alphas", ["1", "1e-99999999"], "width factor '1e-99999999' is not a fraction"),  # at once
        ("alphas", ["1", "9" * 5000], "is not a fraction"),
        ("alphas", ["1", True], "width factor True is not a fraction"),
        ("alphas", {"1": 2}, "alphas must be a list, not {'1': 2}"),
        ("base_width", True, "base_width must be a whole number, not True"),
        ("base_width", [16], "base_width must be a whole number, not [16]"),
        ("quick", 0, "quick must be true or false, not 0"),
        ("dtype", ["float32"], "dtype must be 'float32' or 'float16', not ['float32']"),
        ("architectures", ["resnet18", 18], "must be a list with at least one name"),
        ("train_examples", True, "train_examples must be at least 2, or null for all, not True"),
        ("snapshots", float("nan"), "snapshots must be a list, not nan"),
        ("budgets", {"resnet18": [0.5, float("nan")]}, "budgets.resnet18.1 must be a finite number, not nan"),
        ("budgets", [0.5], "budgets must be a section, not [0.5]"),
        ("name", "smoke", "digits at scale smoke in params.yaml has unknown name"),
        ("train", [1], "train recipe of digits at scale smoke in params.yaml must be a section, not [1]"),
        ("train.learning_rate", True, "learning_rate must be a finite number, not True"),
        ("train.weight_decay", "5e-4", "weight_decay must be a finite number, not '5e-4'"),
        ("train.clip_norm", float("-inf"), "clip_norm must be a finite number, not -inf"),
        ("train.warmup", "0.25", "warmup must lie in [0, 1), not '0.25'"),
    ],
)
def test_a_scale_that_cannot_be_run_is_refused_in_a_sentence(tmp_path, path, value, message):
    assert message in refusal(tmp_path, changed(f"scales.smoke.digits.{path}", value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("train.epochs", 7),
        ("snapshots", []),
        ("train.batch_size", 2),
        ("train.warmup", 0),
        ("train.momentum", 0),
        ("train.weight_decay", 0),
        ("train.crop_padding", 0),
        ("members", {"1": 2, "1_2": 4, "1_4": 8, "1_8": 16, "1_16": 32}),
        ("replicates", [7]),
    ],
)
def test_the_least_that_can_be_run_is_accepted(tmp_path, path, value):
    load(tmp_path, changed(f"scales.smoke.digits.{path}", value))


@pytest.mark.parametrize("key", sorted(PARAMS["scales"]["smoke"]["digits"]))
def test_a_scale_needs_every_entry(tmp_path, key):
    message = refusal(tmp_path, changed(f"scales.smoke.digits.{key}", None, remove=True))
    assert message == f"digits at scale smoke in params.yaml lacks {key}"


@pytest.mark.parametrize("key", sorted(PARAMS["scales"]["smoke"]["digits"]["train"]))
def test_a_recipe_needs_every_entry(tmp_path, key):
    message = refusal(tmp_path, changed(f"scales.smoke.digits.train.{key}", None, remove=True))
    assert message == f"train recipe of digits at scale smoke in params.yaml lacks {key}"


def test_missing_and_unknown_entries_are_named_together(tmp_path):
    content = yaml.safe_load(changed("scales.smoke.digits.dtype", None, remove=True))
    content["scales"]["smoke"]["digits"] |= {"width": 1, "depth": 2}
    message = refusal(tmp_path, yaml.safe_dump(content))
    assert message == "digits at scale smoke in params.yaml lacks dtype and has unknown depth, width"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scales: [", "is no valid YAML: while parsing"),
        ("a: b: c", "is no valid YAML"),
        (b"\xff", "is no valid YAML"),
        ("[" * 5000, "is no valid YAML: it is nested too deeply"),
        ("tasks: &again [*again]", "is no valid YAML: Circular reference"),
        ("tasks: 2026-13-45", "is no valid YAML: month must be in 1..12"),
        ("2026-01-31: 1", "is no valid YAML: keys must be str"),
        ("tasks: {}\nscales: {}\ntasks: {}", "is no valid YAML: key 'tasks' stands twice in"),
        (changed("seed", 1), "params.yaml has unknown seed"),
        (changed("tasks.digits.default_scale", 1), "params.yaml: tasks.digits.default_scale must be a word, not 1"),
        (changed("tasks.digits.seed", 1), "params.yaml: tasks.digits has unknown seed"),
        ("", "params.yaml must be a section, not None"),
        ("[1, 2]", "params.yaml must be a section, not [1, 2]"),
        ("scales: {}", "params.yaml lacks tasks, toy"),
        ("tasks: {}\nscales: {smoke: }", "params.yaml: scales.smoke must be a section, not None"),
        (changed("tasks.digits", None), "params.yaml: tasks.digits must be a section, not None"),
        (changed("tasks.digits.default_scale", "huge"), "there is no scale 'huge': params.yaml has "),
        (changed("tasks.mnli.default_scale", "smoke"), "scale smoke does not run task mnli: it runs digits, nli"),
        (changed("tasks.mnli", None, remove=True), "has scales for mnli but no such task: give it a default scale"),
    ],
)
def test_a_file_that_says_something_else_is_refused_in_a_sentence(tmp_path, text, message):
    assert message in refusal(tmp_path, text)


def test_an_anchor_is_merged_and_overridden_but_no_key_stands_twice(tmp_path):
    recipe = "train: &recipe {epochs: 5, flip: true}\nother: {<<: *recipe, epochs: 8}\nlast: [*recipe]"
    path = tmp_path / "params.yaml"
    path.write_text(recipe)
    merged = {"epochs": 8, "flip": True}
    first = {"epochs": 5, "flip": True}
    assert json.loads(read_yaml(path)) == {"train": first, "other": merged, "last": [first]}
    path.write_text(recipe.replace("epochs: 8", "epochs: 8, epochs: 9"))
    with pytest.raises(SpecError, match=r"key 'epochs' stands twice .* line 2, column 33"):
        read_yaml(path)


def test_what_is_made_in_code_is_checked_too():
    recipe = CONFIG.scale_of("mosaics").train
    with pytest.raises(SpecError, match="ImageRecipe: epochs must be positive, not 0"):
        replace(recipe, epochs=0)
    with pytest.raises(SpecError, match="ImageRecipe has unknown dropout"):
        replace(recipe, dropout=0.5)
    with pytest.raises(FrozenInstanceError):
        recipe.epochs = 3


def test_a_missing_file_says_where_to_run_the_command(tmp_path):
    with pytest.raises(SpecError, match=r"there is no .*params\.yaml here: run the command from the root"):
        load_config(tmp_path / "params.yaml")
