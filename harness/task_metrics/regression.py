"""Numbers: mean absolute error and root mean squared error, in the unit of the labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.registering import sample_metric, score
from harness.task_metrics.checked import pairs

UNIT = "units"
"""What budgets and tables call the unit of labels, which nobody here knows."""


@sample_metric("mean_absolute_error", title="MAE", unit=UNIT, better="lower")
def mean_absolute_error(outputs: Any, labels: Any) -> Array:
    """The mean distance of each sample's values from its labels, (n,).

    Outputs and labels are numbers of one shape, (n, ...); outputs (n, 1) go with labels (n,).
    """
    return np.array([np.abs(output - label).mean() for output, label in pairs(outputs, labels)])


def squares(outputs: Any, labels: Any) -> dict[str, Array]:
    """The squared distances of each sample's values from its labels, summed, and how many they are: (n,)."""
    each = [(((output - label) ** 2).sum(), output.size) for output, label in pairs(outputs, labels)]
    return {"squared": np.array([squared for squared, _ in each]), "values": np.array([values for _, values in each])}


@score("root_mean_squared_error", of=squares, title="RMSE", unit=UNIT, better="lower")
def root_mean_squared_error(sums: dict[str, Array]) -> float:
    """The root of the mean over all values, from what ``squares`` sums up to."""
    return math.sqrt(sums["squared"] / sums["values"])
