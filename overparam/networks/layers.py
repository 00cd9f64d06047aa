"""Layers of ``members`` independent networks side by side.

Every tensor holds the members one after the other along its first axis, so that member ``k`` of any parameter is the
``k``-th of ``members`` equal chunks. State dicts of one member fit torchvision's.
"""

from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from overparam.config.architectures import Unit

# Groups of fewer channels leave most of a processor's matrix unit idle.
GROUP_CHANNELS = 16


class Convolution(nn.Module):
    """Same-padded convolution from ``inputs`` to ``outputs`` channels in each of ``members`` networks.

    A grouped convolution. Where a member has few channels, neighbouring members share a group through a block-diagonal
    kernel, which costs multiplications by zero and saves time.
    """

    def __init__(
        self, members: int, inputs: int, outputs: int, *, kernel: int, stride: int = 1, bias: bool = False
    ) -> None:
        super().__init__()
        self.stride = stride
        self.packed = 1  # members in a group
        while members % (2 * self.packed) == 0 and self.packed * outputs < GROUP_CHANNELS:
            self.packed *= 2
        self.groups = members // self.packed
        self.weight = nn.Parameter(torch.empty(members * outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(members * outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(batch, members · inputs, h, w) to (batch, members · outputs, h / stride, w / stride)."""
        weight, stride = self.weight, self.stride
        if weight.shape[-1] == 1 and stride > 1:
            # The same map; oneDNN's gradient of a strided 1×1 kernel is wrong on AVX2 (uxlfoundation/oneDNN#6035).
            x, stride = x[:, :, ::stride, ::stride], 1
        if self.packed > 1:
            separate = torch.eye(self.packed, dtype=weight.dtype, device=weight.device)[:, None, :, None, None, None]
            weight = weight.unflatten(0, (self.groups, self.packed, -1)).unsqueeze(3) * separate
            weight = weight.flatten(3, 4).flatten(0, 2)  # (members · outputs, packed · inputs, kernel, kernel)
        return F.conv2d(x, weight, self.bias, stride, padding=weight.shape[-1] // 2, groups=self.groups)


class Readout(nn.Module):
    """Linear map from each member's features to its logits: (members, batch, features) to (members, batch, classes)."""

    def __init__(self, members: int, features: int, classes: int) -> None:
        super().__init__()
        self.members = members
        self.weight = nn.Parameter(torch.empty(members * classes, features))
        self.bias = nn.Parameter(torch.empty(members * classes))

    def forward(self, features: Tensor) -> Tensor:
        """Logits of every member."""
        weight = self.weight.unflatten(0, (self.members, -1))  # (members, classes, features)
        bias = self.bias.unflatten(0, (self.members, 1, -1))  # (members, 1, classes)
        return torch.baddbmm(bias, features, weight.mT)


class Network(nn.Module):
    """What all architectures share: a batch in, one feature vector and the logits of every member out.

    Attributes:
        title: of the architecture, in words.
        unit: that its width is counted in.
    """

    title: ClassVar[str]
    unit: ClassVar[Unit]

    def __init__(self, members: int, features: int, classes: int) -> None:
        super().__init__()
        self.members = members
        self.feature_count = features
        self.fc = Readout(members, features, classes)

    def features(self, inputs: Tensor) -> Tensor:
        """What the last hidden layer gives: (members, batch, features).

        Args:
            inputs: (members, batch, …), what each member is to see; … is the shape of one example.
        """
        raise NotImplementedError

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits: (members, batch, classes)."""
        return self.fc(self.features(inputs))


class ImageNetwork(Network):
    """What the image architectures share: feature maps that are averaged."""

    def maps(self, channels: Tensor) -> Tensor:
        """Last feature maps, (batch, members · features, height, width), of stacked input channels."""
        raise NotImplementedError

    def features(self, inputs: Tensor) -> Tensor:
        """Features after global average pooling, (members, batch, features).

        Args:
            inputs: (members, batch, channels, height, width), images.
        """
        stacked = inputs.transpose(0, 1).flatten(1, 2).contiguous(memory_format=torch.channels_last)
        maps = self.maps(stacked)  # (batch, members · features, h, w)
        return maps.mean(dim=(2, 3)).unflatten(1, (self.members, -1)).transpose(0, 1)
