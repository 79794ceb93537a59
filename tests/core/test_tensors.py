"""Named tensors: what users may give for one, batches and single samples of them, files, and hashes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.named import one

from harness.core.tensors import Array, Ragged, Tensors, arrays_sha256, count_of, rows_of, stacked, values_of

GRID = np.arange(12, dtype=np.float32).reshape(4, 3)


def floats(*shape: int) -> Array:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def lengths(*each: int) -> list[Array]:
    """Samples of these lengths, of other values each."""
    return [np.arange(length, dtype=np.float32) + 10 * number for number, length in enumerate(each)]


def sentences(*each: int) -> Tensors:
    """Tokens and weights of these lengths, and a number for each sample."""
    tokens = Ragged.of([values.astype(np.int64) for values in lengths(*each)])
    return Tensors({"tokens": tokens, "weights": Ragged.of(lengths(*each)), "number": np.arange(len(each))})


def plain(tensors: Tensors) -> dict[str, Any]:
    """All values as lists, for comparing."""
    return {name: [sample.tolist() for sample in values] for name, values in tensors.items()}


def same(tensors: Tensors, other: Tensors) -> bool:
    """Whether both hold the same tensors in the same order, each of the same kind, dtype, shapes and values."""
    kinds = [[(isinstance(held, Ragged), held.dtype) for _, held in both.items()] for both in (tensors, other)]
    return (
        tensors.names == other.names
        and kinds[0] == kinds[1]
        and all(tensors.shapes(name) == other.shapes(name) for name in tensors.names)
        and plain(tensors) == plain(other)
    )


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(lengths(3, 1, 2), id="different lengths"),
        pytest.param(lengths(2, 0, 3), id="one without length"),
        pytest.param(lengths(0, 0), id="all without length"),
        pytest.param(lengths(3, 3), id="the same length"),
        pytest.param(lengths(5), id="one sample"),
        pytest.param([floats(2, 3), floats(1, 4)], id="two dimensions"),
        pytest.param([floats(3, 2).T, floats(4, 4)[::2]], id="not contiguous"),
        pytest.param([np.array(True), np.array(False)], id="no dimension"),
    ],
)
def test_ragged_samples_come_out_as_they_went_in(samples: list[Array]) -> None:
    ragged = Ragged.of(samples)

    assert (len(ragged), ragged.dtype, ragged.ndim) == (len(samples), samples[0].dtype, 1 + samples[0].ndim)
    assert [values.shape for values in ragged] == [values.shape for values in samples]
    assert all(np.array_equal(ragged.sample(number), values) for number, values in enumerate(samples))
    with pytest.raises(IndexError):
        ragged.sample(len(samples))


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        pytest.param([], "samples of 0 kinds (dtype, dimensions): none", id="none"),
        pytest.param([np.zeros(2), np.zeros(2, np.float32)], "samples of 2 kinds (dtype, dimensions): ", id="dtypes"),
        pytest.param([np.zeros(2), np.zeros((2, 1))], "('<f8', 1), ('<f8', 2)", id="dimensions"),
    ],
)
def test_samples_of_several_kinds_are_refused(samples: list[Array], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Ragged.of(samples)


@pytest.mark.parametrize(
    ("values", "shapes"),
    [
        pytest.param(np.zeros(5), [[2], [2]], id="fewer elements in the shapes"),
        pytest.param(np.zeros(5), [[2], [4]], id="more elements in the shapes"),
        pytest.param(np.zeros((5, 1)), [[2], [3]], id="values that are not flat"),
        pytest.param(np.zeros(1), np.zeros((0, 1), np.int64), id="elements of no sample"),
    ],
)
def test_shapes_that_do_not_lie_over_the_values_are_refused(values: Array, shapes: Any) -> None:
    with pytest.raises(ValueError, match=r"samples of other sizes than the \d elements that they share"):
        Ragged(values, np.array(shapes))


@pytest.mark.parametrize(
    ("given", "dtype", "shapes"),
    [
        pytest.param(GRID, "float32", {(3,)}, id="an array"),
        pytest.param(np.zeros((0, 3)), "float64", {(3,)}, id="an array of no sample"),
        pytest.param(np.array(["a", "bc"]), "<U2", {()}, id="texts"),
        pytest.param(lengths(3, 1), "float32", {(3,), (1,)}, id="a list"),
        pytest.param(tuple(lengths(3, 1)), "float32", {(3,), (1,)}, id="a tuple"),
        pytest.param(list(GRID), "float32", {(3,)}, id="a list of one shape"),
        pytest.param(Ragged.of(lengths(3, 1)), "float32", {(3,), (1,)}, id="ragged already"),
        pytest.param([], "float32", {()}, id="an empty list"),
    ],
)
def test_what_a_user_may_give_for_a_tensor(given: Any, dtype: str, shapes: set[tuple[int, ...]]) -> None:
    values = values_of(given)

    assert isinstance(values, Ragged) is (len(shapes) > 1)
    assert (len(values), values.dtype) == (len(given), np.dtype(dtype))
    assert Tensors({"x": values}).shapes("x") == shapes


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(np.zeros(()), "no sample dimension", id="one number"),
        pytest.param(np.array([None, 1]), "Python objects: give numbers", id="objects"),
        pytest.param([1.0, 2.0], "list of float, not a numpy array", id="numbers"),
        pytest.param([[1.0], [2.0]], "list of list, not a numpy array", id="lists of numbers"),
        pytest.param([np.zeros(2), [1.0]], "list of list, not a numpy array", id="one list among arrays"),
        pytest.param("text", "str, not a numpy array", id="a text"),
        pytest.param(None, "NoneType, not a numpy array", id="None"),
        pytest.param(np.float32(1), "float32, not a numpy array", id="a number of numpy's"),
        pytest.param({"x": GRID}, "dict, not a numpy array", id="a dict"),
        pytest.param([np.zeros(2), np.zeros((2, 2))], "samples of 2 kinds", id="samples of several dimensions"),
        pytest.param([np.zeros(2), np.zeros(2, int)], "samples of 2 kinds", id="samples of one shape and two dtypes"),
    ],
)
def test_what_is_no_tensor_is_refused(given: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values_of(given)


@pytest.mark.parametrize(("samples", "ragged"), [(lengths(2, 2), False), (lengths(2, 3), True), (lengths(4), False)])
def test_samples_of_one_shape_are_stacked(samples: list[Array], ragged: bool) -> None:
    assert isinstance(stacked(samples), Ragged) is ragged


@pytest.mark.parametrize(
    ("values", "says"),
    [
        pytest.param({}, "no tensor", id="none"),
        pytest.param({"a": GRID, "b": GRID[:3]}, "different numbers of samples: {'a': 4, 'b': 3}", id="a sample short"),
        pytest.param(
            {"a": GRID, "b": Ragged.of(lengths(1, 2))},
            "different numbers of samples: {'a': 4, 'b': 2}",
            id="of both kinds",
        ),
    ],
)
def test_tensors_have_one_number_of_samples(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Tensors(values)


def test_the_only_tensor() -> None:
    assert one(GRID).only is GRID
    with pytest.raises(ValueError, match=re.escape("3 tensors (tokens, weights, number) where one is expected")):
        _ = sentences(1, 2).only


def test_bytes_are_counted() -> None:
    assert one(GRID).nbytes == 12 * 4
    assert sentences(3, 1).nbytes == 4 * 8 + 4 * 4 + 2 * 8


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        pytest.param(slice(1, 3), [1, 2], id="a slice"),
        pytest.param(slice(3, 99), [3], id="a slice beyond the end"),
        pytest.param(slice(None, None, -2), [3, 1], id="backwards"),
        pytest.param(slice(2, 2), [], id="an empty slice"),
        pytest.param([2, 0], [2, 0], id="numbers"),
        pytest.param([1, 1], [1, 1], id="twice the same"),
        pytest.param(np.array([0, 3]), [0, 3], id="an array of numbers"),
    ],
)
def test_samples_are_taken(chosen: Any, numbers: list[int]) -> None:
    tensors = sentences(3, 1, 2, 1)

    taken = tensors.take(chosen)

    assert len(taken) == len(numbers)
    assert plain(taken) == {name: [values[number] for number in numbers] for name, values in plain(tensors).items()}
    assert [values.dtype for _, values in taken.items()] == [values.dtype for _, values in tensors.items()]


def dense(count: int) -> Tensors:
    return Tensors({"x": np.arange(count), "y": np.arange(count)[:, None] / 2})


@pytest.mark.parametrize(
    ("tensors", "size", "numbers"),
    [
        pytest.param(dense(5), 2, [[0, 1], [2, 3], [4]], id="arrays"),
        pytest.param(dense(5), 5, [[0, 1, 2, 3, 4]], id="just as many"),
        pytest.param(dense(5), 99, [[0, 1, 2, 3, 4]], id="more than there are"),
        pytest.param(dense(2), 1, [[0], [1]], id="one at a time"),
        pytest.param(dense(0), 3, [], id="no sample"),
        pytest.param(sentences(3, 1, 3), 9, [[0], [1], [2]], id="the order is kept"),
        pytest.param(sentences(2, 2, 2, 1, 1), 9, [[0, 1, 2], [3, 4]], id="runs of one length"),
        pytest.param(sentences(2, 2, 2, 1, 1), 2, [[0, 1], [2], [3, 4]], id="runs that are longer than a batch"),
        pytest.param(sentences(2, 2, 2, 2, 1), 2, [[0, 1], [2, 3], [4]], id="runs of a whole batch"),
        pytest.param(sentences(2, 1), 1, [[0], [1]], id="ragged, one at a time"),
        pytest.param(sentences(0, 0, 1), 2, [[0, 1], [2]], id="without length"),
    ],
)
def test_batches_hold_samples_of_one_shape(tensors: Tensors, size: int, numbers: list[list[int]]) -> None:
    batches = list(tensors.batches(size))

    assert [tuple(batch) for batch in batches] == [tensors.names] * len(numbers)
    assert all(isinstance(values, np.ndarray) for batch in batches for values in batch.values())
    whole = plain(tensors)
    for batch, each in zip(batches, numbers, strict=True):
        assert {name: values.tolist() for name, values in batch.items()} == {
            name: [values[number] for number in each] for name, values in whole.items()
        }


def test_two_tensors_of_other_lengths_are_grouped_by_both() -> None:
    tensors = Tensors({"a": Ragged.of(lengths(2, 2, 2, 1)), "b": Ragged.of(lengths(5, 5, 4, 4))})
    assert [len(batch["a"]) for batch in tensors.batches(9)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("tensors", "number", "shapes"),
    [
        pytest.param(sentences(3, 1, 2), 0, [(1, 3), (1, 3), (1,)], id="ragged"),
        pytest.param(sentences(3, 1, 2), 2, [(1, 2), (1, 2), (1,)], id="the last"),
        pytest.param(dense(3), 1, [(1,), (1, 1)], id="arrays"),
    ],
)
def test_a_sample_has_a_batch_of_one(tensors: Tensors, number: int, shapes: list[tuple[int, ...]]) -> None:
    sample = tensors.sample(number)

    assert [values.shape for values in sample.values()] == shapes
    assert {name: values[0].tolist() for name, values in sample.items()} == {
        name: values[number] for name, values in plain(tensors).items()
    }


@pytest.mark.parametrize(
    ("tensors", "number"),
    [
        pytest.param(dense(3), 0, id="the first of an array"),
        pytest.param(sentences(1, 5, 9), 1, id="the middle of three"),
        pytest.param(sentences(9, 5, 1), 1, id="whatever the order"),
        pytest.param(sentences(4, 1, 3, 2), 3, id="of four the second smallest"),
        pytest.param(sentences(7, 2), 1, id="of two the smaller"),
        pytest.param(sentences(7), 0, id="of one"),
        pytest.param(sentences(3, 5, 5, 5, 7), 1, id="the first of that size"),
        pytest.param(Tensors({"a": Ragged.of(lengths(1, 9, 5)), "b": Ragged.of(lengths(9, 9, 0))}), 0, id="all inputs"),
    ],
)
def test_the_typical_sample_is_of_median_size(tensors: Tensors, number: int) -> None:
    found, wanted = tensors.typical(), tensors.sample(number)
    assert {name: values.tolist() for name, values in found.items()} == {
        name: values.tolist() for name, values in wanted.items()
    }


@pytest.mark.parametrize(
    ("tensors", "count", "numbers"),
    [
        pytest.param(dense(5), 2, [0, 1], id="the first of an array"),
        pytest.param(dense(1), 2, [0], id="as many as there are"),
        pytest.param(sentences(2, 5, 3), 2, [1, 1], id="the longest, twice"),
        pytest.param(sentences(2, 5, 5), 3, [1, 1, 1], id="the first of the longest"),
        pytest.param(sentences(2, 5), 1, [1], id="once"),
    ],
)
def test_the_example_is_a_batch_that_can_be_stacked(tensors: Tensors, count: int, numbers: list[int]) -> None:
    example = tensors.example(count)
    assert {name: values.tolist() for name, values in example.items()} == plain(tensors.take(numbers))


@pytest.mark.parametrize(
    ("tensors", "name", "shapes"),
    [(dense(3), "y", {(1,)}), (dense(0), "x", {()}), (sentences(2, 1, 2), "tokens", {(2,), (1,)})],
)
def test_shapes_of_samples(tensors: Tensors, name: str, shapes: set[tuple[int, ...]]) -> None:
    assert tensors.shapes(name) == shapes


def test_the_plain_form_is_what_users_write() -> None:
    assert one(GRID).plain() is GRID
    ragged = one(lengths(2, 1)).plain()
    assert isinstance(ragged, list)
    assert [values.tolist() for values in ragged] == [[0, 1], [10]]
    several = sentences(2, 1).plain()
    assert [(name, type(values)) for name, values in several.items()] == [
        ("tokens", list),
        ("weights", list),
        ("number", np.ndarray),
    ]


@pytest.mark.parametrize("tensors", [one(GRID), one(lengths(3, 1, 2, 2)), dense(4), sentences(3, 1, 2, 2)])
@pytest.mark.parametrize("numbers", [[2, 0, 0], [3], [0, 1, 2, 3]])
def test_samples_are_drawn_from_the_plain_form(tensors: Tensors, numbers: list[int]) -> None:
    drawn = rows_of(tensors.plain(), np.array(numbers))

    assert count_of(tensors.plain()) == 4
    assert count_of(drawn) == len(numbers)
    assert type(drawn) is type(tensors.plain())
    taken = drawn if isinstance(drawn, dict) else {"image": drawn}
    assert {name: [np.asarray(value).tolist() for value in values] for name, values in taken.items()} == plain(
        tensors.take(numbers)
    )


def sha256(tensors: Tensors) -> str:
    return arrays_sha256(*tensors.arrays())


def test_one_array_is_hashed_as_that_array_alone() -> None:
    """Results and baselines hold the hashes of data sets that were arrays."""
    assert sha256(one(GRID, "a")) == sha256(one(GRID, "b")) == arrays_sha256(GRID)


def test_all_that_can_differ_is_in_the_hash() -> None:
    apart = [
        one(GRID),
        one(GRID * 2),
        one(GRID.reshape(3, 4)),
        one(lengths(1, 3)),
        one(lengths(3, 1)),
        one([np.zeros((2, 3)), np.zeros((1, 2))]),
        one([np.zeros((3, 2)), np.zeros((1, 2))]),
        one([np.zeros((1, 2)), np.zeros((2, 3))]),
        Tensors({"a": GRID, "b": GRID}),
        Tensors({"a": GRID, "c": GRID}),
        Tensors({"b": GRID, "a": GRID}),
        Tensors({"a": GRID, "b": GRID * 2}),
        Tensors({"a": GRID * 2, "b": GRID}),
        sentences(1, 2),
        sentences(2, 1),
    ]
    assert len({sha256(each) for each in apart}) == len(apart)


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


KINDS = [
    pytest.param(one(GRID), id="an array"),
    pytest.param(dense(3), id="arrays"),
    pytest.param(one(lengths(3, 1, 2)), id="ragged"),
    pytest.param(sentences(3, 1, 2), id="both"),
    pytest.param(sentences(2, 0), id="one without length"),
    pytest.param(Tensors({"größe/..": GRID, "": np.array([[True]] * 4)}), id="any names, bool"),
    pytest.param(one(np.array(["a", "bc"]), "labels"), id="texts"),
    pytest.param(one(np.asfortranarray(GRID)), id="columns first"),
    pytest.param(dense(0), id="no sample"),
]


@pytest.mark.parametrize("tensors", KINDS)
def test_what_is_saved_is_loaded(tensors: Tensors, tmp_path: Path) -> None:
    tensors.save(tmp_path / "held" / "inputs")
    again = Tensors.load(tmp_path / "held" / "inputs")

    assert same(again, tensors)
    assert sha256(again) == sha256(tensors)


def test_what_is_loaded_stays_on_the_disk(tmp_path: Path) -> None:
    one(GRID).save(tmp_path)
    assert isinstance(Tensors.load(tmp_path).only, np.memmap)


def test_objects_are_not_written(tmp_path: Path) -> None:
    """Reading them would run code."""
    with pytest.raises(ValueError, match="allow_pickle"):
        Tensors({"x": np.array([None])}).save(tmp_path)


@pytest.mark.parametrize("size", [1, 2, 99])
@pytest.mark.parametrize("tensors", [kind for kind in KINDS if kind.id != "no sample"])
def test_batches_are_put_together_again(tensors: Tensors, size: int) -> None:
    again = Tensors.concatenated(list(tensors.batches(size)))
    assert same(again, tensors)


def batch(**values: Sequence[Any] | Array) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        pytest.param([], "no batch", id="none"),
        pytest.param([batch(x=[1]), batch(y=[1])], "batches of different tensors", id="names"),
        pytest.param([batch(x=[1]), batch(x=[1], y=[1])], "batches of different tensors", id="one more"),
        pytest.param([batch(x=[1]), batch(x=[[1]])], "samples of 2 kinds", id="dimensions"),
        pytest.param([batch(x=[1]), batch(x=[1.5])], "samples of 2 kinds", id="dtypes"),
        pytest.param([batch(x=[[1]]), batch(x=[[1.5, 2]])], "samples of 2 kinds", id="dtypes and lengths"),
    ],
)
def test_batches_of_several_kinds_are_refused(parts: list[dict[str, Array]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Tensors.concatenated(parts)


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        pytest.param([one(GRID[:1]), one(GRID[1:])], one(GRID), id="arrays"),
        pytest.param([one(GRID[:2, :1]), one(GRID[:1])], one([*GRID[:2, :1], GRID[0]]), id="arrays of two lengths"),
        pytest.param([one(lengths(3, 1)), one(GRID[:1])], one([*lengths(3, 1), GRID[0]]), id="ragged and an array"),
        pytest.param([sentences(3, 1)], sentences(3, 1), id="one part"),
        pytest.param([one(GRID), one(GRID[:0])], one(GRID), id="a part without samples"),
    ],
)
def test_parts_are_joined_in_order(parts: list[Tensors], wanted: Tensors) -> None:
    assert same(Tensors.joined(parts), wanted)
