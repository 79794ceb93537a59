"""Accuracy by hand-computed arrays; outputs and metrics that can't be trusted are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.core.data import Array
from harness.meters.accuracy import accuracy_measurements, correctness, flips
from harness.stats.paired_drop import Flips

LABELS = np.array([0, 1, 2, 0])
OUTPUTS = np.array([[9, 0, 0], [0, 9, 0], [0, 9, 0], [0, 0, 9]], np.float32)
"""Right, right, wrong (1 for 2), wrong (2 for 0)."""


def top1(outputs: Array, labels: Array) -> Array:
    return np.asarray(outputs.argmax(axis=1) == labels)


def test_correctness_by_hand() -> None:
    assert correctness(top1, OUTPUTS, LABELS, "top1").tolist() == [True, True, False, False]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("samples", "says"),
    [
        pytest.param([2], "in 1 of 4 samples, the first is sample 2", id="one"),
        pytest.param([0], "in 1 of 4 samples, the first is sample 0", id="the first"),
        pytest.param([1, 3], "in 2 of 4 samples, the first is sample 1", id="two"),
        pytest.param([0, 1, 2, 3], "in 4 of 4 samples, the first is sample 0", id="all: a dead model"),
    ],
)
def test_outputs_that_are_no_numbers_name_the_sample(bad: float, samples: list[int], says: str) -> None:
    outputs = OUTPUTS.copy()
    outputs[samples, 1] = bad

    with pytest.raises(ValueError, match=says):
        correctness(top1, outputs, LABELS, "top1")


def test_outputs_of_any_shape_are_looked_through() -> None:
    maps = np.zeros((4, 2, 3, 3), np.float32)
    maps[3, 1, 2, 2] = np.nan

    with pytest.raises(ValueError, match="the first is sample 3"):
        correctness(lambda o, y: np.ones(4, bool), maps, LABELS, "m")
    with pytest.raises(ValueError, match="the first is sample 1"):
        correctness(lambda o, y: np.ones(2, bool), np.array([0.0, np.nan]), LABELS[:2], "m")


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(OUTPUTS[:3], LABELS, "3 outputs for 4 labels", id="fewer outputs"),
        pytest.param(OUTPUTS, LABELS[:3], "4 outputs for 3 labels", id="more outputs"),
        pytest.param(OUTPUTS[:0], LABELS, "0 outputs for 4 labels", id="no outputs"),
        pytest.param(OUTPUTS[:0], LABELS[:0], "no sample", id="nothing at all"),
    ],
)
def test_outputs_must_be_as_many_as_labels(outputs: Array, labels: Array, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        correctness(top1, outputs, labels, "top1")


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        pytest.param(np.array([1, 0, 1, 0]), r"it returned int64 \(4,\)", id="integers"),
        pytest.param(np.array([1.0, 0.5, 0, 0]), r"it returned float64 \(4,\)", id="scores"),
        pytest.param(np.array(True), r"it returned bool \(\)", id="one bool"),
        pytest.param(True, r"it returned bool \(\)", id="one Python bool"),
        pytest.param(0.97, r"it returned float64 \(\)", id="the mean"),
        pytest.param(np.ones(3, bool), r"it returned bool \(3,\)", id="a sample short"),
        pytest.param(np.ones((4, 1), bool), r"it returned bool \(4, 1\)", id="a dimension more"),
        pytest.param(None, r"it returned object \(\)", id="None"),
    ],
)
def test_a_metric_that_breaks_its_contract_is_named(returned: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        correctness(lambda o, y: returned, OUTPUTS, LABELS, "mine")

    assert "task metric 'mine' must return bool of shape (4,)" in str(caught.value)


@pytest.mark.parametrize("error", [IndexError("axis 1"), KeyError("label"), ZeroDivisionError("division")])
def test_a_metric_that_raises_is_named(error: Exception) -> None:
    def broken(outputs: Array, labels: Array) -> Array:
        raise error

    with pytest.raises(ValueError, match=f"task metric 'mine' failed: {type(error).__name__}") as caught:
        correctness(broken, OUTPUTS, LABELS, "mine")

    assert caught.value.__cause__ is error


def test_a_list_of_bools_is_taken() -> None:
    assert correctness(lambda o, y: [True, False, True, False], OUTPUTS, LABELS, "m").dtype == np.bool_  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("reference", "current", "expected"),
    [
        pytest.param("1111", "1111", Flips(n=4, negative=0, positive=0), id="the same"),
        pytest.param("1111", "0000", Flips(n=4, negative=4, positive=0), id="all lost"),
        pytest.param("0000", "1111", Flips(n=4, negative=0, positive=4), id="all won"),
        pytest.param("1100", "1010", Flips(n=4, negative=1, positive=1), id="as many, others"),
    ],
)
def test_flips(reference: str, current: str, expected: Flips) -> None:
    def bools(text: str) -> Array:
        return np.array([sign == "1" for sign in text])

    assert flips(bools(reference), bools(current)) == expected


def measured(outputs: Array, reference: Array, labels: Array = LABELS) -> dict[str, Any]:
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        correct, before = top1(outputs, labels), top1(reference, labels)
    else:
        correct = before = np.ones(len(outputs), bool)
    return {one.name: one for one in accuracy_measurements(correct, before, outputs, reference)}


def test_measurements_by_hand() -> None:
    reference = np.array([[9, 0, 0], [0, 9, 0], [0, 0, 9], [9, 0, 0]], np.float32)  # all right
    found = measured(OUTPUTS, reference)

    values = {name: one.value for name, one in found.items()}
    assert values == pytest.approx(
        {
            "accuracy_fraction": 2 / 4,
            "accuracy_drop_fraction": (2 - 0) / 4,
            "negative_flips_count": 2,
            "positive_flips_count": 0,
            "agreement_fraction": 2 / 4,
            "output_max_error_abs": 9.0,
            # signal 4 * 81; noise: samples 2 and 3 differ by 9 in two outputs each, 4 * 81
            "output_sqnr_db": 0.0,
        }
    )
    assert {one.n for one in found.values()} == {4}
    # Clopper-Pearson of 2 of 4.
    assert found["accuracy_fraction"].interval == pytest.approx((0.0675859, 0.9324141), abs=1e-6)
    assert found["agreement_fraction"].interval == found["accuracy_fraction"].interval
    assert found["accuracy_drop_fraction"].interval is None, "the paired test is the judge's"
    assert {one.unit for one in found.values()} == {"fraction", "samples", "abs", "dB"}


def test_raw_outputs_by_hand() -> None:
    found = measured(OUTPUTS + np.float32(0.5), OUTPUTS)

    assert found["output_max_error_abs"].value == 0.5
    assert found["output_sqnr_db"].value == pytest.approx(10 * math.log10(4 * 81 / (12 * 0.25)))
    assert found["accuracy_drop_fraction"].value == 0.0
    assert found["agreement_fraction"].value == 1.0


@pytest.mark.parametrize(
    ("outputs", "reference", "sqnr"),
    [
        pytest.param(OUTPUTS, OUTPUTS, 200.0, id="equal outputs"),
        pytest.param(OUTPUTS * 0, OUTPUTS * 0, 200.0, id="equal outputs of 0"),
        pytest.param(OUTPUTS, OUTPUTS * 0, -200.0, id="a reference of 0"),
        pytest.param(OUTPUTS * 0, OUTPUTS, 0.0, id="outputs of 0: all signal is noise"),
        pytest.param(OUTPUTS.astype(np.float64) + 1e-200, OUTPUTS, 200.0, id="beyond what floats show"),
    ],
)
def test_edges_of_sqnr(outputs: Array, reference: Array, sqnr: float) -> None:
    assert measured(outputs, reference)["output_sqnr_db"].value == pytest.approx(sqnr)


def test_large_float16_and_integer_outputs_don_t_overflow() -> None:
    for dtype in (np.float16, np.int8):
        found = measured(np.full((4, 2), 120, dtype), np.full((4, 2), -120, dtype))
        assert found["output_max_error_abs"].value == 240.0
        assert found["output_sqnr_db"].value == pytest.approx(-10 * math.log10(4))


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3, 2)])
def test_outputs_that_are_no_class_scores_have_no_agreement(shape: tuple[int, ...]) -> None:
    found = measured(np.zeros(shape), np.zeros(shape))

    assert "agreement_fraction" not in found
    assert found["accuracy_fraction"].value == 1.0


@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (4, 3, 1)])
def test_outputs_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="the reference's have"):
        accuracy_measurements(np.ones(4, bool), np.ones(4, bool), OUTPUTS, np.zeros(shape))


def test_no_samples_are_refused() -> None:
    none = np.zeros(0, bool)

    with pytest.raises(ValueError, match="n=0"):
        accuracy_measurements(none, none, OUTPUTS[:0], OUTPUTS[:0])
