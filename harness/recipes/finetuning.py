"""Fine-tuning: a short training of a compressed model on its own training split."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.data import Split
from harness.core.work import Work
from harness.errors import ContractError
from harness.learning.torch_training import cross_entropy, fit, repeatable

if TYPE_CHECKING:
    from harness.learning.torch_training import Loss

STEPS = 800
"""Steps of the optimizer, rounded to whole epochs, at least one."""
BATCH, SMALL_BATCH = 128, 32
LARGE = 12_800
"""From this many samples on batches are of ``BATCH``."""
LEARNING_RATE = 1e-3
"""At the cycle's top. fashion_cnn after prune_channels30 (60.2 %), on the 5,000 held-out training images of Fashion-MNIST:
92.1 % with 3e-4, 92.5 % with 1e-3, 92.7 % with 3e-3. The middle one, since a model that lost little has more to lose.
"""
WEIGHT_DECAY = 1e-2


def finetune(
    model: Any,
    work: Work,
    *,
    after_step: Callable[[], None] | None = None,
    loss: Loss | None = None,
    learning_rate: float = LEARNING_RATE,
    steps: int = STEPS,
) -> Any:
    """Train *model* in place for about 800 steps on class labels; it is returned in evaluation mode.

    The same model, data, seed, torch version and kind of CPU give the same weights.

    Args:
        model: a ``torch.nn.Module`` from inputs to outputs (n, classes).
        work: gives training split and seed, and gets the epochs added.
        after_step: called after every step of the optimizer, such as to keep zeros.
        loss: of outputs and batch; cross-entropy when left out.
        learning_rate: at the cycle's top.
        steps: of the optimizer, about.

    Raises:
        ContractError: labels or outputs are not those of a classifier.
        ValueError: training diverged.
    """
    data = labelled(model, work)
    epochs, batch = schedule(len(data), steps)
    with repeatable(work.seed) as generator:
        fit(
            model,
            data,
            epochs=epochs,
            batch=batch,
            learning_rate=learning_rate,
            weight_decay=WEIGHT_DECAY,
            generator=generator,
            loss=cross_entropy if loss is None else loss,
            channels_last=takes_channels_last(model, data),
            after_step=after_step,
        )
    work.epochs += epochs
    return model


def schedule(samples: int, steps: int = STEPS) -> tuple[int, int]:
    """Epochs and batch size for about *steps* optimizer steps over *samples*."""
    batch = min(BATCH if samples >= LARGE else SMALL_BATCH, samples)
    return max(1, math.ceil(steps / (samples // batch))), batch


def labelled(model: Any, work: Work) -> Split:
    """The training split with labels as cross-entropy takes them.

    Raises:
        ContractError: labels are not integers (n,) from 0 to classes - 1, or outputs not (n, classes).
    """
    data = work.train
    shape, labels = outputs_shape(model, work), data.labels
    fault = ""
    if not isinstance(data.inputs, np.ndarray) or not isinstance(labels, np.ndarray):
        fault = "samples differ in length, or labels are no array"
    elif labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        fault = f"the labels are {labels.dtype} of shape {labels.shape}"
    elif len(shape) != 2:
        fault = f"the outputs have shape {shape}"
    elif labels.min() < 0 or labels.max() >= shape[1]:
        fault = f"the labels go from {labels.min()} to {labels.max()} and there are {shape[1]} outputs"
    if fault:
        raise ContractError(
            f"step {work.step!r}: fine-tuning here needs class labels, integers of shape (n,) from 0 to classes - 1, and "
            f"outputs of shape (n, classes); {fault}."
        )
    return Split(data.inputs, labels.astype(np.int64, copy=False))


def outputs_shape(model: Any, work: Work) -> tuple[int, ...]:
    """The shape of the outputs of *model*, in evaluation mode, for the example samples."""
    import torch

    model.eval()
    with torch.no_grad():
        return tuple(model(torch.from_numpy(work.example_array.copy())).shape)


def takes_channels_last(model: Any, data: Split) -> bool:
    """Whether *model* computes with channels last in memory: a ``view`` in it can make it refuse.

    A training step of fashion_mobilenet is 30 % faster that way, one of fashion_cnn 18 %.
    """
    import torch

    if data.inputs.ndim != 4:
        return False
    model.eval().to(memory_format=torch.channels_last)
    try:
        with torch.no_grad():
            model(torch.from_numpy(data.inputs[:2]).contiguous(memory_format=torch.channels_last))
    except RuntimeError:
        return False
    finally:
        model.to(memory_format=torch.contiguous_format)
    return True
