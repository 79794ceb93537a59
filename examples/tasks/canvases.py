"""The data sets ``digits_boxes`` and ``digits_pixels``: one to three real digits on a canvas of 32 x 32 pixels.

The digits of an evaluation canvas are evaluation samples of the data set ``digits``, and likewise for the other parts,
so that no part shares a digit with another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.core.data import DataSet, Split
from harness.core.tensors import Array
from harness.registering import dataset
from harness.zoo.digits import digits

SIDE = 32
CELLS = 8
"""Of the detector's grid, along each side; each can hold one box."""
MOST = 3
"""Digits on one canvas, at most."""
SIZES = (8, 14)
"""The least and the greatest side of a digit's square, in pixels."""
INK = 0.3
"""From here a pixel belongs to a digit: boxes hug such pixels, and they are the ones with a digit's label."""
NOISE = 0.08
"""Standard deviation of what is added to all pixels."""
EVALUATION, CALIBRATION, TRAIN = 800, 150, 5000
_TRIES = 50


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Canvases:
    """Canvases with all that is known of them."""

    images: Array
    """float32 (n, 1, 32, 32), about 0..1."""
    boxes: Array
    """float32 (n, 3, 4): x1, y1, x2, y2 in pixels, zeros where there is no digit."""
    classes: Array
    """int64 (n, 3): 0 to 9, -1 where there is no digit."""
    pixels: Array
    """int64 (n, 32, 32): 0 where there is no digit, else 1 plus its class."""


@dataset("digits_boxes", samples=EVALUATION)
def digits_boxes() -> DataSet:
    """Canvases (n, 1, 32, 32); labels are ``boxes`` (n, 3, 4) in pixels and ``classes`` (n, 3), -1 where there is none."""
    parts = [canvases(part, count) for part, count in (("evaluation", EVALUATION), ("calibration", CALIBRATION))]
    evaluation, calibration = (Split(one.images, {"boxes": one.boxes, "classes": one.classes}) for one in parts)
    return DataSet(evaluation=evaluation, calibration=calibration)


@dataset("digits_pixels", samples=EVALUATION)
def digits_pixels() -> DataSet:
    """Canvases (n, 1, 32, 32); labels are a class for each pixel (n, 32, 32): 0 the background, 1 to 10 the digits 0 to 9."""
    parts = [canvases(part, count) for part, count in (("evaluation", EVALUATION), ("calibration", CALIBRATION))]
    evaluation, calibration = (Split(one.images, one.pixels) for one in parts)
    return DataSet(evaluation=evaluation, calibration=calibration)


def detector_training() -> Split:
    """Training canvases; labels float32 (n, 64, 5) are of each cell its class, 0 the background, and box.

    A digit is of the cell that the middle of its box lies in; of two in one cell, the second.
    """
    known = canvases("train", TRAIN)
    labels = np.zeros((TRAIN, CELLS * CELLS, 5), np.float32)
    image, place = np.nonzero(known.classes >= 0)
    boxes = known.boxes[image, place]
    column, row = np.minimum((boxes[:, :2] + boxes[:, 2:]) / 2 / (SIDE / CELLS), CELLS - 1).astype(int).T
    labels[image, row * CELLS + column] = np.column_stack([1 + known.classes[image, place], boxes])
    return Split(known.images, labels)


def segmenter_training() -> Split:
    """Training canvases with a class for each pixel (n, 32, 32)."""
    known = canvases("train", TRAIN)
    return Split(known.images, known.pixels)


def canvases(part: str, count: int) -> Canvases:
    """*count* canvases with digits of *part*, ``evaluation``, ``calibration`` or ``train``: the same ones every time."""
    random = np.random.RandomState({"evaluation": 1, "calibration": 2, "train": 3}[part])
    source: Split = getattr(digits(), part)
    images = np.zeros((count, SIDE, SIDE), np.float32)
    boxes, classes = np.zeros((count, MOST, 4), np.float32), np.full((count, MOST), -1, np.int64)
    pixels = np.zeros((count, SIDE, SIDE), np.int64)
    for number in range(count):
        for place, (x, y, size) in enumerate(_squares(random, 1 + number % MOST)):
            chosen = random.randint(len(source))
            digit, label = enlarged(source.inputs[chosen, 0], size), int(source.labels[chosen])
            ink = digit > INK
            rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
            boxes[number, place] = x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1
            classes[number, place] = label
            here = number, slice(y, y + size), slice(x, x + size)
            images[here] = digit
            pixels[here] = np.where(ink, 1 + label, 0)
    images += random.normal(0, NOISE, images.shape).astype(np.float32)
    return Canvases(images=images[:, np.newaxis], boxes=boxes, classes=classes, pixels=pixels)


def enlarged(image: Array, size: int) -> Array:
    """The square *image* at *size* x *size* pixels, interpolated linearly between the centres of its pixels."""
    from scipy.ndimage import zoom

    return np.asarray(zoom(image, size / len(image), order=1, mode="nearest", grid_mode=True))


def _squares(random: np.random.RandomState, count: int) -> list[tuple[int, int, int]]:
    """*count* squares that don't overlap, as x, y and side; fewer where one found no room."""
    found: list[tuple[int, int, int]] = []
    for _ in range(_TRIES):
        size = random.randint(SIZES[0], SIZES[1] + 1)
        x, y = random.randint(0, SIDE - size + 1, 2)
        if all(x + size <= a or a + s <= x or y + size <= b or b + s <= y for a, b, s in found):
            found.append((int(x), int(y), int(size)))
        if len(found) == count:
            break
    return found
