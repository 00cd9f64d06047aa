import json
from dataclasses import asdict, replace

import pytest
import torch
from networks import QUARTER, tiny_study

from overparam.errors import ArtifactError, StorageError
from overparam.io.sealed import read_metadata, read_sealed, write_sealed
from overparam.networks.checkpoints import Provenance, load_checkpoint, save_checkpoint
from overparam.networks.ensemble import initialise
from overparam.networks.registry import build
from overparam.study.feature_file import read_features, write_features

SEEDS = [1, 2, 3]


def network():
    net = build("resnet18", QUARTER, 3, base_width=8, channels=1, classes=10)
    initialise(net, SEEDS)
    return net


def provenance():
    return Provenance(
        identity="i",
        key="k",
        task="digits",
        arch="resnet18",
        alpha="1/4",
        replicate=0,
        base_width=8,
        channels=1,
        classes=10,
        seeds=SEEDS,
        epochs=[2, 2, 2],
        recipe=asdict(tiny_study().scale.train),
        data={"source": "scikit-learn digits, embedded"},
        environment={"device": "CPU"},
        train_accuracy=[0.9, 0.8, 0.7],
        heldout_accuracy=[0.8, 0.7, 0.6],
        history={"loss": [[1.0, 1.1, 1.2]], "accuracy": [[0.5, 0.4, 0.3]]},
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "digits-resnet18-1_4-r0.safetensors"
    save_checkpoint(path, network(), provenance(), "float32")
    return path


def test_a_checkpoint_gives_back_network_and_provenance(path):
    loaded, origin = load_checkpoint(path)
    assert origin == provenance()
    original = network().state_dict()
    assert all(torch.equal(value, original[name]) for name, value in loaded.state_dict().items())
    assert read_metadata(path)["key"] == "k"


def test_the_same_network_gives_the_same_bytes(path, tmp_path):
    again = tmp_path / "again.safetensors"
    save_checkpoint(again, network(), provenance(), "float32")
    assert again.read_bytes() == path.read_bytes()


def test_weights_stored_in_16_bits_come_back_as_float32(tmp_path):
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, network(), provenance(), "float16")
    loaded, _ = load_checkpoint(path)
    assert loaded.conv1.weight.dtype == torch.float32
    torch.testing.assert_close(loaded.conv1.weight, network().conv1.weight, rtol=1e-2, atol=1e-2)


def test_a_flipped_byte_is_caught_wherever_it_is(path):
    whole = path.read_bytes()
    for position in range(8, len(whole), len(whole) // 40):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ArtifactError, match=rf"{path.name} .*: get it with `dvc pull --allow-missing`, or delete"):
            load_checkpoint(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_checkpoint_cut_short_is_caught(path, share):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArtifactError, match="truncated or damaged"):
        load_checkpoint(path)
    assert read_metadata(path) == {}


def test_a_missing_checkpoint_names_the_remedy(tmp_path):
    with pytest.raises(
        ArtifactError, match=r"there is no .*nothing.safetensors: get it with `dvc pull --allow-missing`"
    ):
        load_checkpoint(tmp_path / "nothing.safetensors")


def test_a_file_of_someone_else_is_refused(tmp_path):
    import safetensors.torch

    path = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(ArtifactError, match="was not written by overparam"):
        load_checkpoint(path)


@pytest.mark.parametrize("change", [{"base_width": 4}, {"seeds": [1, 2]}, {"arch": "vgg16"}])
def test_weights_that_do_not_fit_their_provenance_are_refused(path, change):
    tensors, _ = read_sealed(path, remedy="")
    write_sealed(path, tensors, asdict(replace(provenance(), **change)))
    with pytest.raises(ArtifactError, match="no checkpoint of this version"):
        load_checkpoint(path)


def test_a_full_disk_leaves_the_old_checkpoint(path, monkeypatch):
    old = path.read_bytes()

    def refuse(self, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "write_bytes", refuse)
        with pytest.raises(StorageError, match="No space left on device.*nothing that stood there was changed"):
            save_checkpoint(path, network(), replace(provenance(), key="new"), "float32")
    assert path.read_bytes() == old
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_provenance_is_plain_json_in_the_header(path):
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    _, text = header["__metadata__"]["overparam"].split(" ", 1)
    assert json.loads(text)["train_accuracy"] == [0.9, 0.8, 0.7]


def test_features_of_a_damaged_file_are_refused(tmp_path):
    import numpy as np

    path = tmp_path / "features.safetensors"
    arrays = {
        "features": np.arange(24, dtype=np.float32).reshape(4, 2, 3),
        "ids": np.arange(4),
        "labels": np.zeros(4, np.int64),
        "heldout": np.array([False, False, True, True]),
        "epochs": np.array([2, 2]),
    }
    write_features(path, arrays, {"key": "k"})
    back = read_features(path)
    assert all(np.array_equal(getattr(back, name), array) for name, array in arrays.items())
    damaged = bytearray(path.read_bytes())
    damaged[-5] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ArtifactError, match="delete what is there and extract the features again"):
        read_features(path)
