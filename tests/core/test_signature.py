"""What models take and give: shapes with free lengths, what users give as samples, and outputs by name."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from fakes.named import one, signature

from harness.core.signature import Input, Signature, tensors_of
from harness.core.tensors import Array, Ragged, Tensors
from harness.errors import ContractError, DataSetError

TOKENS = Input(name="tokens", shape=("length",), dtype="int64")
MASK = Input(name="mask", shape=("length",), dtype="bool")
GRID = Input(name="grid", shape=(2, 2))
SENTENCES = Signature(inputs=(TOKENS, MASK), outputs=("logits", "state"))


def sentence(length: int, masked: int | None = None) -> dict[str, Array]:
    """One sample of ``SENTENCES``."""
    return {"tokens": np.arange(length), "mask": np.ones(length if masked is None else masked, bool)}


@pytest.mark.parametrize(
    ("shape", "dimensions", "free", "words"),
    [
        pytest.param((2, 3), (2, 3), (), "float32 (2, 3)", id="fixed"),
        pytest.param((4,), (4,), (), "float32 (4,)", id="one dimension"),
        pytest.param((), (), (), "float32 ()", id="a number"),
        pytest.param([2, 3], (2, 3), (), "float32 (2, 3)", id="a list"),
        pytest.param(4, (4,), (), "float32 (4,)", id="a length alone"),
        pytest.param((np.int64(2), 3), (2, 3), (), "float32 (2, 3)", id="a number of numpy's"),
        pytest.param(("length", 4), ("length", 4), ("length",), "float32 (length, 4)", id="a free length"),
        pytest.param("length", ("length",), ("length",), "float32 (length,)", id="a name alone"),
        pytest.param((None, 4, None), ("x_0", 4, "x_2"), ("x_0", "x_2"), "float32 (free, 4, free)", id="without names"),
        pytest.param(("n", "n"), ("n", "n"), ("n", "n"), "float32 (n, n)", id="squares"),
    ],
)
def test_shapes(shape: Any, dimensions: tuple[Any, ...], free: tuple[str, ...], words: str) -> None:
    found = Input(name="x", shape=shape)

    assert (found.dimensions, found.free, found.describe()) == (dimensions, free, words)
    assert {type(length) for length in found.shape} <= {int, str, type(None)}, "plain values: they travel in messages"


@pytest.mark.parametrize("wrong", [0, -1, 2.0, True, "", b"n", (2,), np.float32(2)], ids=repr)
def test_what_is_no_dimension_is_refused(wrong: Any) -> None:
    with pytest.raises(ContractError, match=r"input 'x': shape=.*a dimension is a length, a name or None"):
        Input(name="x", shape=(3, wrong))


@pytest.mark.parametrize(
    ("dtype", "name"),
    [("float32", "float32"), ("int64", "int64"), ("bool", "bool"), ("f4", "float32"), (np.uint8, "uint8")],
)
def test_dtypes_are_those_of_numpy(dtype: Any, name: str) -> None:
    assert Input(shape=(1,), dtype=dtype).dtype == name


def test_another_dtype_is_refused() -> None:
    with pytest.raises(ContractError, match=r"input 'x': dtype='float33' is none of numpy's"):
        Input(name="x", shape=(1,), dtype="float33")


@pytest.mark.parametrize(
    ("layout", "fits"), [("", True), ("NCHW", True), ("NHWC", True), ("CHW", False), ("NCDHW", False)]
)
def test_a_layout_has_a_letter_for_each_dimension(layout: str, fits: bool) -> None:
    if fits:
        assert Input(shape=(1, 8, 8), layout=layout).layout == layout
        return
    with pytest.raises(ContractError, match="a letter for each dimension of a batch, 4 here"):
        Input(shape=(1, 8, 8), layout=layout)


@pytest.mark.parametrize(
    ("taken", "samples", "says"),
    [
        pytest.param(GRID, np.zeros((5, 2, 2), np.float32), "", id="fits"),
        pytest.param(GRID, np.zeros((0, 2, 2), np.float32), "", id="no sample"),
        pytest.param(GRID, np.zeros((5, 2, 3), np.float32), "one sample is float32 (2, 3)", id="shape"),
        pytest.param(GRID, np.zeros((5, 4), np.float32), "one sample is float32 (4,)", id="fewer dimensions"),
        pytest.param(GRID, np.zeros((5, 2, 2, 1), np.float32), "is float32 (2, 2, 1)", id="more dimensions"),
        pytest.param(
            GRID,
            np.zeros((5, 2, 2)),
            "where: one sample is float64 (2, 2), but the model's input 'grid' takes float32 (2, 2): convert the samples "
            "with .astype('float32').",
            id="dtype",
        ),
        pytest.param(
            Input(name="x", shape=(np.int64(3),)),  # type: ignore[arg-type]
            np.zeros((5, 4), np.float32),
            "takes float32 (3,).",
            id="a length of numpy's is no free one",
        ),
        pytest.param(TOKENS, np.zeros((5, 7), np.int64), "", id="all of one free length"),
        pytest.param(TOKENS, Ragged.of([np.arange(3), np.arange(1)]), "", id="free lengths"),
        pytest.param(TOKENS, Ragged.of([np.arange(3), np.arange(0)]), "", id="a free length of none"),
        pytest.param(
            TOKENS,
            Ragged.of([np.zeros(3, np.int32), np.zeros(1, np.int32)]),
            "takes int64 (length,): convert the samples with .astype('int64')",
            id="dtype of free lengths",
        ),
        pytest.param(TOKENS, np.zeros((5, 7, 1), np.int64), "is int64 (7, 1)", id="dimensions beside a free one"),
        pytest.param(
            Input(name="x", shape=("n", 4)),
            Ragged.of([np.zeros((3, 4), np.float32), np.zeros((2, 5), np.float32)]),
            "one sample is float32 (2, 5), but the model's input 'x' takes float32 (n, 4).",
            id="a fixed length among free ones",
        ),
        pytest.param(GRID, Ragged.of([np.zeros((2, 1)), np.zeros((1, 2))]), "one sample is float64", id="no free one"),
    ],
)
def test_samples_are_held_against_an_input(taken: Input, samples: Any, says: str) -> None:
    if not says:
        taken.check(samples, "where")
        return
    with pytest.raises(ContractError, match=re.escape(says)) as caught:
        taken.check(samples, "where")
    assert str(caught.value).startswith("where: ")


@pytest.mark.parametrize(
    ("inputs", "outputs", "single"),
    [
        pytest.param((GRID,), ("output",), True, id="one of each"),
        pytest.param((GRID,), ("a", "b"), False, id="two outputs"),
        pytest.param((TOKENS, MASK), ("output",), False, id="two inputs"),
    ],
)
def test_a_single_tensor_in_and_out(inputs: tuple[Input, ...], outputs: tuple[str, ...], single: bool) -> None:
    assert Signature(inputs=inputs, outputs=outputs).single is single


def test_one_name_is_one_free_length() -> None:
    assert SENTENCES.free == ("length",)
    assert SENTENCES.input_names == ("tokens", "mask")
    assert Signature(inputs=(TOKENS, Input(name="x", shape=(None, "n", "n")))).free == ("length", "x_0", "n")


MANY = Tensors({"a": np.arange(3), "b": np.zeros((3, 1))})


@pytest.mark.parametrize(
    ("given", "names", "wanted"),
    [
        pytest.param(np.arange(3), ("",), {"": np.arange(3)}, id="an array, unnamed"),
        pytest.param(np.arange(3), ("a",), {"a": np.arange(3)}, id="an array of the only tensor"),
        pytest.param(np.arange(3), ("a", "b"), {"": np.arange(3)}, id="an array for one of two"),
        pytest.param([np.arange(2), np.arange(1)], ("a",), {"a": [np.arange(2), np.arange(1)]}, id="a sequence"),
        pytest.param({"b": np.arange(3)}, ("a",), {"b": np.arange(3)}, id="a mapping has its own names"),
        pytest.param(
            {"a": np.arange(2), "b": [np.arange(2), np.arange(1)]},
            ("a", "b"),
            {"a": np.arange(2), "b": [np.arange(2), np.arange(1)]},
            id="a mapping of arrays and sequences",
        ),
        pytest.param(
            [{"a": np.arange(2), "b": 1}, {"b": 2, "a": np.arange(1)}],
            ("a", "b"),
            {"a": [np.arange(2), np.arange(1)], "b": np.array([1, 2])},
            id="a sequence of mappings, in any order",
        ),
        pytest.param(
            ({"a": np.arange(2)}, {"a": np.arange(2) + 5}),
            ("a",),
            {"a": np.array([[0, 1], [5, 6]])},
            id="a tuple of mappings of one shape",
        ),
        pytest.param({1: np.arange(3)}, ("1",), {"1": np.arange(3)}, id="names become texts"),
        pytest.param([], ("a",), {"a": np.zeros(0, np.float32)}, id="an empty sequence"),
    ],
)
def test_what_users_give_becomes_tensors(given: Any, names: tuple[str, ...], wanted: dict[str, Any]) -> None:
    found = tensors_of(given, names, "where")

    assert found.names == tuple(wanted)
    for name, values in wanted.items():
        assert isinstance(found[name], Ragged) is isinstance(values, list)
        assert [sample.tolist() for sample in found[name]] == [sample.tolist() for sample in values]


def test_tensors_stay_as_they_are() -> None:
    assert tensors_of(MANY, ("other",), "where") is MANY


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({}, "no tensor", id="an empty mapping"),
        pytest.param([[1.0], [2.0]], "list of list, not a numpy array", id="lists of numbers"),
        pytest.param({"a": [1.0]}, "list of float, not a numpy array ('a')", id="a list of numbers in a mapping"),
        pytest.param({"a": np.zeros(())}, "no sample dimension ('a')", id="a number in a mapping"),
        pytest.param({"a": np.zeros(2), "b": np.zeros(3)}, "different numbers of samples", id="a sample short"),
        pytest.param([{"a": 1}, {"b": 1}], "samples that have different tensors", id="mappings of other names"),
        pytest.param([{"a": 1}, {"a": 1, "b": 2}], "samples that have different tensors", id="one with a name more"),
        pytest.param([{"a": 1}, np.zeros(1)], "samples that have different tensors", id="a mapping and an array"),
        pytest.param([{"a": np.zeros(2)}, {"a": np.zeros((1, 2))}], "samples of 2 kinds", id="other dimensions"),
        pytest.param([{"a": 1}, {"a": 1.5}], "samples of 2 kinds", id="other dtypes"),
        pytest.param([{"a": None}, {"a": None}], "Python objects", id="objects"),
        pytest.param([{}, {}], "no tensor", id="empty mappings"),
        pytest.param("text", "str, not a numpy array", id="a text"),
        pytest.param(None, "NoneType, not a numpy array", id="None"),
    ],
)
def test_what_is_no_tensor_says_where(given: Any, says: str) -> None:
    with pytest.raises(DataSetError, match=re.escape(says)) as caught:
        tensors_of(given, ("a",), "data set 'd', train split")
    assert str(caught.value).startswith("data set 'd', train split: ")


def test_inputs_come_in_the_models_order() -> None:
    found = SENTENCES.tensors([sentence(3), sentence(1)], "where")
    turned = SENTENCES.tensors({"mask": np.ones((2, 3), bool), "tokens": np.zeros((2, 3), np.int64)}, "where")
    assert found.names == turned.names == ("tokens", "mask")
    assert len(found) == len(turned) == 2


@pytest.mark.parametrize("given", [np.zeros((3, 2, 2), np.float32), {"grid": np.zeros((3, 2, 2), np.float32)}])
def test_the_only_input_needs_no_name(given: Any) -> None:
    assert Signature(inputs=(GRID,)).tensors(given, "where").names == ("grid",)


@pytest.mark.parametrize(
    ("taken", "given", "says"),
    [
        pytest.param(
            SENTENCES,
            np.zeros((2, 3)),
            "where: samples have one unnamed tensor, the model takes 'tokens', 'mask'.",
            id="an array for two inputs",
        ),
        pytest.param(
            SENTENCES,
            {"tokens": np.zeros((2, 3), np.int64)},
            "where: samples have 'tokens', the model takes 'tokens', 'mask'.",
            id="a name short",
        ),
        pytest.param(
            Signature(inputs=(GRID,)),
            {"image": np.zeros((2, 2, 2), np.float32)},
            "where: samples have 'image', the model takes 'grid'.",
            id="another name",
        ),
        pytest.param(
            SENTENCES,
            {"tokens": np.zeros((2, 3), np.int64), "mask": np.zeros((2, 3))},
            "input 'mask' takes bool (length,): convert",
            id="the second's dtype",
        ),
    ],
)
def test_samples_of_another_model_are_refused(taken: Signature, given: Any, says: str) -> None:
    with pytest.raises(ContractError, match=re.escape(says)):
        taken.tensors(given, "where")


def tensors(*samples: dict[str, Array]) -> Tensors:
    return SENTENCES.tensors(list(samples), "where")


@pytest.mark.parametrize(
    ("taken", "parts", "lengths"),
    [
        pytest.param(Signature(inputs=(GRID,)), [one(np.zeros((3, 2, 2), np.float32), "grid")], {}, id="no free one"),
        pytest.param(SENTENCES, [tensors(sentence(4))], {"length": (4, 4)}, id="one sample"),
        pytest.param(SENTENCES, [tensors(sentence(3), sentence(9), sentence(5))], {"length": (3, 9)}, id="several"),
        pytest.param(SENTENCES, [tensors(sentence(3), sentence(3))], {"length": (3, 3)}, id="all the same"),
        pytest.param(
            SENTENCES,
            [tensors(sentence(3), sentence(4)), tensors(sentence(1), sentence(2))],
            {"length": (1, 4)},
            id="of both splits",
        ),
        pytest.param(
            signature((None, "n"), name="x"),
            [one([np.zeros((3, 5), np.float32), np.zeros((4, 2), np.float32)], "x")],
            {"x_0": (3, 4), "n": (2, 5)},
            id="two free lengths",
        ),
        pytest.param(SENTENCES, [], {}, id="no samples seen"),
    ],
)
def test_lengths_are_those_of_the_samples(
    taken: Signature, parts: list[Tensors], lengths: dict[str, tuple[int, int]]
) -> None:
    found = taken.with_lengths(*parts)

    assert found.lengths == lengths
    assert (found.inputs, found.outputs) == (taken.inputs, taken.outputs)
    assert taken.lengths == {}, "it is another one"


@pytest.mark.parametrize(
    ("taken", "samples", "says"),
    [
        pytest.param(
            SENTENCES,
            tensors(sentence(3), sentence(3, 2)),
            "the free length 'length' is 3 in one input of sample 1 and 2 in another",
            id="two inputs",
        ),
        pytest.param(
            signature(("n", "n"), name="x"),
            one([np.zeros((3, 3), np.float32), np.zeros((3, 4), np.float32)], "x"),
            "the free length 'n' is 3",
            id="two dimensions of one input",
        ),
        pytest.param(
            SENTENCES,
            Tensors({"tokens": np.zeros((2, 3), np.int64), "mask": np.zeros((2, 4), bool)}),
            "is 3 in one input of sample 0 and 4 in another",
            id="arrays",
        ),
    ],
)
def test_one_name_of_two_sizes_in_a_sample_is_refused(taken: Signature, samples: Tensors, says: str) -> None:
    with pytest.raises(ContractError, match=re.escape(says)):
        taken.with_lengths(samples)


ROWS = np.zeros((2, 3), np.float32)
STATE = np.ones((2, 1), np.int64)


@pytest.mark.parametrize(
    ("outputs", "given", "wanted"),
    [
        pytest.param(("output",), ROWS, {"output": ROWS}, id="an array"),
        pytest.param(("output",), [ROWS], {"output": ROWS}, id="a list of one"),
        pytest.param(("output",), {"whatever": ROWS}, {"output": ROWS}, id="one output needs no name"),
        pytest.param(("a", "b"), [ROWS, STATE], {"a": ROWS, "b": STATE}, id="a list, whole numbers too"),
        pytest.param(("a", "b"), (ROWS, STATE), {"a": ROWS, "b": STATE}, id="a tuple"),
        pytest.param(("a", "b"), {"b": STATE, "a": ROWS}, {"a": ROWS, "b": STATE}, id="a mapping in another order"),
        pytest.param(("output",), ROWS[:, :0], {"output": ROWS[:, :0]}, id="rows without length"),
        pytest.param(("output",), ROWS > 0, {"output": ROWS > 0}, id="bool"),
    ],
)
def test_outputs_go_by_the_declared_names(outputs: tuple[str, ...], given: Any, wanted: dict[str, Array]) -> None:
    found = Signature(inputs=(GRID,), outputs=outputs).named(given, 2)

    assert list(found) == list(wanted)
    assert all(np.array_equal(found[name], values) for name, values in wanted.items())
    assert all(found[name].dtype == values.dtype for name, values in wanted.items())


@pytest.mark.parametrize(
    ("outputs", "given", "says"),
    [
        pytest.param(
            ("output",),
            [ROWS, STATE],
            "the model gives 2 outputs, and declared are 'output': write harness.model(..., outputs=[...])",
            id="one more",
        ),
        pytest.param(("a", "b"), ROWS, "the model gives 1 output, and declared are 'a', 'b'", id="an array for two"),
        pytest.param(("a",), [], "the model gives 0 outputs", id="none"),
        pytest.param(
            ("a", "b"),
            {"a": ROWS, "c": STATE},
            "the model gives 'a', 'c', and declared are 'a', 'b': write harness.model(..., outputs=['a', 'c'])",
            id="another name",
        ),
        pytest.param(("a",), {"x": ROWS, "y": ROWS}, "write harness.model(..., outputs=['x', 'y'])", id="one of two"),
        pytest.param(
            ("a",), ROWS[:1], "output 'a' of the model must be a tensor with a row per sample", id="a row short"
        ),
        pytest.param(("a",), ROWS[:1], "it is float32 (1, 3) for 2 samples", id="a row short, its shape"),
        pytest.param(("a", "b"), [ROWS, np.zeros(())], "output 'b'", id="a number"),
        pytest.param(("a",), None, "it is NoneType for 2 samples", id="None"),
        pytest.param(("a",), 1.0, "it is float for 2 samples", id="a float"),
        pytest.param(("a",), np.array([None, None]), "it is object (2,) for 2 samples", id="objects"),
        pytest.param(("a",), {"a": [1, 2]}, "it is list for 2 samples", id="a list of numbers"),
    ],
)
def test_outputs_that_are_not_the_declared_ones_are_refused(outputs: tuple[str, ...], given: Any, says: str) -> None:
    with pytest.raises(ContractError, match=re.escape(says)):
        Signature(inputs=(GRID,), outputs=outputs).named(given, 2)
