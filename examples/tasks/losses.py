"""What the models of ``examples.tasks`` learn by, and how they are called meanwhile; imports torch, so import it only to train."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from examples.tasks.digit_rows import ROWS
from harness.learning.torch_training import Batch

ALIKE, APART = 0.7, 0.2
"""The least cosine of two embeddings of one digit, and the greatest of two digits, that cost nothing."""


def detection(outputs: tuple[Tensor, Tensor], batch: Batch) -> Tensor:
    """Cross-entropy of every cell, and of cells with a digit 1 - IoU of the box and its distance.

    Labels (n, 64, 5) are the class, 0 the background, and the box of every cell.
    """
    logits, boxes = outputs
    classes, true = batch.labels[..., 0].long(), batch.labels[..., 1:]
    there = classes > 0
    boxes, true = boxes[there], true[there]
    overlap = _area(torch.max(boxes[:, :2], true[:, :2]), torch.min(boxes[:, 2:], true[:, 2:]))
    union = _area(boxes[:, :2], boxes[:, 2:]) + _area(true[:, :2], true[:, 2:]) - overlap
    placed = (1 - overlap / union).mean() + 0.1 * functional.smooth_l1_loss(boxes, true)
    # A digit is in one cell of thirty: summed over cells and divided by digits, both parts weigh alike.
    classified = functional.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="sum") / there.sum()
    return classified + 2 * placed


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(dim=-1)


def next_character(outputs: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of all places; outputs are (n, length, characters), labels (n, length)."""
    return functional.cross_entropy(outputs.transpose(1, 2), batch.labels)


def rotation(outputs: Tensor, batch: Batch) -> Tensor:
    """The distance in units of 10 degrees, squared where it is less than one."""
    return functional.smooth_l1_loss(outputs[:, 0] / 10, batch.labels / 10)


def together(outputs: Tensor, batch: Batch) -> Tensor:
    """By how much cosines of two samples of one label fall short of ``ALIKE``, and those of two labels exceed ``APART``, squared.

    The margins (Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", 2006; here on both sides) leave
    the samples of a label their places among each other, by which neighbours are told.
    """
    unit = functional.normalize(outputs)
    cosines = unit @ unit.T
    same = batch.labels[:, None] == batch.labels
    return (ALIKE - cosines[same]).relu().square().mean() + (cosines[~same] - APART).relu().square().mean()


def both_halves(outputs: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy after half a digit and after all of it; outputs are (n, 10, 2)."""
    return functional.cross_entropy(outputs, batch.labels[:, None].expand(-1, 2))


def as_detected(network: Any, images: Tensor) -> Any:
    """Logits and boxes of every cell."""
    return network.cells(images)


def as_pieces(network: Any, pieces: Tensor) -> Any:
    """Of pieces (n, 2, length): words and their kinds."""
    return network(pieces[:, 0], pieces[:, 1])


def as_halves(network: Any, images: Tensor) -> Any:
    """Logits (n, 10, 2) after each half of *images* (n, 1, 8, 8), the first from a state of zeros."""
    rows = images[:, 0]
    first, state = network(rows[:, :ROWS], torch.zeros(len(rows), network.gru.hidden_size))
    return torch.stack([first, network(rows[:, ROWS:], state)[0]], dim=2)


def shortened(pieces: Tensor, generator: torch.Generator) -> Tensor:
    """*pieces* (n, 2, length) of a random length from a third of it on: the words that are left out are drawn for each.

    The model is to know short pieces too, and is not to learn its few sources by heart.
    """
    count, _, length = pieces.shape
    kept = int(torch.randint(length // 3, length + 1, (1,), generator=generator))
    chosen = torch.rand(count, length, generator=generator).argsort(dim=1)[:, :kept].sort(dim=1).values
    return pieces.gather(2, chosen[:, None].expand(-1, 2, -1))


def moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """*images* (n, c, h, w), each moved by up to a pixel."""
    from examples.zoo.augmentation import shifted

    return shifted(images, 1, generator)
