"""The task metrics that ship: the largest outputs against class numbers, and labels that are none are refused with a way out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import DataSetError
from harness.zoo.task_metrics import top1, top5

OUTPUTS = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], np.float32)
COLUMN = np.array([[0.1], [0.9]], np.float32)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "object"])
def test_class_numbers_of_any_type(dtype: str) -> None:
    assert top1(OUTPUTS, np.array([1, 1], dtype)).tolist() == [True, False]


def test_top5_looks_at_five() -> None:
    outputs = np.array([[0.6, 0.5, 0.4, 0.3, 0.2, 0.1]] * 2, np.float32)
    assert top5(outputs, np.array([4, 5])).tolist() == [True, False]


@pytest.mark.parametrize("metric", [top1, top5])
@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(OUTPUTS, np.array(["cat", "dog"]), "labels are texts, such as 'cat'", id="texts"),
        pytest.param(OUTPUTS, np.array([b"cat", b"dog"]), "labels are texts", id="bytes"),
        pytest.param(OUTPUTS, np.array(["cat", "dog"], object), "labels are texts, such as 'cat'", id="text objects"),
        pytest.param(OUTPUTS, np.eye(3)[:2], r"one-hot\? Write labels.argmax\(axis=1\)", id="one-hot"),
        pytest.param(OUTPUTS, np.array([[1], [0]]), r"is \(2,\). Write labels\[:, 0\]", id="a column"),
        pytest.param(COLUMN, np.array([[1], [0]]), r"is \(2,\). Write labels\[:, 0\]", id="a column to one output"),
        pytest.param(OUTPUTS, np.zeros((2, 2)), "register a task metric that takes such labels", id="boxes"),
    ],
)
def test_labels_that_are_no_class_numbers_are_refused(metric: Any, outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises(DataSetError, match=says):
        metric(outputs, labels)
