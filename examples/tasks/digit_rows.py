"""The data set ``digits_rows``: the last four rows of a digit, with the state that the model has after the first four.

The state is the trained model's own, so it is computed from its checkpoint, by numpy: data sets import no framework.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from examples.tasks.checkpoint import arrays
from harness.core.data import DataSet, Split
from harness.core.tensors import Array
from harness.registering import dataset
from harness.zoo.digits import digits

ROWS = 4
"""Rows that the model sees at one time."""
HIDDEN = 64
"""Values of its state."""


@dataset("digits_rows", samples=800, smallest_class=77)
def digits_rows() -> DataSet:
    """``rows`` (n, 4, 8) in 0..1 and ``state`` (n, 64); the label is the digit, 0 to 9.

    Raises:
        WeightsError: the checkpoint is missing or damaged.
    """
    weights, data = arrays("digits_rows"), digits()
    return DataSet(evaluation=halves(data.evaluation, weights), calibration=halves(data.calibration, weights))


def halves(images: Split, weights: Mapping[str, Array]) -> Split:
    """The lower halves of *images* (n, 1, 8, 8) with the states that the model of *weights* has after the upper ones."""
    upper, lower = images.inputs[:, 0, :ROWS], images.inputs[:, 0, ROWS:]
    return Split({"rows": np.ascontiguousarray(lower), "state": state_after(upper, weights)}, images.labels)


def state_after(rows: Array, weights: Mapping[str, Array]) -> Array:
    """The state (n, hidden) after *rows* (n, length, values), from zeros, by the equations of ``torch.nn.GRU``.

    r and z are sigmoids and n a tanh of what row and state give, n with the state's part times r; the new state is
    (1 - z) * n + z * state.
    """
    own = {name.removeprefix("gru."): value.astype(np.float64) for name, value in weights.items()}
    state = np.zeros((len(rows), own["weight_hh_l0"].shape[1]))
    for row in np.moveaxis(rows, 1, 0):
        of_row = np.split(row @ own["weight_ih_l0"].T + own["bias_ih_l0"], 3, axis=1)
        of_state = np.split(state @ own["weight_hh_l0"].T + own["bias_hh_l0"], 3, axis=1)
        reset, update = (1 / (1 + np.exp(-(a + b))) for a, b in zip(of_row[:2], of_state[:2], strict=True))
        new = np.tanh(of_row[2] + reset * of_state[2])
        state = (1 - update) * new + update * state
    return state.astype(np.float32)
