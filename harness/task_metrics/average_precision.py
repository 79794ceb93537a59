"""Mean average precision of matched boxes, for many weights of the images at a time.

For every class and overlap the boxes of all images stand in the order of their scores, and an image that was drawn twice
counts twice in it. Precision is looked at where a box is right, and the next one wrong: elsewhere it is lower, at the same
recall or before a higher one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from harness.core.tensors import Array

OVERLAPS = np.linspace(0.5, 0.95, 10)
"""Intersections over union from which on a box is right."""
RECALLS = 100
"""Precision is averaged at the recalls 0, 1/100 and so on to 1, as in COCO."""
LATE = np.linspace(0, 1, RECALLS + 1) > np.arange(RECALLS + 1) / RECALLS
"""Which of them COCO's numbers miss by rounding: a recall of exactly 7/100 is below its 0.07."""
_HELD = 8_000_000
"""Most running sums that are held at one time."""
_EXACT = 2**24
"""Whole numbers up to which float32 has each; half as long as float64, it takes half the time."""


def average_precision(images: Mapping[str, Any], weights: Array) -> Array:
    """The mean over classes and overlaps, of each row of *weights* (resamples, images); NaN without a true box.

    Interpolated at 101 recalls (Lin et al., Microsoft COCO, ECCV 2014, and its evaluation code): each takes the highest
    precision at this recall or a higher one. Classes without a true box in a resample don't count in it.

    Args:
        images: ``score``, ``class``, ``matched`` and ``truth`` of each image, see ``detection.matches``.
        weights: how often each image was drawn.
    """
    scores, classes, matched, truth = (
        np.concatenate(list(images[name])) for name in ("score", "class", "matched", "truth")
    )
    image_of, truth_of = _places(images["score"]), _places(images["truth"])
    order = np.argsort(-scores, kind="stable")
    boxes, true_boxes = (np.bincount(places, minlength=weights.shape[1]) for places in (image_of, truth_of))
    size = max(_HELD // int(max(np.bincount(classes, minlength=1).max(), np.bincount(truth).max())), 1)
    means = []
    for start in range(0, len(weights), size):
        part = weights[start : start + size]
        largest = max(int((part @ boxes).max()), RECALLS * int((part @ true_boxes).max()))
        drawn = np.ascontiguousarray(part.T, np.float32 if largest <= _EXACT else np.float64)
        total, counted = np.zeros(len(part)), np.zeros(len(part))
        for one in np.unique(truth):
            true = drawn[truth_of[truth == one]].sum(axis=0)
            own = order[classes[order] == one]
            total += np.where(true > 0, _of_class(drawn, image_of[own], matched[own], true), 0)
            counted += true > 0
        with np.errstate(invalid="ignore"):
            means.append(total / counted)
    return np.concatenate(means)


def _of_class(drawn: Array, image_of: Array, matched: Array, true: Array) -> Array:
    """The mean over overlaps of a class's average precision: its boxes by score, *drawn* by image, *true* boxes drawn."""
    from scipy import sparse

    total = np.zeros(len(true))
    if not len(image_of):
        return total
    seen = np.maximum(_running(np.add, drawn[image_of]), 1)  # nothing drawn yet: precision is 0, not 0/0
    hits = np.flatnonzero(((np.flatnonzero(LATE)[:, np.newaxis] * true) % RECALLS == 0).any(axis=0) & (true > 0))
    for right in matched.T:
        first, last = _runs(right)
        if not len(last):
            continue
        places = np.flatnonzero(right)
        starts = [*np.searchsorted(places, first), len(places)]
        ones = np.ones(len(places), drawn.dtype)
        reached = sparse.csr_array((ones, image_of[places], starts), shape=(len(first), len(drawn))) @ drawn
        _running(np.add, reached)
        precision = seen[last]
        np.divide(reached, precision, out=precision)
        _running(np.maximum, precision[::-1])
        reached *= RECALLS
        reached /= np.maximum(true, 1)
        exact = reached[:, hits]
        np.floor(reached, out=reached)
        reached[:, hits] -= (exact == reached[:, hits]) & LATE[reached[:, hits].astype(np.int64)]
        total += precision[0] * (1 + reached[0])  # the recall of 0 is reached by any
        total += np.einsum("ij,ij->j", precision[1:], reached[1:] - reached[:-1])
    return np.asarray(total / ((RECALLS + 1) * matched.shape[1]))


def _runs(right: Array) -> tuple[Array, Array]:
    """Where boxes that are right one after the other begin and end: in a run precision only rises, so its end is enough."""
    edges = np.diff(np.concatenate([[False], right, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1


def _running(combine: np.ufunc, rows: Array) -> Array:
    """*rows* with each combined with all before it, in place: ``combine.accumulate``, which is several times slower.

    Whole blocks of rows are combined at a time: first each row of all blocks with the one before, then what is before each block.
    """
    width = max(math.isqrt(len(rows)), 1)
    blocks = [rows[start : start + width] for start in range(0, len(rows), width)]
    for place in range(1, width):
        combine(rows[place::width], rows[place - 1 :: width][: len(rows[place::width])], out=rows[place::width])
    for before, block in pairwise(blocks):
        combine(block, before[-1], out=block)
    return rows


def _places(of_images: Sequence[Array]) -> Array:
    """The number of the image of each value."""
    return np.repeat(np.arange(len(of_images)), list(map(len, of_images)))
