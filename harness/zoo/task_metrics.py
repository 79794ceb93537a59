"""Task metrics that come with the harness."""

from __future__ import annotations

import numpy as np

from harness.core.data import Array
from harness.zoo.registry import metric


@metric("top1")
def top1(outputs: Array, labels: Array) -> Array:
    """Whether the largest output is the label's: outputs (n, classes), labels (n,)."""
    return np.asarray(outputs.argmax(axis=1) == labels)


@metric("top5")
def top5(outputs: Array, labels: Array) -> Array:
    """Whether the label is among the five largest outputs: outputs (n, classes), labels (n,)."""
    best = np.argsort(outputs, axis=1)[:, -5:]
    return np.asarray((best == labels[:, None]).any(axis=1))
