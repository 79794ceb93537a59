"""The models on Fashion-MNIST, each with its verified checkpoint; importing this registers them and imports no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.core.signature import Input
from harness.registering import model

if TYPE_CHECKING:
    import keras
    from torch import nn


@model(
    "fashion_cnn",
    dataset="fashion_mnist",
    input=Input(name="image", shape=(1, 28, 28)),
    student=lambda: _student("fashion_cnn"),
)
def fashion_cnn() -> nn.Module:
    """Five convolutions that tell clothes apart."""
    return _trained("fashion_cnn")


@model(
    "fashion_mobilenet",
    dataset="fashion_mnist",
    input=Input(name="image", shape=(1, 28, 28)),
    student=lambda: _student("fashion_mobilenet"),
)
def fashion_mobilenet() -> nn.Module:
    """A narrow MobileNetV2 that tells clothes apart."""
    return _trained("fashion_mobilenet")


@model(
    "fashion_keras_cnn",
    dataset="fashion_mnist_channels_last",
    framework="keras",
    input=Input(name="image", shape=(28, 28, 1)),
)
def fashion_keras_cnn() -> keras.Model:
    """Five convolutions that tell clothes apart, in Keras."""
    return _trained_keras("fashion_keras_cnn")


def _trained(name: str) -> nn.Module:
    from examples.zoo.checkpoint import load
    from examples.zoo.torch_models import ARCHITECTURES

    return load(name, ARCHITECTURES[name]())


def _trained_keras(name: str) -> keras.Model:
    from examples.zoo.checkpoint import load
    from examples.zoo.keras_models import ARCHITECTURES

    return load(name, ARCHITECTURES[name]())


def _student(name: str) -> nn.Module:
    from examples.zoo.torch_models import STUDENTS

    return STUDENTS[name]()
