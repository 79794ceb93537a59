"""Named tensors as bytes: what is packed comes out, and what an engine gives back is looked at."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from harness.worker import program
from harness.worker.tensor_bytes import count, joined, named, pack, rows, unpack

GRID = np.arange(24, dtype=np.float32).reshape(4, 6)


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether both hold the same tensors in the same order, each of the same kind, dtype, shape and values."""
    if list(found) != list(wanted):
        return False
    for name, values in wanted.items():
        if isinstance(values, list) is not isinstance(found[name], list) or len(values) != len(found[name]):
            return False
        pairs = zip(values, found[name], strict=True) if isinstance(values, list) else [(values, found[name])]
        if not all(
            (one.dtype, one.shape) == (other.dtype, other.shape) and np.array_equal(one, other) for one, other in pairs
        ):
            return False
    return True


@pytest.mark.parametrize(
    "tensors",
    [
        pytest.param({"x": GRID}, id="floats"),
        pytest.param({"x": np.array([2**62, -(2**62), 2**53 + 1])}, id="int64 beyond what floats hold"),
        pytest.param({"x": np.array([[True, False], [False, True]])}, id="bool"),
        pytest.param({"x": np.array([1, 255], np.uint8)}, id="uint8"),
        pytest.param({"x": np.array([1.5, -0.0], np.float16)}, id="half precision"),
        pytest.param({"x": np.array([1, 2], ">i4")}, id="the other order of bytes"),
        pytest.param({"x": np.array([np.inf, -np.inf], np.float64)}, id="infinity"),
        pytest.param({"x": GRID.T}, id="transposed"),
        pytest.param({"x": GRID[::-2, 1::2]}, id="every other one backwards"),
        pytest.param({"x": np.asfortranarray(GRID)}, id="columns first"),
        pytest.param({"x": np.broadcast_to(np.float32(3), (2, 3))}, id="broadcast"),
        pytest.param({"x": np.zeros((3, 0), np.float32)}, id="no length"),
        pytest.param({"x": np.zeros((0, 3), np.int64)}, id="no sample"),
        pytest.param({"x": floats(2, 1, 1, 1, 3)}, id="many dimensions"),
        pytest.param({"x": [floats(2), floats(5), floats(1)]}, id="lengths that differ"),
        pytest.param({"x": [floats(2, 3), floats(5, 1)]}, id="two lengths that differ"),
        pytest.param({"x": [floats(2), floats(0), floats(3)]}, id="one without length among them"),
        pytest.param({"x": [floats(0), floats(0)]}, id="all without length, as a list"),
        pytest.param({"x": [GRID.T, GRID[:, ::2]]}, id="lists of what is not contiguous"),
        pytest.param({"x": [np.array([True]), np.array([False, True])]}, id="bool lengths that differ"),
        pytest.param({"b": GRID, "a": GRID[:, :1].astype(np.int64)}, id="two, in their order"),
        pytest.param({"mask": np.array([[True] * 3]), "ids": np.array([[7, 8, 9]])}, id="odd bytes in front of int64"),
        pytest.param(
            {"x": [floats(2), floats(5)], "y": floats(2, 3), "z": [np.arange(1), np.arange(4)]}, id="of both kinds"
        ),
        pytest.param({"größe": GRID, "": GRID}, id="any name"),
    ],
)
def test_what_is_packed_comes_out(tensors: dict[str, Any]) -> None:
    packed = pack(tensors)

    assert isinstance(packed["data"], bytes)
    assert same(unpack(**packed), tensors)
    assert same(unpack(json.loads(json.dumps(packed["tensors"])), packed["data"]), tensors), "as a message carries it"


@pytest.mark.parametrize("odd", [1, 3, 15, 16, 17])
def test_every_tensor_begins_where_a_word_does(odd: int) -> None:
    mask = np.ones((1, odd), bool)
    for tensors in ({"mask": mask, "ids": np.array([[7, 8]])}, {"mask": [mask, mask[:, :1]], "ids": np.array([7, 8])}):
        found = unpack(**pack(tensors))
        assert same(found, tensors)
        assert found["ids"].flags.aligned


def test_it_travels_in_a_message() -> None:
    tensors = {"x": [floats(2), floats(5)], "y": np.array([[True], [False]])}
    stream = b"".join(program.encode({"op": "predict", "batch": 1, **pack(tensors)}))
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        at += size
        return stream[at - size : at]

    message = program.decode(read)

    assert same(unpack(message["tensors"], message["data"]), tensors)


def test_what_was_unpacked_is_read_only() -> None:
    (found,) = unpack(**pack({"x": GRID})).values()
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


@pytest.mark.parametrize(
    ("tensors", "samples"),
    [({"x": GRID}, 4), ({"x": [floats(1)] * 3, "y": floats(3, 2)}, 3), ({"x": np.zeros((0, 2))}, 0)],
)
def test_samples_are_counted(tensors: dict[str, Any], samples: int) -> None:
    assert count(tensors) == samples


RAGGED = [floats(2, 3), floats(4, 3), floats(4, 3)]


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        pytest.param(0, 1, {"x": RAGGED[0][None], "y": GRID[:1]}, id="the first"),
        pytest.param(1, 3, {"x": np.stack(RAGGED[1:]), "y": GRID[1:3]}, id="two of one shape"),
        pytest.param(2, 9, {"x": RAGGED[2][None], "y": GRID[2:3]}, id="beyond the end"),
    ],
)
def test_rows_are_arrays(start: int, end: int, wanted: dict[str, Any]) -> None:
    assert same(rows({"x": RAGGED, "y": GRID[:3]}, start, end), wanted)


def test_rows_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="same shape"):
        rows({"x": RAGGED}, 0, 2)


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        pytest.param([{"x": GRID}], {"x": GRID}, id="one part"),
        pytest.param([{"x": GRID[:1]}, {"x": GRID[1:]}], {"x": GRID}, id="one shape"),
        pytest.param(
            [{"x": one[None]} for one in RAGGED], {"x": RAGGED}, id="several shapes: a list of samples, not of batches"
        ),
        pytest.param(
            [{"x": np.stack(RAGGED[1:])}, {"x": RAGGED[0][None]}],
            {"x": [RAGGED[1], RAGGED[2], RAGGED[0]]},
            id="batches of several shapes",
        ),
        pytest.param(
            [{"x": RAGGED[0][None], "y": GRID[:1]}, {"x": RAGGED[1][None], "y": GRID[1:2]}],
            {"x": RAGGED[:2], "y": GRID[:2]},
            id="of both kinds",
        ),
        pytest.param([{"x": GRID[:, :0]}] * 2, {"x": np.zeros((8, 0), np.float32)}, id="without length"),
    ],
)
def test_parts_are_joined_in_order(parts: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    assert same(joined(parts), wanted)


BOTH = {"a": GRID, "b": GRID[:, 0]}


@pytest.mark.parametrize(
    ("given", "names", "wanted"),
    [
        pytest.param(GRID, ["a"], {"a": GRID}, id="an array"),
        pytest.param([GRID], ["a"], {"a": GRID}, id="a list of one"),
        pytest.param({"a": GRID}, ["a"], {"a": GRID}, id="by name"),
        pytest.param([GRID, GRID[:, 0]], ["a", "b"], BOTH, id="a list of two"),
        pytest.param((GRID, GRID[:, 0]), ["a", "b"], BOTH, id="a tuple"),
        pytest.param({"b": GRID[:, 0], "a": GRID}, ["a", "b"], BOTH, id="another order of names"),
        pytest.param([GRID.tolist()], ["a"], {"a": GRID.astype(np.float64)}, id="numbers that are no array"),
        pytest.param(np.zeros((4, 0)), ["a"], {"a": np.zeros((4, 0))}, id="rows without length"),
    ],
)
def test_outputs_get_their_names(given: Any, names: list[str], wanted: dict[str, Any]) -> None:
    assert same(named(given, names, 4), wanted)


ROW = "predict must give an array with a row per sample: 4 samples, "


@pytest.mark.parametrize(
    ("given", "names", "says"),
    [
        pytest.param([GRID, GRID], ["a"], "2 outputs, the model has 1: a", id="one more"),
        pytest.param([GRID], ["a", "b"], "1 outputs, the model has 2: a, b", id="one short"),
        pytest.param(GRID, ["a", "b"], "1 outputs, the model has 2: a, b", id="an array for two"),
        pytest.param([], ["a"], "0 outputs, the model has 1: a", id="none"),
        pytest.param({"b": GRID}, ["a"], "outputs b, the model has a", id="another name"),
        pytest.param({"a": GRID, "c": GRID}, ["a", "b"], "outputs a, c, the model has a, b", id="one other name"),
        pytest.param({"a": GRID}, ["a", "b"], "outputs a, the model has a, b", id="a name short"),
        pytest.param({1: GRID}, ["a"], "outputs 1, the model has a", id="no name"),
        pytest.param(GRID[:3], ["a"], ROW + "a is float32 (3, 6)", id="a row short"),
        pytest.param([GRID, GRID[:0]], ["a", "b"], ROW + "b is float32 (0, 6)", id="no rows in the second"),
        pytest.param(None, ["a"], ROW + "a is object ()", id="nothing"),
        pytest.param(np.float32(1), ["a"], ROW + "a is float32 ()", id="a number"),
        pytest.param(np.array([None] * 4), ["a"], ROW + "a is object (4,)", id="objects"),
    ],
)
def test_other_outputs_are_refused(given: Any, names: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        named(given, names, 4)
    assert str(caught.value) == says
