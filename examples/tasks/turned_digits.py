"""The data set ``digits_turned``: real digits, each turned by a known angle."""

from __future__ import annotations

import numpy as np

from examples.tasks.canvases import enlarged
from harness.core.data import DataSet, Split
from harness.core.tensors import Array
from harness.registering import dataset
from harness.zoo.digits import digits

SIDE = 20
DIGIT = 16
"""The side of the digit in the middle of the image."""
MOST = 45.0
"""Degrees, to both sides."""
CALIBRATION, TURNS = 150, 8
"""Training digits are turned so often, by another angle each time."""


@dataset("digits_turned", samples=800)
def digits_turned() -> DataSet:
    """Images (n, 1, 20, 20) in 0..1; labels are the degrees that each digit was turned counterclockwise, float32 (n,)."""
    data = digits()
    return DataSet(
        evaluation=_turned(data.evaluation.inputs, 1), calibration=_turned(data.calibration.inputs[:CALIBRATION], 2)
    )


def turned_training() -> Split:
    """The training digits, each turned by ``TURNS`` angles."""
    train = digits().train
    assert train is not None
    return _turned(np.tile(train.inputs, (TURNS, 1, 1, 1)), 3)


def _turned(images: Array, seed: int) -> Split:
    from scipy.ndimage import rotate

    degrees = np.random.RandomState(seed).uniform(-MOST, MOST, len(images)).astype(np.float32)
    margin = (SIDE - DIGIT) // 2
    large = [np.pad(enlarged(image[0], DIGIT), margin) for image in images]
    turned = [rotate(one, angle, reshape=False, order=1) for one, angle in zip(large, degrees, strict=True)]
    return Split(np.stack(turned)[:, np.newaxis].astype(np.float32), degrees)
