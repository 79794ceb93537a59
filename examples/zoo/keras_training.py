"""How the example models in Keras are trained; imports no engine until it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.data import Split
from harness.core.tensors import Array

if TYPE_CHECKING:
    from examples.zoo.plans import ImagePlan


def train(plan: ImagePlan, data: Split, epochs: int, progress: Callable[[str], None]) -> Any:
    """The model of *plan* trained on *data* for *epochs*; it settles threads and determinism of this process for good.

    Raises:
        ValueError: training diverged, or the plan asks for what is not here.
    """
    from examples.zoo.keras_models import ARCHITECTURES
    from harness.learning.keras_training import fit, make_repeatable

    if plan.shift:
        raise ValueError("images of Keras models can be mirrored, not moved")
    random = make_repeatable(plan.seed)
    model = ARCHITECTURES[plan.model]()
    fit(
        model,
        data,
        epochs=epochs,
        batch=plan.batch,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
        random=random,
        augment=flipped if plan.flip else None,
        progress=lambda line: progress(f"{plan.model} {line}"),
    )
    return model


def flipped(images: Array, random: np.random.Generator) -> Array:
    """*images* (n, h, w, c), about half of them mirrored left to right."""
    mirrored = random.random(len(images)) < 0.5
    return np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)


def correct_answers(model: Any, data: Split, batch: int = 100) -> int:
    """How many samples of *data* the Keras *model* classifies as labelled."""
    logits = np.concatenate(
        [np.asarray(model(data.inputs[start : start + batch], training=False)) for start in range(0, len(data), batch)]
    )
    return int((logits.argmax(1) == data.labels).sum())
