"""One training loop for PyTorch models; imports no engine until it is called."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.core.data import Split

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Batch:
    """What one step of training looks at."""

    inputs: torch.Tensor
    """After augmentation, as the model got them."""
    labels: torch.Tensor
    chosen: torch.Tensor
    """The places of these samples in the training split."""


if TYPE_CHECKING:
    Loss = Callable[[torch.Tensor, Batch], torch.Tensor]
    Augment = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


@contextmanager
def repeatable(seed: int) -> Iterator[torch.Generator]:
    """One thread, deterministic operators and seeded random numbers; yields a generator of the same seed.

    The caller's random state, thread count and determinism setting are put back at the end.
    """
    import torch

    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    memory: Any = torch.utils.deterministic
    filled = memory.fill_uninitialized_memory
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        # Filling new memory before it is written costs a sixth of a training step and changes no result.
        memory.fill_uninitialized_memory = False
        try:
            yield torch.Generator().manual_seed(seed)
        finally:
            memory.fill_uninitialized_memory = filled
            torch.use_deterministic_algorithms(deterministic)
            torch.set_num_threads(threads)


def cross_entropy(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean over the batch of -log softmax(outputs) at the label: the loss where no other is given."""
    import torch

    return torch.nn.functional.cross_entropy(outputs, batch.labels)


def fit(
    model: Any,
    data: Split,
    *,
    epochs: int,
    batch: int,
    learning_rate: float,
    weight_decay: float,
    generator: torch.Generator,
    loss: Loss = cross_entropy,
    augment: Augment | None = None,
    channels_last: bool = False,
    after_step: Callable[[], None] | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Train *model* in place by AdamW with a one-cycle learning rate, and leave it in evaluation mode.

    AdamW: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019. One cycle: Smith and Topin,
    "Super-Convergence", 2018, with torch's defaults: from 1/25 of the top up over 30 % of the steps, then down to nearly
    nothing. Every epoch shuffles the samples and drops the last short batch. Call it inside ``repeatable``.

    Args:
        model: a ``torch.nn.Module``; its parameters stay the same objects.
        data: inputs (n, ...) and labels.
        epochs: passes over *data*.
        batch: samples per step, at most n.
        learning_rate: at the cycle's top.
        weight_decay: as AdamW takes it.
        generator: draws the order of samples, then whatever *augment* draws.
        loss: of the model's outputs and the batch, a tensor of one value.
        augment: changes the inputs of a batch; labels stay.
        channels_last: keep channels last in memory meanwhile: faster on CPUs, most of all for depthwise convolutions.
            For inputs (n, c, h, w) only.
        after_step: called after every step of the optimizer, such as to keep zeros.
        progress: gets a line per epoch.

    Raises:
        ValueError: the loss became infinite or no number, or there are fewer samples than *batch*.
    """
    import torch

    steps = len(data) // batch
    if not steps or epochs < 1:
        raise ValueError(f"nothing to train: {epochs} epochs of {len(data)} samples in batches of {batch}.")
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model.to(memory_format=layout)
    inputs, labels = torch.from_numpy(data.inputs), torch.from_numpy(data.labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=epochs * steps)
    for epoch in range(1, epochs + 1):
        started, total = time.perf_counter(), 0.0
        model.train()
        order = torch.randperm(len(inputs), generator=generator)
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            taken = inputs[chosen]
            if augment is not None:
                taken = augment(taken, generator)
            taken = taken.contiguous(memory_format=layout)
            lost = loss(model(taken), Batch(inputs=taken, labels=labels[chosen], chosen=chosen))
            value = lost.item()
            if not math.isfinite(value):
                raise ValueError(
                    f"training diverged: the loss is {value} in epoch {epoch} of {epochs}, step {step + 1} of {steps}. "
                    f"Lower the learning rate ({learning_rate:g}), or look for values that are not finite."
                )
            optimizer.zero_grad()
            torch.autograd.backward(lost)
            optimizer.step()
            schedule.step()
            if after_step is not None:
                after_step()
            total += value
        progress(f"epoch {epoch}/{epochs}: loss {total / steps:.4f}, {time.perf_counter() - started:.1f} s")
    model.to(memory_format=torch.contiguous_format)
    model.eval()
