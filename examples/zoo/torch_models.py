"""Architectures of the example models; imports torch, so import it only where a model is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from torch import nn

from examples.zoo.fashion_architectures import NARROW
from harness.zoo.torch_models import ConvNet, digits_cnn, digits_cnn_student


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
