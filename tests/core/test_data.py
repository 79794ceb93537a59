"""Data sets: every part usable, and the calibration samples not those that accuracy is measured on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.data import DataSet, Split, arrays_sha256
from harness.core.model import Input
from harness.errors import ContractError, DataSetError

PARTS = ("evaluation", "calibration", "train")


def split(first: int, n: int = 40, shape: tuple[int, ...] = (2, 2)) -> Split:
    """*n* samples that no split with another *first* shares."""
    inputs = np.arange(n, dtype=np.float32).reshape(n, *[1] * len(shape)) + np.zeros(shape, np.float32) + first
    return Split(inputs, np.zeros(n, np.int64))


def data(**changed: Any) -> DataSet:
    return DataSet(**{"evaluation": split(0), "calibration": split(1000), "train": split(2000), **changed})


def test_a_usable_data_set_is_returned() -> None:
    whole, without = data(), data(train=None)

    assert whole.checked("d") is whole
    assert without.checked("d") is without


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        pytest.param(split(5000, n=0), "it is empty", id="empty"),
        pytest.param(Split(split(5000).inputs, np.zeros(39)), "40 inputs but 39 labels", id="a label short"),
        pytest.param(Split(split(5000).inputs, np.zeros(0)), "40 inputs but 0 labels", id="no labels"),
        pytest.param(Split(split(5000).inputs * np.float32("nan"), np.zeros(40)), "NaN or infinity", id="NaN"),
        pytest.param(Split(split(5000).inputs + np.float32("inf"), np.zeros(40)), "NaN or infinity", id="infinity"),
        pytest.param(Split([[1.0]], np.zeros(1)), "inputs are list, not a numpy array", id="a list for inputs"),  # type: ignore[arg-type]
        pytest.param(Split(np.zeros((1, 2, 2)), [0]), "labels are list, not a numpy array", id="a list for labels"),  # type: ignore[arg-type]
        pytest.param(Split(np.float32(1), np.zeros(1)), "not a numpy array", id="one number"),  # type: ignore[arg-type]
        pytest.param(Split(np.zeros(()), np.zeros(1)), "no sample dimension", id="no dimension"),
    ],
)
def test_a_spoilt_part_is_named(part: str, spoilt: Split, says: str) -> None:
    with pytest.raises(DataSetError, match=says) as caught:
        data(**{part: spoilt}).checked("digits")

    assert f"data set 'digits', {part} split" in str(caught.value)


@pytest.mark.parametrize("part", ["calibration", "train"])
def test_shapes_of_one_sample_must_agree(part: str) -> None:
    with pytest.raises(DataSetError, match=rf"shapes of one sample differ.*'{part}': \(3, 2\)"):
        data(**{part: split(5000, shape=(3, 2))}).checked("digits")


def test_one_nan_among_many_is_found() -> None:
    spoilt = split(0)
    spoilt.inputs[39, 1, 1] = np.nan

    with pytest.raises(DataSetError, match="evaluation split: its inputs hold NaN"):
        data(evaluation=spoilt).checked("digits")


@pytest.mark.parametrize(
    ("shared", "refused"),
    [
        pytest.param(0, False, id="none"),
        pytest.param(2, False, id="5 %: equal pictures exist"),
        pytest.param(3, True, id="just over 5 %"),
        pytest.param(40, True, id="the evaluation set itself"),
    ],
)
def test_calibration_on_evaluation_samples_is_refused(shared: int, refused: bool) -> None:
    inputs = split(1000).inputs
    inputs[:shared] = split(0).inputs[:shared]
    mixed = data(calibration=Split(inputs, np.zeros(40)))

    if not refused:
        assert mixed.checked("digits") is mixed
        return
    with pytest.raises(DataSetError, match=f"{shared} of 40 calibration samples are evaluation samples"):
        mixed.checked("digits")


def test_overlap_is_found_in_arrays_of_other_memory_order() -> None:
    same = np.asfortranarray(split(0).inputs)

    with pytest.raises(DataSetError, match="40 of 40 calibration samples"):
        data(calibration=Split(same, np.zeros(40))).checked("digits")


def test_integer_inputs_are_taken() -> None:
    def whole(first: int) -> Split:
        return Split(split(first).inputs.astype(np.int64), np.zeros(40))

    found = data(evaluation=whole(0), calibration=whole(1000), train=None)
    assert found.checked("d") is found


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        pytest.param(np.zeros((5, 2, 2), np.float32), "", id="fits"),
        pytest.param(np.zeros((5, 2, 3), np.float32), r"\(2, 3\)", id="shape"),
        pytest.param(np.zeros((5, 4), np.float32), r"\(4,\)", id="dimensions"),
        pytest.param(np.zeros((5, 2, 2), np.float64), "float64", id="dtype"),
    ],
)
def test_what_a_model_takes(inputs: Any, says: str) -> None:
    taken = Input(shape=(2, 2))
    if not says:
        taken.check(inputs, "data set 'd'")
        return
    with pytest.raises(ContractError, match=says):
        taken.check(inputs, "data set 'd'")


def test_arrays_sha256_depends_on_values_dtype_shape_and_order() -> None:
    ones = np.ones((2, 3), np.float32)
    found = [
        arrays_sha256(ones),
        arrays_sha256(ones.reshape(3, 2)),
        arrays_sha256(ones.view(np.int32)),
        arrays_sha256(ones * 2),
        arrays_sha256(ones, ones * 2),
        arrays_sha256(ones * 2, ones),
        arrays_sha256(),
    ]

    assert len(set(found)) == len(found)
    assert arrays_sha256(np.asfortranarray(ones)) == found[0]
