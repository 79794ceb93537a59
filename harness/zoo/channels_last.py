"""Images in the layout that TensorFlow and Keras take."""

from __future__ import annotations

import numpy as np

from harness.core.data import DataSet, Split


def channels_last(data: DataSet) -> DataSet:
    """*data* of images (n, c, h, w) as images (n, h, w, c); samples and labels stay the same, in the same order."""

    def moved(split: Split) -> Split:
        return Split(np.ascontiguousarray(np.moveaxis(split.inputs, 1, -1)), split.labels)

    return DataSet(
        evaluation=moved(data.evaluation),
        calibration=moved(data.calibration),
        train=None if data.train is None else moved(data.train),
    )
