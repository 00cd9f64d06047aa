"""Layers of ``copies`` independent networks side by side.

Every tensor holds the copies one after the other along its first axis, so that copy ``k`` of any parameter is the
``k``-th of ``copies`` equal chunks. State dicts of one copy fit torchvision's.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

# Groups of fewer channels leave most of a processor's matrix unit idle.
GROUP_CHANNELS = 16


class Convolution(nn.Module):
    """Same-padded convolution from ``inputs`` to ``outputs`` channels in each of ``copies`` networks.

    A grouped convolution. Where a copy has few channels, neighbouring copies share a group through a block-diagonal
    kernel, which costs multiplications by zero and saves time.
    """

    def __init__(
        self, copies: int, inputs: int, outputs: int, *, kernel: int, stride: int = 1, bias: bool = False
    ) -> None:
        super().__init__()
        self.stride = stride
        self.packed = 1  # copies in a group
        while copies % (2 * self.packed) == 0 and self.packed * outputs < GROUP_CHANNELS:
            self.packed *= 2
        self.groups = copies // self.packed
        self.weight = nn.Parameter(torch.empty(copies * outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(copies * outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(batch, copies · inputs, h, w) to (batch, copies · outputs, h / stride, w / stride)."""
        weight, stride = self.weight, self.stride
        if weight.shape[-1] == 1 and stride > 1:
            # The same map; oneDNN's gradient of a strided 1×1 kernel is wrong on AVX2 (uxlfoundation/oneDNN#6035).
            x, stride = x[:, :, ::stride, ::stride], 1
        if self.packed > 1:
            separate = torch.eye(self.packed, dtype=weight.dtype, device=weight.device)[:, None, :, None, None, None]
            weight = weight.unflatten(0, (self.groups, self.packed, -1)).unsqueeze(3) * separate
            weight = weight.flatten(3, 4).flatten(0, 2)  # (copies · outputs, packed · inputs, kernel, kernel)
        return F.conv2d(x, weight, self.bias, stride, padding=weight.shape[-1] // 2, groups=self.groups)


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


class Network(nn.Module):
    """What all architectures share: a batch in, one feature vector and logits a copy out."""

    def __init__(self, copies: int, features: int, classes: int) -> None:
        super().__init__()
        self.copies = copies
        self.feature_count = features
        self.fc = Readout(copies, features, classes)

    def features(self, inputs: Tensor) -> Tensor:
        """What the last hidden layer gives: (copies, batch, features).

        Args:
            inputs: (copies, batch, …), what each copy is to see; … is the shape of one example.
        """
        raise NotImplementedError

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits: (copies, batch, classes)."""
        return self.fc(self.features(inputs))


class ImageNetwork(Network):
    """What the image architectures share: feature maps that are averaged."""

    def maps(self, channels: Tensor) -> Tensor:
        """Last feature maps, (batch, copies · features, height, width), of stacked input channels."""
        raise NotImplementedError

    def features(self, inputs: Tensor) -> Tensor:
        """Features after global average pooling, (copies, batch, features).

        Args:
            inputs: (copies, batch, channels, height, width), images.
        """
        stacked = inputs.transpose(0, 1).flatten(1, 2).contiguous(memory_format=torch.channels_last)
        maps = self.maps(stacked)  # (batch, copies · features, h, w)
        return maps.mean(dim=(2, 3)).unflatten(1, (self.copies, -1)).transpose(0, 1)
