"""Classes: what is right by hand, F1 and AUC as scikit-learn says, and labels that are none are refused with a way out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.pipeline.catalog import load_catalog
from harness.registries import task_metrics
from harness.task_metrics.classification import (
    TOP,
    classes_of,
    decisions,
    f1_binary,
    f1_macro,
    roc_auc,
    top,
    two_classes,
)

top1, top5 = top(1), top(5)
OUTPUTS = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], np.float32)
COLUMN = np.array([[0.1], [0.9]], np.float32)


def draws(n: int, count: int = 20, seed: int = 0) -> Array:
    """All samples once, then *count* resamples."""
    random = np.random.default_rng(seed)
    return np.vstack([np.ones((1, n), np.int64), random.multinomial(n, np.full(n, 1 / n), size=count)])


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "object"])
def test_class_numbers_of_any_type(dtype: str) -> None:
    assert top1(OUTPUTS, np.array([1, 1], dtype)).tolist() == [True, False]


def test_top5_looks_at_five() -> None:
    outputs = np.array([[0.6, 0.5, 0.4, 0.3, 0.2, 0.1]] * 2, np.float32)
    assert top5(outputs, np.array([4, 5])).tolist() == [True, False]


def test_those_of_usual_k_are_registered_by_name() -> None:
    load_catalog()
    outputs = np.arange(60.0)[np.newaxis]
    for k in TOP:
        compute = task_metrics.get(f"top{k}").compute
        assert [bool(compute(outputs, np.array([label]))[0]) for label in (60 - k, 59 - k)] == [True, False]


@pytest.mark.parametrize("k", [3, 5])
def test_a_top_that_every_class_is_in_is_no_pass(k: int) -> None:
    with pytest.raises(ValueError, match=f"among the {k} largest of 3 outputs is every class"):
        top(k)(OUTPUTS, np.array([0, 1]))


@pytest.mark.parametrize("metric", [top1, top5, classes_of])
@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(OUTPUTS, np.array(["cat", "dog"]), "labels are texts, such as 'cat'", id="texts"),
        pytest.param(OUTPUTS, np.array([b"cat", b"dog"]), "labels are texts", id="bytes"),
        pytest.param(OUTPUTS, np.array(["cat", "dog"], object), "labels are texts, such as 'cat'", id="text objects"),
        pytest.param(OUTPUTS, np.eye(3)[:2], r"one-hot\? Write labels.argmax\(axis=1\)", id="one-hot"),
        pytest.param(OUTPUTS, np.array([[1], [0]]), r"is \(2,\). Write labels\[:, 0\]", id="a column"),
        pytest.param(OUTPUTS, np.zeros((2, 2)), "register a task metric that takes such labels", id="boxes"),
        pytest.param(OUTPUTS, np.array([0.0, np.nan]), r"labels hold nan at \[1\]", id="NaN"),
        pytest.param(OUTPUTS, np.array([0.5, 1.0]), r"labels hold 0.5 at \[0\]; class numbers are 0 to 2", id="halves"),
        pytest.param(OUTPUTS, np.array([1, 3]), r"labels hold 3 at \[1\].*\(1 of 2 are none\)", id="counted from 1"),
        pytest.param(OUTPUTS, np.array([-1, 1]), r"labels hold -1 at \[0\]", id="negative"),
    ],
)
def test_labels_that_are_no_class_numbers_are_refused(metric: Any, outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises(DataSetError, match=says):
        metric(outputs, labels)


def test_a_column_of_labels_to_one_output_is_refused() -> None:
    with pytest.raises(DataSetError, match=r"is \(2,\). Write labels\[:, 0\]"):
        top1(COLUMN, np.array([[1], [0]]))


@pytest.mark.parametrize("metric", [top1, top5, classes_of, decisions, two_classes])
@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        pytest.param(np.zeros((2, 3, 4, 4)), r"the shape \(2, 3, 4, 4\)", id="images"),
        pytest.param({"a": OUTPUTS, "b": OUTPUTS}, r"outputs are 2 tensors \('a', 'b'\)", id="several"),
        pytest.param([np.zeros(3), np.zeros(4)], "outputs have samples of different shapes", id="lengths"),
    ],
)
def test_outputs_of_another_shape_are_refused(metric: Any, outputs: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        metric(outputs, np.array([0, 1]))


@pytest.mark.parametrize("classes", [2, 3, 40])
def test_macro_f1_is_scikit_learns_of_every_resample(classes: int) -> None:
    random = np.random.default_rng(classes)
    labels, outputs = random.integers(0, classes, 120), random.normal(0, 1, (120, classes))
    outputs[np.arange(120), labels] += 1
    weights = draws(120)

    found = f1_macro(classes_of(outputs, labels), weights)
    predicted = outputs.argmax(axis=1)
    expected = [
        sklearn.f1_score(np.repeat(labels, drawn), np.repeat(predicted, drawn), average="macro") for drawn in weights
    ]
    assert found == pytest.approx(expected, rel=1e-12)


def test_binary_f1_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    labels, outputs = random.integers(0, 2, 200), random.normal(0, 1, (200, 2))
    sums = {name: values.sum() for name, values in decisions(outputs, labels).items()}
    assert f1_binary(sums) == pytest.approx(sklearn.f1_score(labels, outputs.argmax(axis=1)), rel=1e-12)


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(np.zeros((3, 1)), [0, 1, 1], "needs a threshold: register a task metric that knows it", id="one"),
        pytest.param(np.zeros((3, 3)), [0, 1, 2], "Several classes take f1_macro", id="three"),
        pytest.param(np.zeros((3, 2)), [0, 0, 0], "no label is 1", id="no positive"),
        pytest.param(np.zeros((3, 2)), [-1, 1, 1], "labels hold -1", id="minus one"),
    ],
)
def test_binary_f1_is_of_two_classes(outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises((ValueError, DataSetError), match=says):
        decisions(outputs, np.array(labels))


@pytest.mark.parametrize("ties", [False, True], ids=["all differ", "ties"])
def test_auc_is_scikit_learns_of_every_resample(ties: bool) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 150)
    outputs = random.normal(0, 1, 150) + labels
    outputs = np.round(outputs) if ties else outputs
    weights = draws(150)

    found = roc_auc(two_classes(outputs, labels), weights)
    expected = [sklearn.roc_auc_score(labels, outputs, sample_weight=drawn) for drawn in weights]
    assert found == pytest.approx(expected, rel=1e-12)


def test_auc_takes_scores_of_one_class_or_of_two() -> None:
    random = np.random.default_rng(2)
    labels, logits = random.integers(0, 2, 80), random.normal(0, 1, (80, 2))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    everything = np.ones((1, 80), np.int64)

    forms = (logits, shares, shares[:, 1], shares[:, 1:])
    scores = [roc_auc(two_classes(one, labels), everything)[0] for one in forms]
    assert scores == pytest.approx([sklearn.roc_auc_score(labels, shares[:, 1])] * 4, rel=1e-12)


def test_auc_of_a_resample_without_a_class_is_no_number() -> None:
    added = two_classes(np.array([0.1, 0.9, 0.5]), np.array([0, 1, 0]))
    found = roc_auc(added, np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]]))
    assert found[0] == 1
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(np.zeros((3, 3)), [0, 1, 1], "For more classes register a task metric", id="three classes"),
        pytest.param(np.zeros(3), [1, 1, 1], "all labels are 1, and AUC compares samples of two", id="one class"),
        pytest.param(np.zeros(3), [-1, 1, 1], "labels hold -1 at .0.; class numbers are 0 to 1", id="minus one"),
        pytest.param(np.zeros(3), ["a", "b", "b"], "labels are texts", id="texts"),
        pytest.param(np.zeros(3), [0, 1, np.nan], "labels hold nan", id="NaN"),
        pytest.param(np.zeros((3, 2)), [[1, 0], [0, 1], [0, 1]], "one-hot", id="one-hot"),
    ],
)
def test_auc_is_of_two_classes(outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises((ValueError, DataSetError), match=says):
        two_classes(outputs, np.array(labels))
