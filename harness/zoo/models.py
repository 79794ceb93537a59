"""The models that come with the package, each with its verified checkpoint; importing this registers them and imports no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.core.signature import Input
from harness.registering import model

if TYPE_CHECKING:
    import keras
    from torch import nn


def _student() -> nn.Module:
    from harness.zoo.torch_models import digits_cnn_student

    return digits_cnn_student()


@model(
    "digits_cnn",
    dataset="digits",
    input=Input(name="image", shape=(1, 8, 8)),
    student=_student,
)
def digits_cnn() -> nn.Module:
    """Three convolutions that read digits."""
    from harness.zoo import torch_models
    from harness.zoo.checkpoint import load

    return load("digits_cnn", torch_models.digits_cnn())


@model(
    "digits_keras_cnn",
    dataset="digits_channels_last",
    framework="keras",
    input=Input(name="image", shape=(8, 8, 1)),
)
def digits_keras_cnn() -> keras.Model:
    """Three convolutions that read digits, in Keras."""
    from harness.zoo import keras_models
    from harness.zoo.checkpoint import load

    return load("digits_keras_cnn", keras_models.digits_keras_cnn())
