"""The data set ``random_images``: 3 x 224 x 224 at random, to run and time models on whose own data is not at hand."""

from __future__ import annotations

import numpy as np

from harness.core.data import DataSet, Split
from harness.core.tensors import Array
from harness.registering import dataset

EVALUATION = 32
CALIBRATION = 16
SEED = 224
PATCHES = 7
"""Patches along a side. Single pixels alone would average out: all images would look the same to a network's end."""


@dataset("random_images", samples=EVALUATION, smallest_class=EVALUATION)
def random_images() -> DataSet:
    """Patches of random colour under noise, of mean 0 and deviation about 1, as photographs are once normalized.

    All labels are 0: accuracy on this data means nothing, only how outputs differ from the float model's does.
    """
    random = np.random.default_rng(SEED)
    evaluation, calibration = _images(random, EVALUATION), _images(random, CALIBRATION)
    return DataSet(
        evaluation=Split(evaluation, np.zeros(EVALUATION, np.int64)),
        calibration=Split(calibration, np.zeros(CALIBRATION, np.int64)),
    )


def _images(random: np.random.Generator, count: int) -> Array:
    side = 224 // PATCHES
    patches = random.standard_normal((count, 3, PATCHES, PATCHES), np.float32)
    noise = random.standard_normal((count, 3, 224, 224), np.float32)
    return patches.repeat(side, axis=2).repeat(side, axis=3) + np.float32(0.25) * noise
