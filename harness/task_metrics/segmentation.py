"""Segmentation: mean intersection over union."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.registering import score
from harness.task_metrics.checked import one_tensor, refuse_texts, whole_numbers

UNLABELLED = 255
"""The label of pixels that count for nothing, as in Pascal VOC and Cityscapes."""


def overlaps(outputs: Any, labels: Any) -> dict[str, Array]:
    """Of each image and class, how many pixels are of it in output and label, and in either: (n, classes).

    Outputs are scores (n, classes, height, width) or (n, height, width, classes), or class numbers of the labels' shape.
    Labels are class numbers (n, height, width), 255 where a pixel counts for nothing. Images may differ in size.

    Raises:
        ValueError: shapes don't fit each other.
        DataSetError: labels are no class numbers, or nothing is labelled.
    """
    outputs, labels = one_tensor(outputs, "outputs"), one_tensor(labels, "labels")
    images = [_image(*pair, number) for number, pair in enumerate(zip(outputs, labels, strict=True))]
    classes = max(classes for _, _, classes in images)
    both, either = (np.zeros((len(images), classes), np.int64) for _ in range(2))
    for number, (predicted, known, _) in enumerate(images):
        both[number] = np.bincount(known[known == predicted], minlength=classes)
        either[number] = np.bincount(known, minlength=classes) + np.bincount(predicted, minlength=classes)
    either -= both
    if not either.any():
        raise ValueError(f"no pixel is labelled: all labels are {UNLABELLED}.")
    return {"both": both, "either": either}


def _image(output: Any, label: Any, number: int) -> tuple[Array, Array, int]:
    """Predicted and true class numbers of the labelled pixels of an image, flat, and how many classes there are."""
    label = np.asarray(label)
    refuse_texts(label)
    axis = _class_axis(np.shape(output), label.shape, number)
    predicted = np.asarray(output).argmax(axis=axis) if axis is not None else whole_numbers(output, what="outputs")
    labelled = label != UNLABELLED
    scored = np.shape(output)[axis] if axis is not None else None
    known, predicted = whole_numbers(label[labelled], scored), predicted[labelled]
    highest = max((int(numbers.max()) for numbers in (known, predicted) if numbers.size), default=0)
    return predicted, known, scored or highest + 1


def _class_axis(output: tuple[int, ...], label: tuple[int, ...], number: int) -> int | None:
    """The dimension of an image's output (no batch) that counts classes; None where it holds class numbers."""
    if output == label:
        return None
    fits = [axis for axis in (0, len(output) - 1) if output[:axis] + output[axis + 1 :] == label]
    if len(fits) == 2 and output[0] != 1:
        raise ValueError(
            f"one output has the shape {output} and its label {label}: which dimension counts classes can't be told. Let the "
            "model return class numbers."
        )
    if not fits or output[fits[0]] < 2:
        raise ValueError(
            f"one output has the shape {output} and its label {label} (image {number}): scores are (classes, height, width) or "
            "(height, width, classes) of at least two classes, class numbers have the label's shape."
        )
    return fits[0]


@score("mean_iou", of=overlaps, title="mIoU")
def mean_iou(sums: dict[str, Array]) -> float:
    """The mean of intersection over union, of classes that are predicted or true, as ``sklearn.metrics.jaccard_score``."""
    there = sums["either"] > 0
    return float(np.mean(sums["both"][there] / sums["either"][there])) if there.any() else float("nan")
