"""The data set ``digits``: shapes, disjoint splits, the same split every time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from harness.core.data import DataSet, Split
from harness.core.tensors import arrays_sha256
from harness.zoo.digits import EMBEDDED, digits


def test_samples_are_what_the_model_takes(digits_data: DataSet) -> None:
    assert digits_data.train is not None
    parts = {
        "evaluation": (digits_data.evaluation, 800),
        "calibration": (digits_data.calibration, 200),
        "train": (digits_data.train, 797),
    }
    for name, (split, count) in parts.items():
        assert split.inputs.shape == (count, 1, 8, 8), name
        assert split.inputs.dtype == np.float32, name
        assert split.labels.shape == (count,), name
        assert split.labels.dtype == np.int64, name
        assert split.inputs.min() == 0, name
        assert split.inputs.max() == 1, name


def test_splits_share_no_sample(digits_data: DataSet, row_hashes: Callable[[Split], set[bytes]]) -> None:
    assert digits_data.train is not None
    parts = [row_hashes(part) for part in (digits_data.evaluation, digits_data.calibration, digits_data.train)]

    assert len(set.union(*parts)) == sum(len(part) for part in parts) == 1797


def test_every_split_holds_every_class_in_proportion(digits_data: DataSet) -> None:
    for split, least, most in ((digits_data.evaluation, 77, 82), (digits_data.calibration, 19, 21)):
        counts = np.bincount(split.labels, minlength=10)
        assert counts.min() >= least
        assert counts.max() <= most


def test_the_split_is_the_same_every_time(digits_data: DataSet) -> None:
    again = digits()

    for part in ("evaluation", "calibration", "train"):
        first, second = getattr(digits_data, part), getattr(again, part)
        assert arrays_sha256(first.inputs, first.labels) == arrays_sha256(second.inputs, second.labels)


def test_the_calibration_split_is_the_recorded_one(digits_data: DataSet) -> None:
    # a change would move every recorded int8 figure
    assert arrays_sha256(digits_data.calibration.inputs, digits_data.calibration.labels) == RECORDED


RECORDED = "48f82bca55bafa1c6a6a2b66f60683a15c70b237833ef5c878a262c50f361694"


def test_they_are_the_digits_of_scikit_learn() -> None:
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    images, labels = load_digits(return_X_y=True)

    with np.load(EMBEDDED, allow_pickle=False) as embedded:
        assert np.array_equal(embedded["images"].reshape(-1, 64), images)
        assert np.array_equal(embedded["labels"], labels)
