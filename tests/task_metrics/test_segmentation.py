"""Mean intersection over union as scikit-learn says, in every form of outputs, and what can't be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.task_metrics.segmentation import UNLABELLED, mean_iou, overlaps

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 4, (6, 5, 7))
SCORES = RANDOM.normal(0, 1, (6, 4, 5, 7)) + np.moveaxis(np.eye(4)[LABELS], -1, 1)


def score(outputs: Any, labels: Any) -> float:
    return mean_iou({name: values.sum(axis=0) for name, values in overlaps(outputs, labels).items()})


def expected(predicted: Array, labels: Array) -> float:
    return float(jaccard_score(labels.ravel(), predicted.ravel(), average="macro"))


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param(SCORES, id="channels first"),
        pytest.param(np.moveaxis(SCORES, 1, -1), id="channels last"),
        pytest.param(SCORES.argmax(axis=1), id="class numbers"),
        pytest.param(SCORES.argmax(axis=1).astype(np.float32), id="class numbers as floats"),
        pytest.param(list(SCORES), id="a list"),
    ],
)
def test_it_is_scikit_learns(outputs: Any) -> None:
    assert score(outputs, LABELS) == pytest.approx(expected(SCORES.argmax(axis=1), LABELS), rel=1e-12)


def test_a_class_that_is_nowhere_counts_for_nothing() -> None:
    few = np.minimum(LABELS, 1)
    outputs = np.where(SCORES.argmax(axis=1) > 1, 1, SCORES.argmax(axis=1))
    wide = np.moveaxis(np.eye(9)[outputs], -1, 1)
    assert score(wide, few) == pytest.approx(expected(outputs, few), rel=1e-12)


def test_unlabelled_pixels_count_for_nothing() -> None:
    labels = np.where(RANDOM.random(LABELS.shape) < 0.3, UNLABELLED, LABELS)
    there = labels != UNLABELLED
    assert score(SCORES, labels) == pytest.approx(expected(SCORES.argmax(axis=1)[there], labels[there]), rel=1e-12)


def test_images_may_differ_in_size() -> None:
    outputs, labels = [SCORES[0], SCORES[1][:, :3]], [LABELS[0], LABELS[1][:3]]
    predicted = np.concatenate([one.argmax(axis=0).ravel() for one in outputs])
    known = np.concatenate([one.ravel() for one in labels])
    assert score(outputs, labels) == pytest.approx(expected(predicted, known), rel=1e-12)


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(SCORES, np.full(LABELS.shape, UNLABELLED), "no pixel is labelled", id="no label"),
        pytest.param(SCORES, LABELS + 1, r"labels hold 4 at .*class numbers are 0 to 3", id="counted from 1"),
        pytest.param(SCORES, np.where(LABELS == 1, np.nan, LABELS), "labels hold nan", id="NaN"),
        pytest.param(SCORES, LABELS.astype(str), "labels are texts", id="texts"),
        pytest.param(SCORES, LABELS[:, :4], r"the shape \(4, 5, 7\) and its label \(4, 7\)", id="another size"),
        pytest.param(SCORES[:, :1], LABELS, "of at least two classes", id="one class"),
        pytest.param(SCORES, np.eye(4)[LABELS], r"and its label \(5, 7, 4\)", id="one-hot"),
        pytest.param(
            np.zeros((2, 3, 3, 3)), np.zeros((2, 3, 3)), "which dimension counts classes can't be told", id="cube"
        ),
        pytest.param(SCORES.argmax(axis=1) - 0.5, LABELS, "outputs hold", id="halves"),
        pytest.param({"a": SCORES, "b": SCORES}, LABELS, "outputs are 2 tensors", id="several"),
    ],
)
def test_what_can_not_be_read_is_told(outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises((ValueError, DataSetError), match=says):
        overlaps(outputs, labels)
