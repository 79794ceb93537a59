"""The data set ``digits``: 1,797 real handwritten digits of 8 x 8 pixels, embedded in ``digits.npz``.

They are the test part of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (UCI Machine Learning
Repository, doi:10.24432/C50P49, CC BY 4.0), the samples that scikit-learn's ``load_digits`` gives, in its order.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.core.data import DataSet, Split
from harness.registering import dataset
from harness.zoo.channels_last import channels_last
from harness.zoo.stratified import stratified

EMBEDDED = Path(__file__).with_name("digits.npz")
"""``images`` (1797, 8, 8) of whole numbers 0 to 16, ``labels`` (1797,) of 0 to 9."""
EVALUATION = 800
CALIBRATION = 200
SEED = 1797


@dataset("digits", samples=EVALUATION, smallest_class=77)
def digits() -> DataSet:
    """Images of shape (n, 1, 8, 8) in 0..1 with labels 0 to 9.

    800 to evaluate on, 200 to calibrate with, 797 to train on.
    """
    with np.load(EMBEDDED, allow_pickle=False) as embedded:
        inputs = (embedded["images"].reshape(-1, 1, 8, 8) / 16).astype(np.float32)
        labels = embedded["labels"].astype(np.int64)
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
    """The same images of shape (n, 8, 8, 1)."""
    return channels_last(digits())
