"""Absolute and squared errors as scikit-learn says, and shapes that numpy would stretch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from harness.errors import DataSetError
from harness.task_metrics.regression import mean_absolute_error, root_mean_squared_error, squares

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.normal(0, 3, (40, 2))
OUTPUTS = LABELS + RANDOM.normal(0, 1, LABELS.shape)


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [
        pytest.param(OUTPUTS, LABELS, id="two values"),
        pytest.param(OUTPUTS[:, 0], LABELS[:, 0], id="one value"),
        pytest.param(OUTPUTS[:, :1], LABELS[:, 0], id="a column of outputs"),
        pytest.param(OUTPUTS[:, :1], LABELS[:, 0].astype(np.int64), id="whole numbers"),
    ],
)
def test_they_are_scikit_learns(outputs: Any, labels: Any) -> None:
    flat = outputs.reshape(labels.shape)
    assert mean_absolute_error(outputs, labels).mean() == pytest.approx(sklearn.mean_absolute_error(labels, flat))

    sums = {name: values.sum() for name, values in squares(outputs, labels).items()}
    mean = sklearn.mean_squared_error(labels.ravel(), flat.ravel())
    assert root_mean_squared_error(sums) == pytest.approx(np.sqrt(mean))


def test_samples_may_differ_in_length() -> None:
    outputs, labels = [np.array([1.0]), np.array([1.0, 5.0])], [np.array([2.0]), np.array([1.0, 1.0])]
    assert mean_absolute_error(outputs, labels).tolist() == [1, 2]
    assert squares(outputs, labels)["squared"].tolist() == [1, 16]
    assert squares(outputs, labels)["values"].tolist() == [1, 2]


@pytest.mark.parametrize("metric", [mean_absolute_error, squares])
@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(OUTPUTS[:, 0], LABELS[:, :1], r"the shape \(\), and its label in labels \(1,\)", id="a column"),
        pytest.param(OUTPUTS, LABELS[:, :1], r"the shape \(2,\), and its label in labels \(1,\)", id="fewer"),
        pytest.param(OUTPUTS, np.where(LABELS > 2, np.nan, LABELS), "labels hold NaN or infinity", id="NaN"),
        pytest.param(OUTPUTS, LABELS.astype(str), "labels are <U", id="texts"),
        pytest.param({"a": OUTPUTS, "b": OUTPUTS}, LABELS, "outputs are 2 tensors", id="several"),
        pytest.param(np.zeros((2, 0)), np.zeros((2, 0)), "the output of sample 0 is empty", id="nothing"),
    ],
)
def test_what_can_not_be_compared_is_told(metric: Any, outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises((ValueError, DataSetError), match=says):
        metric(outputs, labels)
