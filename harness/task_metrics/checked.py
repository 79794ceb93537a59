"""What task metrics demand of outputs and labels, with what to do where it is something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError


def one_tensor(given: Any, what: str) -> Any:
    """*given*, outputs or labels as users see them, where they are one tensor.

    Raises:
        ValueError: they are several; *what* says which.
    """
    if isinstance(given, dict):
        raise ValueError(
            f"{what} are {len(given)} tensors ({', '.join(map(repr, given))}), and this task metric takes one. "
            "Register a task metric that picks it."
        )
    return given


def one_array(given: Any, what: str) -> Array:
    """As ``one_tensor``, of samples that have one shape.

    Raises:
        ValueError: they are several tensors, or samples of different shapes.
    """
    if not isinstance(one_tensor(given, what), np.ndarray):
        raise ValueError(f"{what} have samples of different shapes, and this task metric takes an array of one shape.")
    return np.asarray(given)


def class_scores(outputs: Any, least: int = 2) -> Array:
    """*outputs* of shape (n, classes), a score for each class.

    Raises:
        ValueError: they have another shape, or fewer than *least* classes.
    """
    scores = one_array(outputs, "outputs")
    if scores.ndim != 2:
        raise ValueError(f"outputs have the shape {scores.shape}; a score for each class is (n, classes).")
    if scores.shape[1] < least:
        raise ValueError(f"outputs have the shape {scores.shape}: this task metric takes {least} classes and more.")
    return scores


def class_numbers(labels: Any, outputs: Array) -> Array:
    """*labels* of shape (n,), one class number for each sample of *outputs* (n, classes).

    Raises:
        DataSetError: they are texts, one-hot, in more dimensions than one, or numbers of no class; it says what to write.
    """
    labels = one_array(labels, "labels")
    classes = outputs.shape[1:]
    refuse_texts(labels)
    if labels.shape[1:] == classes != (1,):
        raise DataSetError(f"labels have the shape {labels.shape} of outputs: one-hot? Write labels.argmax(axis=1).")
    if labels.ndim != 1:
        remedy = (
            "Write labels[:, 0]." if labels.shape[1:] == (1,) else "Or register a task metric that takes such labels."
        )
        raise DataSetError(
            f"labels have the shape {labels.shape}; one class number a sample is ({len(labels)},). {remedy}"
        )
    return whole_numbers(labels, classes[0])


def refuse_texts(labels: Array) -> None:
    """Raise ``DataSetError`` where *labels* are texts."""
    if labels.size and (labels.dtype.kind in "US" or isinstance(labels.flat[0], str)):
        raise DataSetError(
            f"labels are texts, such as {str(labels.flat[0])!r}, and outputs are counted from class 0. Write class numbers: "
            "np.unique(labels, return_inverse=True)[1] where the model learned the classes in that order."
        )


def whole_numbers(labels: Array, classes: int | None = None, what: str = "labels") -> Array:
    """*labels*, of any shape, as integers from 0, below *classes* where that is known.

    Raises:
        DataSetError: one is NaN, no whole number, negative, or of no class.
    """
    numbers = np.asarray(labels, np.float64)
    with np.errstate(invalid="ignore"):
        wrong = ~(np.isfinite(numbers) & (numbers == np.rint(numbers)) & (numbers >= 0))
        if classes is not None:
            wrong |= numbers >= classes
    if wrong.any():
        first = tuple(int(place) for place in np.argwhere(wrong)[0])
        among = "whole numbers from 0" if classes is None else f"0 to {classes - 1}, as many as outputs have scores"
        raise DataSetError(
            f"{what} hold {numbers[first]:g} at {list(first)}; class numbers are {among} "
            f"({int(wrong.sum())} of {numbers.size} are none)."
        )
    return numbers.astype(np.int64)


def pairs(outputs: Any, labels: Any, what: str = "labels") -> Iterator[tuple[Array, Array]]:
    """Output and label of each sample as numbers in double precision, both of one shape.

    Outputs (n, 1) go with labels (n,).

    Raises:
        ValueError: they are several tensors, or their shapes differ.
        DataSetError: labels are texts, NaN or infinite; *what* says what stands in the labels' place.
    """
    outputs, labels = one_tensor(outputs, "outputs"), one_tensor(labels, what)
    for number, (output, label) in enumerate(zip(outputs, labels, strict=True)):
        known = np.asarray(label)
        if known.dtype.kind not in "biuf":
            raise DataSetError(
                f"{what} are {known.dtype}, such as {known.flat[0]!r}, and this task metric takes numbers."
            )
        if not np.isfinite(known).all():
            raise DataSetError(f"{what} hold NaN or infinity, the first in sample {number}.")
        given = np.asarray(output)
        if given.shape == (*known.shape, 1):
            given = given[..., 0]
        if given.shape != known.shape:
            raise ValueError(
                f"one output has the shape {np.shape(output)}, and its label in {what} {known.shape} (sample {number}): "
                "they must be the same."
            )
        if not given.size:
            raise ValueError(f"the output of sample {number} is empty.")
        yield given.astype(np.float64), known.astype(np.float64)
