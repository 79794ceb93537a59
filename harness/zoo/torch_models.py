"""Architectures of the example models; imports torch, so import it only where a model is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from torch import Tensor, nn

from harness.zoo.fashion_architectures import NARROW


class ConvNet(nn.Module):
    """Convolution blocks, an average over what is left of the image, and one linear layer: (n, 1, h, w) to (n, 10)."""

    def __init__(self, blocks: list[tuple[int, int]]) -> None:
        """Build from *blocks*, the (channels, stride) of each 3 x 3 convolution."""
        super().__init__()
        layers: list[nn.Module] = []
        taken = 1
        for channels, stride in blocks:
            layers.append(nn.Conv2d(taken, channels, 3, stride=stride, padding=1, bias=False))
            layers.append(nn.BatchNorm2d(channels))
            layers.append(nn.ReLU())
            taken = channels
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(taken, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (n, 10) of *image* (n, 1, h, w) in 0..1."""
        return cast(Tensor, self.classifier(self.features(image).flatten(1)))


def digits_cnn() -> nn.Module:
    """Three convolutions for 8 x 8 images."""
    return ConvNet([(8, 1), (16, 1), (32, 2)])


def fashion_cnn() -> nn.Module:
    """Five convolutions for 28 x 28 images."""
    return ConvNet([(16, 1), (32, 2), (48, 1), (64, 2), (96, 1)])


def fashion_mobilenet() -> nn.Module:
    """MobileNetV2 for 28 x 28 images of one channel: fewer blocks, no wider than 80 channels, and a head of 256."""
    # expansion, channels before the width of 0.5, blocks, stride of the first: resolutions 14, 14, 7, 4
    return _mobilenet([[1, 32, 1, 1], [4, 48, 2, 1], [4, 80, 3, 2], [4, 160, 3, 2]], head=256)


def _mobilenet(blocks: list[list[int]], head: int) -> nn.Module:
    from torchvision.models.mobilenetv2 import MobileNetV2
    from torchvision.ops.misc import Conv2dNormActivation

    model = MobileNetV2(num_classes=10, width_mult=0.5, inverted_residual_setting=blocks, dropout=0.1)
    first, last = model.features[0][0], model.features[-1][0]
    model.features[0][0] = nn.Conv2d(1, first.out_channels, 3, stride=2, padding=1, bias=False)
    model.features[-1] = Conv2dNormActivation(last.in_channels, head, kernel_size=1, activation_layer=nn.ReLU6)
    model.classifier[1] = nn.Linear(head, 10)
    return cast(nn.Module, model)


def digits_cnn_student() -> nn.Module:
    """``digits_cnn`` with fewer channels: 1,366 parameters for 6,274."""
    return ConvNet([(4, 1), (8, 2), (12, 1)])


def fashion_cnn_student() -> nn.Module:
    """``fashion_cnn`` with half its channels or fewer: 23,762 parameters for 103,002."""
    return ConvNet([(8, 1), (16, 2), (24, 1), (32, 2), (40, 1)])


def fashion_mobilenet_student() -> nn.Module:
    """``fashion_mobilenet`` with fewer blocks, channels and half its head: 35,290 parameters for 203,418."""
    return _mobilenet([[1, 16, 1, 1], [4, 32, 1, 2], [4, 64, 2, 2], [4, 96, 1, 1]], head=128)


ARCHITECTURES: Mapping[str, Callable[[], nn.Module]] = {
    build.__name__: build for build in (digits_cnn, fashion_cnn, fashion_mobilenet, *NARROW)
}
"""How each example model is built, with random weights, by name."""

STUDENTS: Mapping[str, Callable[[], nn.Module]] = {
    "digits_cnn": digits_cnn_student,
    "fashion_cnn": fashion_cnn_student,
    "fashion_mobilenet": fashion_mobilenet_student,
}
"""How the untrained student of an example model is built, by the model's name."""
