"""How each example model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one model is trained: AdamW with a one-cycle learning rate on cross-entropy."""

    model: str
    dataset: str
    epochs: int
    batch: int
    learning_rate: float
    """At the cycle's top."""
    weight_decay: float
    flip: bool = False
    """Mirror images at random."""
    shift: int = 0
    """Move images at random by up to this many pixels."""
    channels_last: bool = False
    """Keep channels last in memory while training: faster on CPUs, most of all for depthwise convolutions."""
    seed: int = 0
    framework: str = "torch"


_ALL = (
    Plan(model="digits_cnn", dataset="digits", epochs=20, batch=32, learning_rate=1e-2, weight_decay=1e-2),
    Plan(
        model="digits_keras_cnn",
        dataset="digits_channels_last",
        epochs=20,
        batch=32,
        learning_rate=1e-2,
        weight_decay=1e-2,
        framework="keras",
    ),
    Plan(
        model="fashion_keras_cnn",
        dataset="fashion_mnist_channels_last",
        epochs=12,
        batch=128,
        learning_rate=1e-2,
        weight_decay=5e-2,
        flip=True,
        framework="keras",
    ),
    Plan(
        model="fashion_cnn",
        dataset="fashion_mnist",
        epochs=12,
        batch=128,
        learning_rate=1e-2,
        weight_decay=5e-2,
        flip=True,
        channels_last=True,
    ),
    Plan(
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
        Plan(
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
PLANS: Mapping[str, Plan] = {plan.model: plan for plan in _ALL}


def plan_for(name: str) -> Plan:
    """The plan of the model *name*.

    Raises:
        UnknownName: there is none.
    """
    if name not in PLANS:
        raise UnknownName.among("example model", name, PLANS)
    return PLANS[name]
