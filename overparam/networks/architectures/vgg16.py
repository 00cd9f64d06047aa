"""VGG-16 with batch normalisation (Simonyan and Zisserman 2015): the convolutional part, pooled, and one readout.

The two hidden fully connected layers of the ImageNet network are left out, as is usual on CIFAR, so the last hidden
layer is the last convolution and has 8 · ``width`` features, as many as ResNet-18's.
"""

from torch import Tensor, nn

from overparam.config.architectures import CHANNELS
from overparam.networks.layers import Convolution, ImageNetwork

# Channels of each convolution in multiples of the width; "M" is max-pooling.
LAYOUT = (1, 1, "M", 2, 2, "M", 4, 4, 4, "M", 8, 8, 8, "M", 8, 8, 8, "M")


class VGG16(ImageNetwork):
    """``members`` VGG-16 side by side; ``width`` channels in the first layer, 8 · ``width`` features.

    With width 64 and one member ``convolutions`` has the names and outputs of torchvision's ``vgg16_bn().features``.
    """

    title = "VGG-16"
    unit = CHANNELS

    def __init__(self, members: int, width: int, channels: int, classes: int) -> None:
        super().__init__(members, 8 * width, classes)
        layers: list[nn.Module] = []
        inputs = channels
        for entry in LAYOUT:
            if isinstance(entry, int):
                outputs = entry * width
                layers += [Convolution(members, inputs, outputs, kernel=3, bias=True)]
                layers += [nn.BatchNorm2d(members * outputs), nn.ReLU(inplace=True)]
                inputs = outputs
            else:
                # Rounding up keeps 8×8 images alive to the end and changes nothing at 32×32.
                layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
        self.convolutions = nn.Sequential(*layers)

    def maps(self, channels: Tensor) -> Tensor:
        """Output of the last pooling."""
        return self.convolutions(channels)
