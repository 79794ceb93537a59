"""Architectures of the example models; imports torch, so import it only where a model is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from torch import Tensor, nn


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
    from torchvision.models.mobilenetv2 import MobileNetV2
    from torchvision.ops.misc import Conv2dNormActivation

    # expansion, channels before the width of 0.5, blocks, stride of the first: resolutions 14, 14, 7, 4
    blocks = [[1, 32, 1, 1], [4, 48, 2, 1], [4, 80, 3, 2], [4, 160, 3, 2]]
    model = MobileNetV2(num_classes=10, width_mult=0.5, inverted_residual_setting=blocks, dropout=0.1)
    first, last = model.features[0][0], model.features[-1][0]
    model.features[0][0] = nn.Conv2d(1, first.out_channels, 3, stride=2, padding=1, bias=False)
    model.features[-1] = Conv2dNormActivation(last.in_channels, 256, kernel_size=1, activation_layer=nn.ReLU6)
    model.classifier[1] = nn.Linear(256, 10)
    return cast(nn.Module, model)


ARCHITECTURES: Mapping[str, Callable[[], nn.Module]] = {
    build.__name__: build for build in (digits_cnn, fashion_cnn, fashion_mobilenet)
}
"""How each example model is built, with random weights, by name."""
