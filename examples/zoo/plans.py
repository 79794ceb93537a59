"""How each example model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from examples.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlan(Plan):
    """How a model that tells classes of images apart is trained: on cross-entropy."""

    flip: bool = False
    """Mirror images at random."""
    shift: int = 0
    """Move images at random by up to this many pixels."""
    channels_last: bool = False
    """Keep channels last in memory while training: faster on CPUs, most of all for depthwise convolutions."""


_ALL = (
    ImagePlan(model="digits_cnn", dataset="digits", epochs=20, batch=32, learning_rate=1e-2, weight_decay=1e-2),
    ImagePlan(
        model="digits_keras_cnn",
        dataset="digits_channels_last",
        epochs=20,
        batch=32,
        learning_rate=1e-2,
        weight_decay=1e-2,
        framework="keras",
    ),
    ImagePlan(
        model="fashion_keras_cnn",
        dataset="fashion_mnist_channels_last",
        epochs=12,
        batch=128,
        learning_rate=1e-2,
        weight_decay=5e-2,
        flip=True,
        framework="keras",
    ),
    ImagePlan(
        model="fashion_cnn",
        dataset="fashion_mnist",
        epochs=12,
        batch=128,
        learning_rate=1e-2,
        weight_decay=5e-2,
        flip=True,
        channels_last=True,
    ),
    ImagePlan(
        model="fashion_mobilenet",
        dataset="fashion_mnist",
        epochs=10,
        batch=128,
        learning_rate=1e-2,
        weight_decay=5e-2,
        flip=True,
        channels_last=True,
    ),
    *(
        ImagePlan(
            model=name,
            dataset="fashion_mnist",
            epochs=8,
            batch=128,
            learning_rate=1e-2,
            weight_decay=5e-2,
            flip=True,
            channels_last=True,
        )
        for name in (
            "fashion_vgg",
            "fashion_resnet",
            "fashion_mobilenet_v3",
            "fashion_squeezenet",
            "fashion_shufflenet",
        )
    ),
)
PLANS: Mapping[str, ImagePlan] = {plan.model: plan for plan in _ALL}
