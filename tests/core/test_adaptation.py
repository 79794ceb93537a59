"""What is done to samples on the way to a file that somebody else made, and to its outputs on the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.adaptation import Adaptation, Adaptations, InFile
from harness.core.tensors import Ragged
from harness.errors import ContractError


@pytest.mark.parametrize(
    ("what", "order"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"layout": "NCHW->NHWC"}, (1, 2, 0), id="channels last"),
        pytest.param({"layout": "NHWC->NCHW"}, (2, 0, 1), id="channels first"),
        pytest.param({"layout": "NCHW->NCHW"}, (0, 1, 2), id="the same"),
        pytest.param({"layout": "NTF->NFT"}, (1, 0), id="other letters"),
        pytest.param({"layout": "N->N"}, (), id="a batch alone"),
    ],
)
def test_a_layout_is_an_order_of_axes(what: Any, order: tuple[int, ...]) -> None:
    assert InFile(**what).order == order


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param("NCHW", id="no arrow"),
        pytest.param("NCHW->", id="nothing behind it"),
        pytest.param("NCHW->NHW", id="a letter short"),
        pytest.param("NCHW->NHWD", id="another letter"),
        pytest.param("NCCW->NWCC", id="a letter twice"),
        pytest.param("NCHW->CNHW", id="the batch moves"),
        pytest.param("NCHW>NHWC", id="another arrow"),
        pytest.param("->", id="an arrow alone"),
    ],
)
def test_what_is_no_reordering_is_refused(layout: str) -> None:
    with pytest.raises(ContractError, match="write the model's order of dimensions, '->' and the file's") as caught:
        InFile(layout=layout)
    assert f"layout={layout!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        pytest.param([8, 2], (8, 2), id="a list"),
        pytest.param(3072, (3072,), id="a number"),
        pytest.param((), (), id="none"),
    ],
)
def test_a_shape_is_a_tuple(shape: Any, wanted: tuple[int, ...]) -> None:
    assert InFile(shape=shape).shape == wanted


@pytest.mark.parametrize("shape", [(0,), (-1,), ("n",), (2.0,), (True,), (3, None), "n"])
def test_a_shape_of_anything_but_lengths_is_refused(shape: Any) -> None:
    with pytest.raises(ContractError, match="write the lengths of one sample in the file"):
        InFile(shape=shape)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param({"scale": -1.0}, id="below zero"),
        pytest.param({"scale": float("nan")}, id="NaN"),
        pytest.param({"scale": float("inf")}, id="infinite"),
        pytest.param({"zero_point": 3}, id="a zero point alone"),
    ],
)
def test_a_scale_that_divides_nothing_is_refused(what: Any) -> None:
    with pytest.raises(ContractError, match="a scale is a positive number, and a zero point needs one"):
        InFile(**what)


def adaptation(**what: Any) -> Adaptation:
    return Adaptation(model_name="m", file_name="f", **what)


SAMPLES = np.arange(2 * 2 * 3, dtype=np.float32).reshape(2, 2, 3)


@pytest.mark.parametrize(
    ("what", "given", "wanted"),
    [
        pytest.param({"order": (1, 0)}, SAMPLES, SAMPLES.transpose(0, 2, 1), id="reordered"),
        pytest.param({"shape": (6,)}, SAMPLES, SAMPLES.reshape(2, 6), id="flat"),
        pytest.param({"order": (1, 0), "shape": (6,)}, SAMPLES, SAMPLES.transpose(0, 2, 1).reshape(2, 6), id="in this order"),
        pytest.param(
            {"dtype": "int8", "scale": 0.5, "zero_point": 1},
            np.array([[0.0, 0.25, 0.26, -0.75, 63.0, 63.2, 64.0, -64.5, -65.0, 1e9]], np.float32),
            np.array([[1, 1, 2, -1, 127, 127, 127, -128, -128, 127]], np.int8),
            id="integers, to even and within bounds",
        ),
        pytest.param(
            {"dtype": "uint8", "scale": 1 / 255}, np.array([[0.0, 1.0, 2.0, -1.0]]), np.array([[0, 255, 255, 0]], np.uint8), id="unsigned"
        ),
        pytest.param({"dtype": "int32"}, np.array([[2**31 - 1, -(2**31)]]), np.array([[2**31 - 1, -(2**31)]], np.int32), id="narrowed"),
        pytest.param({"dtype": "int64"}, np.array([[5]], np.int32), np.array([[5]]), id="widened"),
        pytest.param({"dtype": "float32"}, np.array([[7, 255]], np.uint8), np.array([[7, 255]], np.float32), id="to floats"),
        pytest.param({"dtype": "float16"}, np.array([[1 / 3]], np.float32), np.array([[1 / 3]], np.float16), id="rounded"),
    ],
)  # fmt: skip
def test_inputs_become_the_files(what: Any, given: Any, wanted: Any) -> None:
    found = adaptation(**what).to_file(given)
    assert isinstance(found, np.ndarray)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        pytest.param("int32", np.array([[0, 2**31]]), id="one too many"),
        pytest.param("int32", np.array([[-(2**31) - 1]]), id="one too few"),
        pytest.param("uint8", np.array([[-1]]), id="a sign"),
        pytest.param("bool", np.array([[2]]), id="more than a truth"),
        pytest.param("float32", np.array([[2**24 + 1]]), id="more digits than floats have"),
    ],
)
def test_whole_numbers_that_the_file_cannot_hold_are_no_others(dtype: str, values: Any) -> None:
    with pytest.raises(
        ValueError, match=f"the file takes {dtype}, it was given values from {values.min()} to {values.max()}"
    ):
        adaptation(dtype=dtype).to_file(values)


def test_samples_of_different_length_stay_so() -> None:
    given = Ragged.of([np.ones((2, 3), np.float32), np.ones((1, 3), np.float32)])
    found = adaptation(order=(1, 0)).to_file(given)
    assert [sample.shape for sample in found] == [(3, 2), (3, 1)]


def test_what_needs_nothing_is_not_copied() -> None:
    assert adaptation().to_file(SAMPLES) is SAMPLES
    assert adaptation().to_model(SAMPLES) is SAMPLES


@pytest.mark.parametrize(
    ("what", "given", "wanted"),
    [
        pytest.param({"order": (1, 2, 0)}, np.zeros((5, 3, 4, 2)), np.zeros((5, 2, 3, 4)), id="reordered back"),
        pytest.param({"shape": (2, 3)}, SAMPLES.reshape(2, 6), SAMPLES, id="its own shape"),
        pytest.param(
            {"dtype": "int8", "scale": 0.5, "zero_point": -2},
            np.array([[-128, -2, 127]], np.int8),
            np.array([[-63.0, 0.0, 64.5]], np.float32),
            id="floats of integers",
        ),
        pytest.param({"dtype": "float32"}, np.array([[60000]], np.float16), np.array([[60000]], np.float32), id="of half floats"),
    ],
)  # fmt: skip
def test_outputs_become_the_models(what: Any, given: Any, wanted: Any) -> None:
    found = adaptation(**what).to_model(given)
    assert isinstance(found, np.ndarray)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_there_and_back_is_the_same(order: tuple[int, ...]) -> None:
    given = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    one = adaptation(order=order)
    np.testing.assert_array_equal(one.to_model(one.to_file(given)), given)


def test_a_whole_file_goes_by_names() -> None:
    both = Adaptations(
        inputs=(Adaptation(model_name="a", file_name="x"), Adaptation(model_name="b", file_name="y")),
        outputs=(Adaptation(model_name="c", file_name="p"), Adaptation(model_name="d", file_name="o")),
    )
    one, two = np.zeros((1, 1)), np.ones((1, 1))
    assert both.to_file({"b": two, "a": one}) == {"x": one, "y": two}
    assert list(both.to_model({"o": two, "p": one})) == ["c", "d"]
    assert both.to_model({"o": two, "p": one}) == {"c": one, "d": two}
