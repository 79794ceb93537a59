"""A training loop for Keras models on TensorFlow; imports no engine until it is called."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.core.data import Split
from harness.core.tensors import Array

Augment = Callable[[Array, np.random.Generator], Array]
RISING = 0.3
"""The share of steps in which the learning rate goes up."""
START, END = 1 / 25, 1 / 250_000
"""Learning rate at the first and at the last step, relative to the peak."""


def make_repeatable(seed: int) -> np.random.Generator:
    """One thread, deterministic operators and seeded random numbers for the rest of this process.

    TensorFlow can't take any of it back. Returns a generator of the same seed.

    Raises:
        RuntimeError: TensorFlow was already at work, on more threads.
    """
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    return np.random.default_rng(seed)


def one_cycle(step: int, steps: int, top: float) -> float:
    """The learning rate at *step*, from 0 to *steps* - 1: by half a cosine up to *top*, then down to nearly nothing."""
    peak = RISING * steps - 1
    if step <= peak:
        return _between(START * top, top, step / peak)
    return _between(top, END * top, (step - peak) / (steps - 1 - peak))


def fit(
    model: Any,
    data: Split,
    *,
    epochs: int,
    batch: int,
    learning_rate: float,
    weight_decay: float,
    random: np.random.Generator,
    augment: Augment | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Train *model* in place by AdamW with a one-cycle learning rate, as ``torch_training.fit`` does.

    Loss: cross-entropy of the model's logits. Every epoch shuffles the samples and drops the last short batch. Call it
    after ``make_repeatable``.

    Args:
        model: a ``keras.Model``.
        data: inputs (n, ...) and labels.
        epochs: passes over *data*.
        batch: samples per step, at most n.
        learning_rate: at the cycle's top.
        weight_decay: as AdamW takes it.
        random: draws the order of samples, then whatever *augment* draws.
        augment: changes the inputs of a batch; labels stay.
        progress: gets a line per epoch.

    Raises:
        ValueError: the loss became infinite or no number, or there are fewer samples than *batch*.
    """
    import keras

    steps = len(data) // batch
    if not steps or epochs < 1:
        raise ValueError(f"nothing to train: {epochs} epochs of {len(data)} samples in batches of {batch}.")
    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay)
    step_once = _step(model, optimizer)
    for epoch in range(epochs):
        started, total = time.perf_counter(), 0.0
        order = random.permutation(len(data))
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            taken = data.inputs[chosen]
            if augment is not None:
                taken = augment(taken, random)
            optimizer.learning_rate = one_cycle(epoch * steps + step, epochs * steps, learning_rate)
            value = float(step_once(taken, data.labels[chosen]))
            if not math.isfinite(value):
                raise ValueError(
                    f"training diverged: the loss is {value} in epoch {epoch + 1} of {epochs}, step {step + 1} of "
                    f"{steps}. Lower the learning rate ({learning_rate:g}), or look for values that are not finite."
                )
            total += value
        progress(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}, {time.perf_counter() - started:.1f} s")


def _step(model: Any, optimizer: Any) -> Any:
    import keras
    import tensorflow as tf

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)

    def step(inputs: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            lost = loss(labels, model(inputs, training=True))
        optimizer.apply(tape.gradient(lost, model.trainable_variables), model.trainable_variables)
        return lost

    return tf.function(step)


def _between(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
