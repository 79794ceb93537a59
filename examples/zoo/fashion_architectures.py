"""Well-known architectures, narrow enough for Fashion-MNIST, each built of torchvision's own parts.

All take images (n, 1, 28, 28) in 0..1 and give logits (n, 10). Importing this registers the trained models of the same
names, each with its verified checkpoint, and imports no engine.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from harness.core.signature import Input
from harness.registering import model

if TYPE_CHECKING:
    from torch import nn


def fashion_vgg() -> nn.Module:
    """VGG with batch norm: six convolutions in place of VGG-11's eight, and two linear layers in place of three."""
    from torch import nn
    from torchvision.models.vgg import make_layers

    features = make_layers([16, "M", 32, 48, "M", 64, 96, "M", 128], batch_norm=True)  # resolutions 28, 14, 7, 3
    features[0] = nn.Conv2d(1, 16, 3, padding=1)
    classifier = nn.Sequential(nn.Linear(128 * 3 * 3, 192), nn.ReLU(), nn.Dropout(0.3), nn.Linear(192, 10))
    return nn.Sequential(OrderedDict(features=features, flatten=nn.Flatten(), classifier=classifier))


def fashion_resnet() -> nn.Module:
    """ResNet of four basic blocks in place of ResNet-18's eight."""
    from torch import nn
    from torchvision.models.resnet import BasicBlock, conv1x1
    from torchvision.ops.misc import Conv2dNormActivation

    def block(taken: int, channels: int, stride: int) -> nn.Module:
        plain = stride == 1 and taken == channels
        shortcut = None if plain else nn.Sequential(conv1x1(taken, channels, stride), nn.BatchNorm2d(channels))
        return cast(nn.Module, BasicBlock(taken, channels, stride, shortcut))

    # resolutions 28, 14, 7, 7, 4
    blocks = nn.Sequential(block(16, 32, 2), block(32, 48, 2), block(48, 48, 1), block(48, 96, 2))
    stem = Conv2dNormActivation(1, 16, kernel_size=3)
    classifier = nn.Linear(96, 10)
    parts = OrderedDict(
        stem=stem, blocks=blocks, pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), classifier=classifier
    )
    return nn.Sequential(parts)


def fashion_mobilenet_v3() -> nn.Module:
    """MobileNetV3 with six blocks: squeeze and excitation, hard swish, kernels of 3 and 5."""
    from torch import nn
    from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3

    # channels, kernel, expanded, channels, squeeze and excitation, activation, stride: resolutions 14, 7, 4
    blocks = [
        (16, 3, 16, 16, False, "RE", 1),
        (16, 3, 64, 24, False, "RE", 2),
        (24, 5, 72, 40, True, "HS", 1),
        (40, 5, 120, 40, True, "HS", 1),
        (40, 5, 120, 64, True, "HS", 2),
        (64, 5, 192, 64, True, "HS", 1),
    ]
    setting = [InvertedResidualConfig(*block, dilation=1, width_mult=1.0) for block in blocks]
    network = MobileNetV3(setting, last_channel=128, num_classes=10, dropout=0.1)
    network.features[0][0] = nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False)
    return cast(nn.Module, network)


def fashion_squeezenet() -> nn.Module:
    """SqueezeNet with five fire modules, and batch norm, which the paper's has not."""
    from torch import nn
    from torchvision.models.squeezenet import Fire
    from torchvision.ops.misc import Conv2dNormActivation

    def normed(convolution: nn.Conv2d) -> nn.Module:
        return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels))

    def fire(taken: int, squeezed: int, channels: int) -> nn.Module:
        module = Fire(taken, squeezed, channels // 2, channels // 2)
        module.squeeze = normed(module.squeeze)
        module.expand1x1, module.expand3x3 = normed(module.expand1x1), normed(module.expand3x3)
        return cast(nn.Module, module)

    features = nn.Sequential(
        Conv2dNormActivation(1, 24, kernel_size=3),
        nn.MaxPool2d(2),  # to 14
        fire(24, 16, 64),
        nn.MaxPool2d(2),  # to 7
        fire(64, 24, 96),
        fire(96, 32, 128),
        nn.MaxPool2d(2, ceil_mode=True),  # to 4
        fire(128, 48, 192),
        fire(192, 48, 192),
    )
    # The classifier is a convolution, as in the paper; a ReLU after it would only take the negative logits away.
    classifier = nn.Sequential(nn.Dropout(0.1), nn.Conv2d(192, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(OrderedDict(features=features, classifier=classifier))


def fashion_shufflenet() -> nn.Module:
    """ShuffleNetV2 with eight units, about half as wide as its 1.0."""
    from torch import nn
    from torchvision.models.shufflenetv2 import ShuffleNetV2

    # The stem's convolution divides by two; its pooling, which does once more, is left out: resolutions 14, 7, 4, 2
    network = ShuffleNetV2([3, 3, 2], [24, 64, 128, 192, 256], num_classes=10)
    network.conv1[0] = nn.Conv2d(1, 24, 3, stride=2, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return cast(nn.Module, network)


NARROW: tuple[Callable[[], nn.Module], ...] = (
    fashion_vgg,
    fashion_resnet,
    fashion_mobilenet_v3,
    fashion_squeezenet,
    fashion_shufflenet,
)
"""How each is built, with random weights."""


def _register(architecture: Callable[[], nn.Module]) -> None:
    name = architecture.__name__

    @model(name, dataset="fashion_mnist", input=Input(name="image", shape=(1, 28, 28)))
    def trained() -> nn.Module:
        from examples.zoo.checkpoint import load

        return load(name, architecture())


for _architecture in NARROW:
    _register(_architecture)
