"""Detection: which boxes of an image are right, and COCO's mean average precision; overlaps by faster-coco-eval."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.registering import score
from harness.task_metrics.average_precision import OVERLAPS, average_precision
from harness.task_metrics.checked import whole_numbers

MOST = 100
"""Most boxes of one class that count in an image, those of the highest scores, as in COCO."""
OUTPUTS, LABELS = ("boxes", "scores", "classes"), ("boxes", "classes")
_ROUNDED = 1e-3
"""How far a class number of an output may be from a whole one: what floats leave."""


def matches(outputs: Any, labels: Any) -> dict[str, list[Array]]:
    """What each image has: its boxes with score, class and whether they are right, and the classes of its true boxes.

    Outputs are ``boxes`` (n, boxes, 4) as x1, y1, x2, y2, ``scores`` (n, boxes), 0 where there is no box, and ``classes``
    (n, boxes); labels ``boxes`` (n, boxes, 4) and ``classes`` (n, boxes). Images may differ in how many they have, and
    may have none. Where images have fewer labels than the array has room for, a negative class marks the rest.

    Returns:
        ``score`` (boxes,), ``class`` (boxes,) and ``matched`` (boxes, overlaps), the highest score first, and ``truth``
        (true boxes,), each a list of arrays of the images.

    Raises:
        ValueError: outputs have other names or shapes, or are no such boxes.
        DataSetError: labels likewise, or no image has a box.
    """
    image_of, boxes, scores, classes = _detected(outputs)
    true_of, true_boxes, true_classes = _labelled(labels)
    images = np.arange(1 + len(outputs["boxes"]))
    own, true = np.searchsorted(image_of, images), np.searchsorted(true_of, images)
    matched = np.zeros((len(boxes), len(OVERLAPS)), bool)
    for first, past, true_first, true_past in zip(own[:-1], own[1:], true[:-1], true[1:], strict=True):
        here, there = slice(first, past), slice(true_first, true_past)
        if first < past and true_first < true_past:
            matched[here] = _matched(boxes[here], classes[here], true_boxes[there], true_classes[there])
    return {
        "score": np.split(scores, own[1:-1]),
        "class": np.split(classes, own[1:-1]),
        "matched": np.split(matched, own[1:-1]),
        "truth": np.split(true_classes, true[1:-1]),
    }


def _joined(given: Any, names: tuple[str, ...], what: str, error: type[Exception]) -> tuple[Array, ...]:
    """The image of each box, and the tensors *names* of all images one after the other."""
    there = sorted(given) if isinstance(given, dict) else "one tensor"
    if not isinstance(given, dict) or set(given) != set(names):
        where = "harness.model(..., outputs=...)" if what == "outputs" else "labels of the data set"
        raise error(f"{what} are {there}; of detections they are called {', '.join(names)}: name them so in {where}.")
    counts = []
    for number, image in enumerate(zip(*(given[name] for name in names), strict=True)):
        shapes = [np.shape(one) for one in image]
        counts.append(shapes[0][0] if shapes[0] else -1)
        if shapes != [(counts[-1], 4), *[(counts[-1],)] * (len(names) - 1)]:
            said = ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=True))
            raise error(
                f"{what} of image {number} have the shapes {said}; of its boxes they are (boxes, 4) and (boxes,)."
            )
    return np.repeat(np.arange(len(counts)), counts), *(
        np.concatenate(list(given[name])).astype(np.float64) for name in names
    )


def _detected(outputs: Any) -> tuple[Array, Array, Array, Array]:
    """Image, corners, score and class of the boxes that have a score, image by image, the highest score first."""
    image_of, boxes, scores, classes = _joined(outputs, OUTPUTS, "outputs", ValueError)
    if scores.size and not scores.min() >= 0:
        raise ValueError(f"outputs hold the score {scores.min():g}; scores are 0, which is no box, and more.")
    image_of, boxes, scores, classes = (values[scores > 0] for values in (image_of, boxes, scores, classes))
    if 2 * np.count_nonzero(_inverted(boxes)) > len(boxes):
        # Single ones come from rounding, have no area and are wrong; most of them are boxes in another form.
        raise ValueError(f"most boxes of outputs end before they begin. {_FORM}")
    whole = np.rint(classes)
    if np.abs(classes - whole).max(initial=0) > _ROUNDED or whole.min(initial=0) < 0:
        raise ValueError(
            f"outputs hold the classes {np.unique(classes)[:5].tolist()}; they are whole numbers from 0: leave the tensor "
            "that holds them out of what is quantized."
        )
    order = np.lexsort((-scores, whole, image_of))
    begins = np.flatnonzero(np.diff(image_of[order], prepend=-1) | np.diff(whole[order], prepend=-1).astype(bool))
    rank = np.arange(len(order)) - np.repeat(begins, np.diff([*begins, len(order)]))
    kept = order[rank < MOST]
    order = kept[np.lexsort((kept, -scores[kept], image_of[kept]))]
    return image_of[order], boxes[order], scores[order], whole[order].astype(np.int64)


def _labelled(labels: Any) -> tuple[Array, Array, Array]:
    """Image, corners and class of the true boxes, image by image."""
    image_of, boxes, classes = _joined(labels, LABELS, "labels", DataSetError)
    there = ~(classes < 0)  # NaN is no class number, and is told
    image_of, boxes, classes = image_of[there], boxes[there], classes[there]
    if not len(boxes):
        raise DataSetError("labels hold no box at all, and average precision is of the boxes that are there.")
    for wrong, what in (
        (~np.isfinite(boxes).all(axis=1), "NaN or infinity"),
        (_inverted(boxes), "an end before its begin"),
    ):
        if wrong.any():
            raise DataSetError(f"labels hold a box with {what}, the first in image {image_of[wrong][0]}. {_FORM}")
    return image_of, boxes, whole_numbers(classes, what="class labels")


_FORM = "Boxes are x1, y1, x2, y2: where they are x, y, width, height, write x + width and y + height for the last two."


def _inverted(boxes: Array) -> Array:
    return np.asarray((boxes[:, 2:] < boxes[:, :2]).any(axis=1))


def _matched(boxes: Array, classes: Array, true_boxes: Array, true_classes: Array) -> Array:
    """Whether each box of an image is right at each overlap, bool (boxes, overlaps), by their order, as COCO matches them.

    A box takes the free true box of its class with which it overlaps most, of equal ones the last.
    """
    from faster_coco_eval.core import mask

    matched = np.zeros((len(boxes), len(OVERLAPS)), bool)
    sides = [np.hstack([at[:, :2], at[:, 2:] - at[:, :2]]) for at in (boxes, true_boxes)]
    overlaps = np.asarray(mask.iou(*sides, [0] * len(true_boxes)))
    overlaps = np.where(classes[:, np.newaxis] == true_classes, overlaps, -1.0)[
        :, ::-1
    ]  # the last of equals comes first
    free = np.ones((len(OVERLAPS), len(true_boxes)), bool)
    every = np.arange(len(OVERLAPS))
    for box in np.flatnonzero(overlaps.max(axis=1) >= OVERLAPS[0]):
        fits = np.where(free, overlaps[box], -1.0)
        best = fits.argmax(axis=1)
        right = fits[every, best] >= OVERLAPS
        matched[box] = right
        free[every[right], best[right]] = False
    return matched


@score("coco_map", of=matches, title="mAP", weighted=True, packages=["faster-coco-eval"])
def coco_map(images: dict[str, Any], weights: Array) -> Array:
    """COCO's mean average precision, overlaps of .50 to .95, all sizes, at most 100 boxes of a class and image."""
    return average_precision(images, weights)
