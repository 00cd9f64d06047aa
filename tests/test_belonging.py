"""A file in another's place is refused, in a sentence that names both, whoever reads it."""

from dataclasses import asdict, replace
from fractions import Fraction

import numpy as np
import pytest
from gates import study_record
from networks import QUARTER, tiny_data, tiny_recipe, tiny_study

from overparam.config.workspace import Workspace
from overparam.errors import ArtifactError
from overparam.io.files import digest_file, write_sealed
from overparam.io.sealed import write_sealed as write_tensors
from overparam.networks.checkpoints import Provenance, save_checkpoint
from overparam.networks.registry import build
from overparam.networks.seeds import member_seeds
from overparam.pipeline.artifacts import ensemble_of, load_features, load_networks
from overparam.pipeline.provenance import identify
from overparam.report.tables.sections import fill_sections
from overparam.study.belonging import read_controls_of, read_record_of
from overparam.study.feature_file import write_features
from overparam.study.record import write_record

STUDY = tiny_study()
SMOKE = tiny_study(name="smoke")
DATA = tiny_data("resnet18")
# By what differs: another study than `STUDY`, the width and the replicate of `made`, and what the sentence names.
OTHERS = {
    "architecture": (replace(STUDY, arch="vgg16"), QUARTER, 0, "arch vgg16.* where .*arch resnet18"),
    "task": (tiny_study(task="nli"), QUARTER, 0, "task nli.* where .*task digits"),
    "scale": (tiny_study(name="other"), QUARTER, 0, "scale other.* where .*scale tiny"),
    "width": (STUDY, Fraction(1, 2), 0, "alpha 1/2.* where .*alpha 1/4"),
    "replicate": (STUDY, QUARTER, 1, "replicate 1.* where .*replicate 0"),
    "recipe": (tiny_study(train=tiny_recipe(epochs=3)), QUARTER, 0, "recipe epochs 3, where recipe epochs 2"),
    "base width": (tiny_study(base_width=8), QUARTER, 0, "base_width 8.* where .*base_width 4"),
    "training examples": (tiny_study(train_examples=150), QUARTER, 0, "train_examples 150.* where .*200"),
    "fit examples": (tiny_study(fit_examples=150), QUARTER, 0, "fit_examples 150, where fit_examples None"),
    "dtype": (tiny_study(dtype="float16"), QUARTER, 0, "storage float16.* where .*storage float32"),
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    return Workspace.at(tmp_path)


def put_features(workspace, of, **more):
    """Features with such an account of themselves, in the place of `STUDY`'s, α = 1/4, replicate 0."""
    path = workspace.feature_file(STUDY, QUARTER, 0)
    arrays = {
        "features": np.zeros((4, 8, 2), np.float32),
        "ids": np.arange(4),
        "labels": np.arange(4),
        "heldout": np.arange(4) > 1,
        "epochs": np.full(8, 2),
    }
    write_features(path, arrays, {"checkpoint": {"md5": "0" * 32}, **({"of": of} if of else {}), **more})
    return path


def test_features_in_their_own_place_are_read(workspace):
    put_features(workspace, ensemble_of(STUDY, QUARTER, 0))
    assert load_features(STUDY, QUARTER, 0, workspace).features.shape == (4, 8, 2)


@pytest.mark.parametrize("other", OTHERS)
def test_features_of_others_are_refused(workspace, other):
    study, alpha, replicate, sentence = OTHERS[other]
    path = put_features(workspace, ensemble_of(study, alpha, replicate))
    with pytest.raises(ArtifactError, match=f"of another study or network: .*{sentence}") as caught:
        load_features(STUDY, QUARTER, 0, workspace)
    assert str(path) in str(caught.value)
    assert "extract the features again" in str(caught.value)


def test_features_that_do_not_say_what_they_are_of_are_refused(workspace):
    put_features(workspace, None)
    with pytest.raises(ArtifactError, match="of kind unknown, .*, where kind features, .* belongs"):
        load_features(STUDY, QUARTER, 0, workspace)


def test_tensors_that_are_no_features_are_refused(workspace):
    write_tensors(workspace.feature_file(STUDY, QUARTER, 0), {}, {"of": ensemble_of(STUDY, QUARTER, 0)})
    with pytest.raises(ArtifactError, match="holds no features, but other arrays"):
        load_features(STUDY, QUARTER, 0, workspace)


def test_features_of_what_a_checkpoint_was_before_are_refused(workspace):
    checkpoint = workspace.checkpoint(STUDY, QUARTER, 0)
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("trained")
    put_features(workspace, ensemble_of(STUDY, QUARTER, 0), checkpoint={"md5": digest_file(checkpoint, "md5")})
    load_features(STUDY, QUARTER, 0, workspace)
    checkpoint.write_text("trained anew")
    with pytest.raises(ArtifactError, match="was extracted from another version of .*1_4-r0.safetensors"):
        load_features(STUDY, QUARTER, 0, workspace)


def put_networks(workspace, study, alpha, replicate):
    """Untrained networks with the account of trained ones, in the place of `STUDY`'s, α = 1/4, replicate 0."""
    size = {"base_width": study.scale.base_width, "channels": DATA.channels, "classes": DATA.classes}
    seeds = member_seeds(study, alpha, replicate)
    provenance = Provenance(
        identity=identify(study, alpha, replicate, DATA),
        key="k",
        task=study.task,
        arch=study.arch,
        alpha=str(alpha),
        replicate=replicate,
        **size,
        seeds=seeds,
        epochs=[2] * len(seeds),
        recipe=asdict(study.scale.train),
        data={},
        environment={},
        train_accuracy=[],
        heldout_accuracy=[],
        history={},
    )
    path = workspace.checkpoint(STUDY, QUARTER, 0)
    save_checkpoint(path, build(study.arch, alpha, len(seeds), **size), provenance, "float32")


def test_a_checkpoint_in_its_own_place_is_read(workspace):
    put_networks(workspace, STUDY, QUARTER, 0)
    assert load_networks(STUDY, QUARTER, 0, workspace, DATA)[1].alpha == "1/4"


@pytest.mark.parametrize("other", [name for name in OTHERS if name not in ("fit examples", "task")])
def test_a_checkpoint_of_others_is_refused(workspace, other):
    study, alpha, replicate, _ = OTHERS[other]
    put_networks(workspace, study, alpha, replicate)
    with pytest.raises(ArtifactError, match="holds the networks of .*, exchanged|was trained by another recipe"):
        load_networks(STUDY, QUARTER, 0, workspace, DATA)


def test_a_checkpoint_of_other_data_is_refused(workspace):
    put_networks(workspace, STUDY, QUARTER, 0)
    with pytest.raises(ArtifactError, match="on other data"):
        load_networks(STUDY, QUARTER, 0, workspace, replace(DATA, sha256={"train": "f" * 64}))


def test_features_in_a_checkpoints_place_are_refused(workspace):
    path = put_features(workspace, ensemble_of(STUDY, QUARTER, 0))
    checkpoint = workspace.checkpoint(STUDY, QUARTER, 0)
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(path.read_bytes())
    with pytest.raises(ArtifactError, match="is no checkpoint of this version of overparam"):
        load_networks(STUDY, QUARTER, 0, workspace, DATA)


def controls_of(record):
    return replace(record, samples={"copies": record.samples["span"]})


RECORD = study_record()
RECORDS = {
    "architecture": (replace(RECORD, arch="vgg16"), "of arch vgg16, where arch resnet18 belongs"),
    "task": (replace(RECORD, task="nli"), "of task nli, where task digits belongs"),
    "scale": (replace(RECORD, scale="paper"), "of scale paper, where scale smoke belongs"),
    "kind": (controls_of(RECORD), "of kind controls, where kind measurements belongs"),
    "all": (controls_of(replace(RECORD, task="nli", scale="paper")), "of kind controls, task nli, scale paper, where"),
}


@pytest.mark.parametrize("other", RECORDS)
def test_a_record_of_others_is_refused(workspace, other):
    record, sentence = RECORDS[other]
    path = workspace.record(SMOKE)
    write_record(path, RECORD)
    assert read_record_of(SMOKE, workspace).key == RECORD.key
    write_record(path, record)
    with pytest.raises(ArtifactError, match=sentence) as caught:
        read_record_of(SMOKE, workspace)
    assert str(caught.value).startswith(f"{path} is of another study")


def test_a_record_in_the_place_of_controls_is_refused(workspace):
    write_record(workspace.controls(SMOKE), controls_of(RECORD))
    assert read_controls_of(SMOKE, workspace).key == RECORD.key
    write_record(workspace.controls(SMOKE), RECORD)
    with pytest.raises(ArtifactError, match="of kind measurements, where kind controls belongs"):
        read_controls_of(SMOKE, workspace)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda path: path.replace("resnet18", "vgg16"), "digits-vgg16-.* where .*digits-resnet18-"),
        (lambda path: path.replace("/smoke/", "/paper/"), "checkpoints/paper/.* where .*checkpoints/smoke/"),
        (lambda path: path.replace("r1.", "r0."), "replicate 1 .*-r0.safetensors, where .*-r1.safetensors"),
        (lambda path: path.replace("1_8", "1_4"), "α = 1/8.*-1_4-r0.safetensors.* where .*-1_8-r0.safetensors"),
    ],
)  # fmt: skip
def test_a_record_that_was_measured_on_others_checkpoints_is_refused(workspace, change, sentence):
    networks = {
        alpha: {**entry, "checkpoints": [{**each, "path": change(each["path"])} for each in entry["checkpoints"]]}
        for alpha, entry in RECORD.networks.items()
    }
    write_record(workspace.record(SMOKE), replace(RECORD, networks=networks))
    with pytest.raises(ArtifactError, match=sentence):
        read_record_of(SMOKE, workspace)


@pytest.mark.parametrize(
    ("content", "kind"),
    [({"spec": {}}, "record of the toy"), ({"rows": []}, "trial of the judge"), ({"a": 1}, "file of another kind")],
)
def test_a_sealed_file_of_another_kind_is_named(workspace, content, kind):
    write_sealed(workspace.record(SMOKE), content)
    with pytest.raises(ArtifactError, match=f"it is a {kind}, where a record of a study belongs"):
        read_record_of(SMOKE, workspace)


OF_CONTROLS = [RECORD, *(controls_of(replace(RECORD, **{name: "other"})) for name in ("arch", "task", "scale"))]


@pytest.mark.parametrize(
    ("section", "place", "record"),
    [
        *(("tables", "smoke/digits-resnet18.json", record) for record, _ in RECORDS.values()),
        *(("controls", "smoke/controls/digits-resnet18.json", record) for record in OF_CONTROLS),
    ],
)
def test_no_table_is_written_of_a_record_in_anothers_place(tmp_path, section, place, record):
    page = tmp_path / "page.md"
    page.write_text(f"<!-- {section} smoke -->\nas before\n<!-- end of {section} -->\n", encoding="utf-8")
    write_record(tmp_path / "results" / place, record)
    with pytest.raises(ArtifactError, match=r"is of another study or network: of .*, where .* belongs"):
        fill_sections(page, tmp_path / "results")
    assert "as before" in page.read_text(encoding="utf-8")
