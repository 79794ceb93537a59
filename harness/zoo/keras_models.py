"""The architecture of ``digits_keras_cnn``, channels last; no engine is imported until it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def digits_keras_cnn() -> keras.Model:
    """``digits_cnn`` in Keras: three convolutions for 8 x 8 images."""
    return conv_net("digits_keras_cnn", 8, [(8, 1), (16, 1), (32, 2)])


def conv_net(name: str, length: int, blocks: list[tuple[int, int]]) -> keras.Model:
    """Convolution blocks of (channels, stride), an average over what is left of the image, and one linear layer.

    Takes images (n, length, length, 1) in 0..1, gives logits (n, 10). Every layer has a name of its own: weights are
    kept under it, and those that Keras makes up count what was built before.
    """
    import keras
    from keras import layers

    image = features = keras.Input((length, length, 1), name="image")
    for number, (channels, stride) in enumerate(blocks):
        convolution = layers.Conv2D(
            channels, 3, strides=stride, padding="same", use_bias=False, name=f"convolution_{number}"
        )
        # Keras' own momentum of .99 would still show the first steps after the few hundred of a small model.
        normalization = layers.BatchNormalization(momentum=0.9, name=f"normalization_{number}")
        features = layers.ReLU(name=f"relu_{number}")(normalization(convolution(features)))
    pooled = layers.GlobalAveragePooling2D(name="pool")(features)
    return keras.Model(image, layers.Dense(10, name="classifier")(pooled), name=name)
