from dataclasses import replace
from fractions import Fraction
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import QUARTER, tiny_data, tiny_digits, tiny_recipe, tiny_recipe_of, tiny_study
from rich.console import Console
from rich.progress import Progress

from overparam.config.workspace import Workspace
from overparam.errors import ArtifactError, MeasurementError, SpecError
from overparam.networks import training
from overparam.networks.checkpoints import load_checkpoint
from overparam.networks.ensemble import split_state
from overparam.networks.registry import build
from overparam.networks.seeds import member_seeds
from overparam.networks.training import learning_rate, train
from overparam.pipeline import stages
from overparam.pipeline.artifacts import ensemble_of
from overparam.pipeline.run import ensembles, run_study
from overparam.pipeline.stages import feature_stage, measure_stage, train_stage
from overparam.pipeline.study_data import load_study_data
from overparam.study.feature_file import read_features, write_features
from overparam.study.record import read_record

ANOTHER = "trained by another recipe, on other data or with another tokenizer than asked for: get it with"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One tiny study, run once."""
    workspace = Workspace.at(tmp_path_factory.mktemp("repository"))
    return workspace, run_study(tiny_study(), workspace)


def test_with_an_admission_networks_train_on_examples_of_their_own_that_fit_no_map(tmp_path):
    study = tiny_study(train_examples=150, fit_examples=300, admission=0.5, snapshots=())
    workspace = Workspace.at(tmp_path)
    record = run_study(study, workspace)
    assert record.data["admission"] == 0.5
    assert (record.data["train_examples"], record.data["fit_examples"]) == (150, 300)
    datasets = load_study_data(study, workspace)
    assert set(datasets[0].train.ids) != set(datasets[1].train.ids)
    for replicate, dataset in datasets.items():
        features = read_features(workspace.feature_file(study, QUARTER, replicate))
        assert not set(features.ids) & set(dataset.train.ids)
        network, _ = load_checkpoint(workspace.checkpoint(study, QUARTER, replicate))
        assert training.accuracy(network, dataset, dataset.train, study.recipe) == pytest.approx(
            record.networks[QUARTER]["train_accuracy"][replicate]
        )


def contents(workspace):
    folders = (workspace.checkpoints, workspace.features, workspace.results)
    return {path: path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


def no_training(*arguments, **options):
    raise AssertionError("nothing was to be trained")


def test_a_study_leaves_checkpoints_features_and_a_record(finished):
    workspace, record = finished
    names = {path.name for path in contents(workspace)}
    assert {f"digits-resnet18-{a}-r{r}.safetensors" for a in ("1", "1_2", "1_4") for r in (0, 1)} | {
        "digits-resnet18.json"
    } == names
    again = read_record(workspace.record(tiny_study()))
    assert again.replicates == record.replicates == (0, 1)
    assert again.data["train_examples"] == 200
    assert again.networks[QUARTER]["features"] == 8
    assert np.shape(again.networks[QUARTER]["train_accuracy"]) == (2, 8)
    assert np.shape(again.networks[Fraction(1)]["train_accuracy"]) == (2, 2)
    assert again.networks[Fraction(1)]["early"]["epochs"] == [1]
    _, provenance = load_checkpoint(workspace.checkpoint(tiny_study(), QUARTER, 1))
    for part in ("loss", "accuracy"):
        assert again.networks[QUARTER]["history"][part][1] == np.mean(provenance.history[part], axis=1).tolist()


def test_provenance_holds_what_is_needed_to_make_the_weights_again(finished):
    workspace, _ = finished
    _, provenance = load_checkpoint(workspace.checkpoint(tiny_study(), QUARTER, 1))
    assert (provenance.task, provenance.arch, provenance.alpha, provenance.replicate) == (
        "digits",
        "resnet18",
        "1/4",
        1,
    )
    assert len(provenance.seeds) == len(provenance.train_accuracy) == len(provenance.heldout_accuracy) == 8
    assert provenance.recipe["epochs"] == len(provenance.history["loss"]) == 2
    assert {"code", "device", "torch", "numpy", "python"} <= set(provenance.environment)
    _, wide = load_checkpoint(workspace.checkpoint(tiny_study(), Fraction(1), 1))
    assert wide.epochs == [2, 2, 1]
    assert wide.seeds[1] == wide.seeds[2] != wide.seeds[0]


def test_a_study_run_again_does_nothing(finished, monkeypatch):
    workspace, record = finished
    before = contents(workspace)
    written = {path: path.stat().st_mtime_ns for path in before}
    monkeypatch.setattr(stages, "train", no_training)
    monkeypatch.setattr(stages, "extract", no_training)
    monkeypatch.setattr(stages, "measure", no_training)
    assert run_study(tiny_study(), workspace).key == record.key
    assert contents(workspace) == before
    assert {path: path.stat().st_mtime_ns for path in before} == written


def test_processes_that_share_the_cores_train_the_networks_that_one_alone_would(finished, tmp_path):
    workspace, _ = finished
    for alpha, replicate in ((Fraction(1), 1), (QUARTER, 0)):
        alone = train_stage(tiny_study(), alpha, replicate, Workspace.at(tmp_path))
        assert alone.read_bytes() == workspace.checkpoint(tiny_study(), alpha, replicate).read_bytes()


def test_a_network_that_diverges_in_a_process_is_named_in_a_sentence(tmp_path):
    diverging = tiny_study(train=tiny_recipe(learning_rate=1e30, clip_norm=1e30))
    with pytest.raises(MeasurementError, match=r"the loss of member \d \(digits-resnet18-.*\) is not finite"):
        run_study(diverging, Workspace.at(tmp_path))


def test_a_study_is_trained_where_it_belongs_whatever_folder_processes_were_started_in(tmp_path, monkeypatch):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        run_study(tiny_study(alphas=(Fraction(1), QUARTER), replicates=(0, 1)), Workspace.at(Path()))
        assert len(list((tmp_path / folder).rglob("checkpoints/*/*.safetensors"))) == 4


def test_deleting_one_checkpoint_makes_just_that_one_again(finished):
    workspace, _ = finished
    deleted = workspace.checkpoint(tiny_study(), QUARTER, 0)
    before, (network, provenance) = contents(workspace), load_checkpoint(deleted)
    written = {path: path.stat().st_mtime_ns for path in before}
    deleted.unlink()
    run_study(tiny_study(), workspace)
    checkpoints = [path for path in before if path.parent.parent == workspace.checkpoints]
    assert [path for path in checkpoints if path.stat().st_mtime_ns != written[path]] == [deleted]
    after = contents(workspace)
    assert {
        path
        for path in before
        if path.suffix == ".safetensors" and path.parent.parent == workspace.checkpoints and before[path] != after[path]
    } <= {deleted}
    again, same = load_checkpoint(deleted)
    assert same.seeds == provenance.seeds
    for name, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)


@pytest.mark.parametrize("change", [{"train": tiny_recipe(learning_rate=0.01)}, {"train_examples": 150}])
def test_another_recipe_or_other_data_trains_again(tmp_path, change):
    workspace = Workspace.at(tmp_path)
    study = tiny_study()
    first = train_stage(study, QUARTER, 0, workspace).read_bytes()
    changed = replace(study, scale=replace(study.scale, **change))
    assert train_stage(changed, QUARTER, 0, workspace).read_bytes() != first


OTHER_CODE = {"threads": "1", "code": "0" * 64, "device": "CPU"}


@pytest.mark.parametrize("quick", [True, False])
def test_other_code_or_another_machine_trains_again_only_what_takes_minutes(tmp_path, monkeypatch, quick):
    workspace = Workspace.at(tmp_path)
    study = tiny_study()
    study = replace(study, scale=replace(study.scale, quick=quick))
    first = train_stage(study, QUARTER, 0, workspace).read_bytes()
    monkeypatch.setattr(stages, "environment_of", lambda study: OTHER_CODE)
    console = Console(record=True, width=500, file=StringIO())
    path = train_stage(study, QUARTER, 0, workspace, progress=Progress(console=console))
    said = console.export_text()
    assert (path.read_bytes() == first) is not quick
    assert ("stands as other code or another machine trained it; delete it to train it again" in said) is not quick


def test_asked_anew_hours_of_training_are_repeated_by_other_code(tmp_path, monkeypatch):
    workspace, study = Workspace.at(tmp_path), tiny_study(quick=False)
    first = train_stage(study, QUARTER, 0, workspace).read_bytes()
    assert train_stage(study, QUARTER, 0, workspace, anew=True).read_bytes() == first
    monkeypatch.setattr(stages, "environment_of", lambda study: OTHER_CODE)
    assert train_stage(study, QUARTER, 0, workspace, anew=True).read_bytes() != first


@pytest.mark.parametrize("change", [{"train": tiny_recipe(learning_rate=0.01)}, {"train_examples": 150}])
def test_networks_of_another_recipe_or_other_data_are_not_measured(finished, change):
    workspace, _ = finished
    with pytest.raises(ArtifactError, match=ANOTHER):
        feature_stage(tiny_study(**change), QUARTER, 0, workspace)


def test_sentences_of_another_tokenizer_are_not_measured_with_these_networks(tmp_path):
    workspace, dataset = Workspace.at(tmp_path), tiny_data("transformer")
    study = tiny_study("transformer", train=tiny_recipe_of("transformer"))
    train_stage(study, QUARTER, 0, workspace, dataset=dataset)
    with pytest.raises(ArtifactError, match=ANOTHER):
        feature_stage(study, QUARTER, 0, workspace, dataset=replace(dataset, tokenizer="f" * 64))


def test_hours_of_training_are_repeated_for_another_recipe(tmp_path):
    workspace = Workspace.at(tmp_path)
    study = tiny_study(quick=False)
    first = train_stage(study, QUARTER, 0, workspace).read_bytes()
    changed = tiny_study(quick=False, train=tiny_recipe(learning_rate=0.01))
    assert train_stage(changed, QUARTER, 0, workspace).read_bytes() != first


def test_a_snapshot_is_the_wide_network_as_it_was(finished):
    workspace, _ = finished
    study = tiny_study()
    network, _ = load_checkpoint(workspace.checkpoint(study, Fraction(1), 0))
    early = split_state(network.state_dict(), 3)[2]
    stopped = build("resnet18", Fraction(1), 2, base_width=4, channels=1, classes=10)
    recipe = study.scale.train
    with pytest.MonkeyPatch.context() as patch:
        # As many steps of the schedule as the whole run has, of which one epoch is taken.
        patch.setattr(training, "learning_rate", lambda step, steps, spec: learning_rate(step, 2 * steps, recipe))
        train(stopped, tiny_digits(), replace(recipe, epochs=1), member_seeds(study, Fraction(1), 0))
    for name, value in split_state(stopped.state_dict(), 2)[1].items():
        if value.dim():  # batch counters are common to all members of a checkpoint
            torch.testing.assert_close(early[name], value)


def test_a_damaged_record_is_measured_again(finished):
    workspace, record = finished
    path = workspace.record(tiny_study())
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"digits"', b'"digitz"', 1))
    assert measure_stage(tiny_study(), workspace).key == record.key
    assert path.read_bytes() == whole


def test_the_stages_name_what_they_lack(tmp_path):
    workspace = Workspace.at(tmp_path)
    with pytest.raises(ArtifactError, match="there is no .*digits-resnet18-1_4-r0.safetensors"):
        feature_stage(tiny_study(), QUARTER, 0, workspace)
    with pytest.raises(ArtifactError, match="extract the features"):
        measure_stage(tiny_study(), workspace)
    with pytest.raises(SpecError, match="scale tiny has no α = 1/8: it has 1, 1/2, 1/4"):
        train_stage(tiny_study(), Fraction(1, 8), 0, workspace)
    with pytest.raises(SpecError, match="scale tiny has no replicate 7: it has 0, 1"):
        train_stage(tiny_study(), QUARTER, 7, workspace)


def test_one_replicate_copied_is_no_second_one(finished, tmp_path):
    workspace, _ = finished
    study = tiny_study()
    copied = Workspace.at(tmp_path)
    for alpha, replicate in ensembles(study):
        target = copied.feature_file(study, alpha, replicate)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(workspace.feature_file(study, alpha, 0).read_bytes())
    with pytest.raises(ArtifactError, match="of replicate 0, where replicate 1 belongs"):
        measure_stage(study, copied)
    # Nor if the file says that it is of the other.
    for alpha in study.scale.alphas:
        path = copied.feature_file(study, alpha, 1)
        file = read_features(path)
        arrays = {name: value for name, value in vars(file).items() if name != "metadata"}
        write_features(path, arrays, {**file.metadata, "of": ensemble_of(study, alpha, 1)})
    with pytest.raises(MeasurementError, match="member 0 of .*-r1 has the very weights of member 0 of .*-r0"):
        measure_stage(study, copied)


def test_exchanged_checkpoints_are_refused(finished, tmp_path):
    workspace, _ = finished
    study = tiny_study()
    exchanged = replace(workspace, checkpoints=tmp_path)
    target = exchanged.checkpoint(study, QUARTER, 0)
    target.parent.mkdir(parents=True)
    target.write_bytes(workspace.checkpoint(study, QUARTER, 1).read_bytes())
    with pytest.raises(ArtifactError, match="holds the networks of digits-resnet18-1/4-1, exchanged: get it with"):
        feature_stage(study, QUARTER, 0, exchanged)


def test_features_of_single_precision_are_taken_from_what_is_stored(finished):
    workspace, _ = finished
    file = read_features(workspace.feature_file(tiny_study(), QUARTER, 0))
    assert file.features.shape == (200 + 797, 8, 8)
    assert file.heldout.sum() == 797
    assert file.metadata["checkpoint"]["path"] == "artifacts/checkpoints/tiny/digits-resnet18-1_4-r0.safetensors"
