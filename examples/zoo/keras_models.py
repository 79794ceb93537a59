"""Architectures of the example models in Keras, channels last; no engine is imported until one is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.zoo.keras_models import conv_net, digits_keras_cnn

if TYPE_CHECKING:
    import keras


def fashion_keras_cnn() -> keras.Model:
    """``fashion_cnn`` in Keras: five convolutions for 28 x 28 images."""
    return conv_net("fashion_keras_cnn", 28, [(16, 1), (32, 2), (48, 1), (64, 2), (96, 1)])


ARCHITECTURES: Mapping[str, Callable[[], keras.Model]] = {
    build.__name__: build for build in (digits_keras_cnn, fashion_keras_cnn)
}
"""How each example model is built, with random weights, by name."""
