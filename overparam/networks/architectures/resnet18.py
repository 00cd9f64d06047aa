"""ResNet-18 for small images: 3×3 stem, no max-pooling (He et al. 2016, as is usual on CIFAR)."""

from torch import Tensor, nn

from overparam.config.architectures import CHANNELS
from overparam.networks.layers import Convolution, ImageNetwork


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut, in each of ``members`` networks."""

    def __init__(self, members: int, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Convolution(members, inputs, outputs, kernel=3, stride=stride)
        self.bn1 = nn.BatchNorm2d(members * outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = Convolution(members, outputs, outputs, kernel=3)
        self.bn2 = nn.BatchNorm2d(members * outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                Convolution(members, inputs, outputs, kernel=1, stride=stride),
                nn.BatchNorm2d(members * outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, members · inputs, h, w) to (batch, members · outputs, h / stride, w / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet18(ImageNetwork):
    """``members`` ResNet-18 side by side; ``width`` channels in the first stage, 8 · ``width`` features.

    With width 64 and one member it is torchvision's ``resnet18`` but for the stem: the same names, the same outputs.
    """

    title = "ResNet-18"
    unit = CHANNELS

    def __init__(self, members: int, width: int, channels: int, classes: int) -> None:
        super().__init__(members, 8 * width, classes)
        self.conv1 = Convolution(members, channels, width, kernel=3)
        self.bn1 = nn.BatchNorm2d(members * width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self._stage(members, width, width, stride=1)
        self.layer2 = self._stage(members, width, 2 * width, stride=2)
        self.layer3 = self._stage(members, 2 * width, 4 * width, stride=2)
        self.layer4 = self._stage(members, 4 * width, 8 * width, stride=2)

    @staticmethod
    def _stage(members: int, inputs: int, outputs: int, stride: int) -> nn.Sequential:
        return nn.Sequential(BasicBlock(members, inputs, outputs, stride), BasicBlock(members, outputs, outputs, 1))

    def maps(self, channels: Tensor) -> Tensor:
        """Output of the last stage."""
        x = self.relu(self.bn1(self.conv1(channels)))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))
