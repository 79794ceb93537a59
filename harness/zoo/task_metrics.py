"""Task metrics that come with the harness."""

from __future__ import annotations

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.registering import task_metric


def class_numbers(labels: Array, outputs: Array) -> Array:
    """*labels* of shape (n,), one class number for each sample.

    Raises:
        DataSetError: they are texts, one-hot, or in more dimensions than one; it says what to write instead.
    """
    classes = outputs.shape[1:]
    if labels.dtype.kind in "US" or isinstance(labels.flat[0], str):
        raise DataSetError(
            f"labels are texts, such as {str(labels.flat[0])!r}, and outputs are counted from class 0. Write class numbers: "
            "np.unique(labels, return_inverse=True)[1] where the model learned the classes in that order."
        )
    if labels.shape[1:] == classes != (1,):
        raise DataSetError(f"labels have the shape {labels.shape} of outputs: one-hot? Write labels.argmax(axis=1).")
    if labels.ndim != 1:
        remedy = (
            "Write labels[:, 0]." if labels.shape[1:] == (1,) else "Or register a task metric that takes such labels."
        )
        raise DataSetError(
            f"labels have the shape {labels.shape}; one class number a sample is ({len(labels)},). {remedy}"
        )
    return labels


@task_metric("top1")
def top1(outputs: Array, labels: Array) -> Array:
    """Whether the largest output is the label's: outputs (n, classes), labels (n,)."""
    return np.asarray(outputs.argmax(axis=1) == class_numbers(labels, outputs))


@task_metric("top5")
def top5(outputs: Array, labels: Array) -> Array:
    """Whether the label is among the five largest outputs: outputs (n, classes), labels (n,)."""
    best = np.argsort(outputs, axis=1)[:, -5:]
    return np.asarray((best == class_numbers(labels, outputs)[:, None]).any(axis=1))
