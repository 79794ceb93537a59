"""The example models, each with its verified checkpoint; importing this registers them and imports no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.core.model import Input
from harness.registering import model

if TYPE_CHECKING:
    import keras
    from torch import nn


@model(
    "digits_cnn",
    dataset="digits",
    input=Input(name="image", shape=(1, 8, 8)),
    student=lambda: _student("digits_cnn"),
)
def digits_cnn() -> nn.Module:
    """Three convolutions that read digits."""
    return _trained("digits_cnn")


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
    "digits_keras_cnn",
    dataset="digits_channels_last",
    framework="keras",
    input=Input(name="image", shape=(8, 8, 1)),
)
def digits_keras_cnn() -> keras.Model:
    """Three convolutions that read digits, in Keras."""
    return _trained_keras("digits_keras_cnn")


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
    from harness.zoo.checkpoint import load
    from harness.zoo.torch_models import ARCHITECTURES

    return load(name, ARCHITECTURES[name]())


def _trained_keras(name: str) -> keras.Model:
    from harness.zoo.checkpoint import load
    from harness.zoo.keras_models import ARCHITECTURES

    return load(name, ARCHITECTURES[name]())


def _student(name: str) -> nn.Module:
    from harness.zoo.torch_models import STUDENTS

    return STUDENTS[name]()
