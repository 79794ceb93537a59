"""A data set of ten overlapping clouds of points, on which the float model reaches about 95 %."""

from __future__ import annotations

import numpy as np

from harness.core.data import DataSet, Split
from harness.core.tensors import Array

CLASSES = 10
DIMENSIONS = 256
EVALUATION = 1000
CALIBRATION = 200
SPREAD = 3.6
"""Distance of the clouds' centres from the origin, in standard deviations."""


def centres() -> Array:
    """The centre of each cloud: (classes, dimensions)."""
    drawn = np.random.default_rng(7).normal(size=(CLASSES, DIMENSIONS))
    return (SPREAD * drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def split(n: int, seed: int) -> Split:
    """*n* samples, every class equally often."""
    labels = np.arange(n) % CLASSES
    noise = np.random.default_rng(seed).normal(size=(n, DIMENSIONS))
    return Split((centres()[labels] + noise).astype(np.float32), labels)


def blobs(*, evaluation: int = EVALUATION, calibration_factor: float = 1.0) -> DataSet:
    """The data set; a *calibration_factor* other than 1 plants the mistake of a forgotten normalization."""
    held_out = split(CALIBRATION, seed=2)
    return DataSet(
        evaluation=split(evaluation, seed=1),
        calibration=Split((held_out.inputs * calibration_factor).astype(np.float32), held_out.labels),
    )
