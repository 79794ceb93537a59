"""The data set ``digits``: 1,797 real handwritten digits of 8 x 8 pixels that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from harness.core.data import DataSet, Split
from harness.errors import DataSetError
from harness.registering import dataset
from harness.zoo.channels_last import channels_last
from harness.zoo.stratified import stratified

EVALUATION = 800
CALIBRATION = 200
SEED = 1797


@dataset("digits", samples=EVALUATION, smallest_class=77)
def digits() -> DataSet:
    """Images of shape (n, 1, 8, 8) in 0..1 with labels 0 to 9.

    800 to evaluate on, 200 to calibrate with, 797 to train on.

    Raises:
        DataSetError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as err:
        raise DataSetError(
            f"data set 'digits' comes with scikit-learn, which can't be imported ({err}). Run: pip install scikit-learn"
        ) from err
    images, labels = load_digits(return_X_y=True)
    inputs = (images.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    labels = labels.astype(np.int64)
    evaluation = stratified(labels, EVALUATION, SEED)
    rest = np.setdiff1d(np.arange(len(labels)), evaluation)
    calibration = rest[stratified(labels[rest], CALIBRATION, SEED)]
    train = np.setdiff1d(rest, calibration)
    return DataSet(
        evaluation=Split(inputs[evaluation], labels[evaluation]),
        calibration=Split(inputs[calibration], labels[calibration]),
        train=Split(inputs[train], labels[train]),
    )


@dataset("digits_channels_last", samples=EVALUATION, smallest_class=77)
def digits_channels_last() -> DataSet:
    """The same images of shape (n, 8, 8, 1).

    Raises:
        DataSetError: scikit-learn is not installed.
    """
    return channels_last(digits())
