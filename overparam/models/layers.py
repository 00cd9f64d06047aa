"""Layers of ``copies`` independent networks side by side.

Every tensor holds the copies one after the other along its first axis, so that copy ``k`` of any parameter is the
``k``-th of ``copies`` equal chunks. With one copy these are PyTorch's own layers, and state dicts fit torchvision's.
"""

import torch
from torch import Tensor, nn


def convolution(
    copies: int, inputs: int, outputs: int, *, kernel: int, stride: int = 1, bias: bool = False
) -> nn.Conv2d:
    """Same-padded convolution from ``inputs`` to ``outputs`` channels in each copy: one group a copy."""
    return nn.Conv2d(copies * inputs, copies * outputs, kernel, stride, padding=kernel // 2, groups=copies, bias=bias)


class Readout(nn.Module):
    """Linear map from each copy's features to its logits: (copies, batch, features) to (copies, batch, classes)."""

    def __init__(self, copies: int, features: int, classes: int) -> None:
        super().__init__()
        self.copies = copies
        self.weight = nn.Parameter(torch.empty(copies * classes, features))
        self.bias = nn.Parameter(torch.empty(copies * classes))

    def forward(self, features: Tensor) -> Tensor:
        """Logits of every copy."""
        weight = self.weight.unflatten(0, (self.copies, -1))  # (copies, classes, features)
        bias = self.bias.unflatten(0, (self.copies, 1, -1))  # (copies, 1, classes)
        return torch.baddbmm(bias, features, weight.mT)


class ImageNetwork(nn.Module):
    """What the image architectures share: batches of images in, one feature vector and logits a copy out."""

    def __init__(self, copies: int, features: int, classes: int) -> None:
        super().__init__()
        self.copies = copies
        self.feature_count = features
        self.fc = Readout(copies, features, classes)

    def maps(self, channels: Tensor) -> Tensor:
        """Last feature maps, (batch, copies · features, height, width), of stacked input channels."""
        raise NotImplementedError

    def features(self, images: Tensor) -> Tensor:
        """Features after global average pooling: (copies, batch, features).

        Args:
            images: (copies, batch, channels, height, width), what each copy is to see.
        """
        stacked = images.transpose(0, 1).flatten(1, 2).contiguous(memory_format=torch.channels_last)
        maps = self.maps(stacked)  # (batch, copies · features, h, w)
        return maps.mean(dim=(2, 3)).unflatten(1, (self.copies, -1)).transpose(0, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits: (copies, batch, classes)."""
        return self.fc(self.features(images))
