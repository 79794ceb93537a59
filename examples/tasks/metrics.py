"""Task metrics of the models of ``examples.tasks`` that don't ship with the harness."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.registering import sample_metric, task_metric
from harness.task_metrics.regression import mean_absolute_error

NEIGHBOURS = 5


@sample_metric("rotation_error", title="rotation error", unit="degrees", better="lower")
def rotation_error(outputs: Any, labels: Any) -> Array:
    """By how many degrees each rotation is wrong, (n,): the mean absolute error that ships, with the unit of these labels."""
    return mean_absolute_error(outputs, labels)


@task_metric("rows_top1")
def rows_top1(outputs: Any, labels: Any) -> Array:
    """Whether the largest of ``logits`` (n, 10) is the label's, (n,); the model's other output, its state, has no label."""
    return np.asarray(outputs["logits"].argmax(axis=1) == labels)


@sample_metric("same_digit_at_5", title="same digit@5", unit="fraction", better="higher")
def same_digit_at_5(outputs: Any, labels: Any) -> Array:
    """Of the 5 other samples whose embeddings (n, values) are nearest by cosine, how many have the same label, (n,) in 0..1.

    It is what embeddings were trained for, and what their checkpoint's card tells: ``recall_at_5`` compares with the
    float model, which is 1 of itself.
    """
    unit = outputs / np.linalg.norm(outputs, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    nearest = np.argpartition(alike, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
    return np.asarray((labels[nearest] == np.asarray(labels)[:, np.newaxis]).mean(axis=1))
