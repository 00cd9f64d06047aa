#!/usr/bin/env python
"""The claims on networks that this package knows nothing of: torchvision's ResNet-18, wide and narrow, on digits.

The networks are untrained, to be quick: the example shows how, and measures what random features span. Run it from the
root of the repository, where the margins are declared: a quarter of a minute on one core.

    python examples/torchvision_digits.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torchvision
from rich.console import Console
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import overparam

REPLICATES, NARROW = 3, 8  # four narrow networks of a quarter of the width make S, four are held out of it


def resnet18(divisor: int, seed: int) -> nn.Module:
    """Torchvision's ResNet-18 with every width divided."""
    torch.manual_seed(seed)
    with torch.device("meta"):  # a plan without weights: every layer that has any is made anew below
        model = torchvision.models.resnet18(weights=None, num_classes=10)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Conv2d):
            channels = module.in_channels if name == "conv1" else module.in_channels // divisor
            size = {"kernel_size": module.kernel_size, "stride": module.stride, "padding": module.padding}
            model.set_submodule(name, nn.Conv2d(channels, module.out_channels // divisor, **size, bias=False))
        elif isinstance(module, nn.BatchNorm2d):
            model.set_submodule(name, nn.BatchNorm2d(module.num_features // divisor))
        elif isinstance(module, nn.Linear):
            model.set_submodule(name, nn.Linear(module.in_features // divisor, module.out_features))
    return model


def digits(examples: int) -> DataLoader:
    """Pictures (examples, 3, 32, 32) and labels, in a fixed order."""
    bunch = load_digits()
    pictures = torch.tensor(bunch.images[:examples, None] / 16, dtype=torch.float32).expand(-1, 3, -1, -1)
    pictures = nn.functional.interpolate(pictures, size=32, mode="bilinear")
    return DataLoader(TensorDataset(pictures, torch.tensor(bunch.target[:examples])), batch_size=50)


def main(folder: Path) -> None:
    """Save the features of every network into a folder, and compare them."""
    loader = digits(600)
    for replicate in range(REPLICATES):
        place = folder / f"r{replicate}"
        place.mkdir(parents=True, exist_ok=True)
        divisors = {"wide": 8, "baseline": 8, **{f"narrow-{k}": 32 for k in range(NARROW)}}
        for k, (name, divisor) in enumerate(divisors.items()):
            model = resnet18(divisor, seed=100 * replicate + k)
            features, labels = overparam.extract_features(model, loader, layer="avgpool")
            np.save(place / f"{name}.npy", features)
    np.save(folder / "labels.npy", labels)
    Console(width=150).print(overparam.compare_files(folder, workers=1))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
