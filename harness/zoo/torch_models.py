"""The architecture of ``digits_cnn``; imports torch, so import it only where a model is built."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn


class ConvNet(nn.Module):
    """Convolution blocks, an average over what is left of the image, and one linear layer: (n, 1, h, w) to (n, 10)."""

    def __init__(self, blocks: list[tuple[int, int]]) -> None:
        """Build from *blocks*, the (channels, stride) of each 3 x 3 convolution."""
        super().__init__()
        layers: list[nn.Module] = []
        in_channels = 1
        for channels, stride in blocks:
            layers.append(nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False))
            layers.append(nn.BatchNorm2d(channels))
            layers.append(nn.ReLU())
            in_channels = channels
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(in_channels, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (n, 10) of *image* (n, 1, h, w) in 0..1."""
        return cast(Tensor, self.classifier(self.features(image).flatten(1)))


def digits_cnn() -> nn.Module:
    """Three convolutions for 8 x 8 images."""
    return ConvNet([(8, 1), (16, 1), (32, 2)])


def digits_cnn_student() -> nn.Module:
    """``digits_cnn`` with fewer channels: 1,366 parameters for 6,274."""
    return ConvNet([(4, 1), (8, 2), (12, 1)])
