"""Features that are written to files as they come."""

import numpy as np
import pytest
import torch
from test_extraction import loader
from torch import nn
from torchvision.models import resnet18

from overparam.compare.sources import span_files
from overparam.networks.hooks import extract_features


def test_files_hold_what_memory_would_and_ids_and_labels_lie_beside_them(tmp_path):
    torch.manual_seed(0)
    model = resnet18(weights=None, num_classes=5)
    layers = ["layer1.0.bn2", "fc"]
    kept = extract_features(model, loader(), layers=layers)
    found = extract_features(model, loader(), layers=layers, out=tmp_path / "new" / "features")
    assert sorted(path.name for path in (tmp_path / "new" / "features").iterdir()) == sorted(
        f"{layer}{part}.npy" for layer in layers for part in ("", ".ids", ".labels")
    )
    for layer in layers:
        assert isinstance(found.features[layer], np.memmap)
        np.testing.assert_array_equal(found.features[layer], kept.features[layer])
    matrix = span_files(
        [str(tmp_path / "new" / "features" / f"{layer}.npy") for layer in layers], measures=["Procrustes distance"]
    )
    assert "all rows are in the same order by their ids" in matrix.notes


def test_batches_are_written_as_they_come(tmp_path):
    seen = []

    def batches():
        for _ in range(3):
            (writing,) = tmp_path.glob(".writing.*")
            seen.append((writing / "0.npy").stat().st_size)
            yield torch.zeros(4096, 8)

    extract_features(nn.Sequential(nn.Identity()), batches(), "0", out=tmp_path)
    assert seen[1] > 100_000
    assert seen[2] - seen[1] > 100_000


def test_a_failure_leaves_neither_files_nor_hooks_nor_modes(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.Linear(3, 2)).train()

    def batches():
        yield torch.zeros(4, 3)
        raise OSError("the disk of the data is gone")

    with pytest.raises(OSError, match="disk of the data"):
        extract_features(model, batches(), layers=["0", "2"], out=tmp_path)
    assert not list(tmp_path.iterdir())
    assert model.training
    assert model[1].training
    assert not [module for module in model.modules() if module._forward_hooks]
