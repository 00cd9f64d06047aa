"""Networks and measurements are those of the committed ones as long as what digests name is what stood there then."""

import json
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from overparam.config.entries import section, stated
from overparam.config.recipes import ImageRecipe, SentenceRecipe
from overparam.config.studies import StudySpec, load_config, parse_alpha
from overparam.config.workspace import Workspace
from overparam.io.files import digest_json
from overparam.io.sealed import read_metadata
from overparam.networks.seeds import member_seeds
from overparam.toy.spec import read_toy

ROOT = Path(__file__).parent.parent
CONFIG = load_config(ROOT / "params.yaml")
PLACES = Workspace.at(ROOT)
RECORDED = [study for scale in CONFIG.scales for study in CONFIG.studies(scale) if PLACES.record(study).exists()]


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def committed(checkpoint: dict) -> dict:
    """What a checkpoint says of itself that the repository's own remote holds; nothing if it is not pushed there."""
    md5 = checkpoint["md5"]
    return read_metadata(ROOT / "artifacts-store" / "files" / "md5" / md5[:2] / md5[2:])


@pytest.mark.parametrize("study", RECORDED, ids=str)
def test_the_recipe_of_a_record_is_that_of_its_study(study):
    assert digest_json(stated(study.recipe)) == digest_json(read(PLACES.record(study))["recipe"])


@pytest.mark.parametrize("study", CONFIG.studies("reduced"), ids=str)
def test_the_identity_of_a_committed_checkpoint_is_that_of_its_study(study):
    record = read(PLACES.record(study))
    checkpoints = {
        (parse_alpha(alpha), replicate): checkpoint
        for alpha, networks in record["networks"].items()
        for replicate, checkpoint in zip(record["replicates"], networks["checkpoints"], strict=True)
    }
    assert len(checkpoints) == 15
    for (alpha, replicate), checkpoint in checkpoints.items():
        assert committed(checkpoint)["identity"] == identity(study, alpha, replicate, committed(checkpoint))


def test_the_identity_of_committed_networks_that_are_trained_less_is_that_of_their_budget():
    study = CONFIG.study("cifar", "resnet18", "reduced")
    record = read(PLACES.equal_fit(study))
    less = record["networks"]["1"]["less"]
    assert less["budgets"] == list(study.budgets)
    for budget, checkpoints in zip(less["budgets"], less["checkpoints"], strict=True):
        for replicate, checkpoint in zip(record["replicates"], checkpoints, strict=True):
            found = committed(checkpoint)
            assert found["identity"] == identity(study.trained_less(budget), Fraction(1), replicate, found)


def identity(study: StudySpec, alpha: Fraction, replicate: int, found: dict) -> str:
    """As `overparam.pipeline.provenance.identify` has it, on the data that a checkpoint names."""
    named = {"spec": study.training_identity(alpha, replicate), "seeds": member_seeds(study, alpha, replicate)}
    tokenizer = found["data"].get("tokenizer")
    return digest_json(named | {"data": found["data"]["sha256"]} | ({"tokenizer": tokenizer} if tokenizer else {}))


def test_the_spec_of_the_toys_record_is_that_of_its_section():
    record = read(ROOT / "results" / "smoke" / "toy.json")
    assert digest_json(stated(read_toy(ROOT / "params.yaml"))) == digest_json(record["spec"])


def test_what_dvc_pins_of_training_is_what_identities_name():
    locked = yaml.load((ROOT / "dvc.lock").read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"]
    trained = {
        name: stage["params"]["params.yaml"] for name, stage in locked.items() if name.startswith("train-mosaics@")
    }
    assert len(trained) == 16
    for name, params in trained.items():
        arch, label, replicate = name.removeprefix("train-mosaics@").split("-")
        named = CONFIG.study("mosaics", arch).training_identity(parse_alpha(label), int(replicate))
        pinned = {key.removeprefix("scales.smoke.mosaics."): value for key, value in params.items()}
        pinned |= {"copies": pinned.pop("members")[label], "storage": pinned.pop("dtype")}  # as identities name them
        pinned["snapshots"] = pinned["snapshots"] if label == "1" else []
        assert digest_json({key: named[key] for key in pinned}) == digest_json(pinned)


@section
class WithAnOption(ImageRecipe):
    """A recipe to come, with an entry that those of today do not have."""

    label_smoothing: float = 0.0


def test_an_optional_entry_changes_the_identity_of_those_that_use_it_and_of_no_other():
    study = CONFIG.study("mosaics", "resnet18")
    entries = {entry.name: getattr(study.recipe, entry.name) for entry in fields(study.recipe)}
    unused, used = WithAnOption(**entries), WithAnOption(**entries, label_smoothing=0.1)
    assert stated(unused) == stated(study.recipe)
    assert stated(used) == {**stated(study.recipe), "label_smoothing": 0.1}


def test_numbers_stay_as_they_are_written():
    recipe = CONFIG.study("nli", "transformer").recipe
    assert isinstance(recipe, SentenceRecipe)
    for epochs in (8, 8.0):
        assert json.dumps(stated(replace(recipe, epochs=epochs))["epochs"]) == str(epochs)
