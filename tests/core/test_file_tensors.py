"""What a file says of its tensors: in words, and as a model's signature."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.core.file_tensors import FileTensor, FileTensors, check_batch
from harness.core.signature import Input
from harness.errors import ContractError


def tensor(name: str = "x", shape: Any = (1, 3), dtype: str = "float32", **more: Any) -> FileTensor:
    return FileTensor(name=name, dtype=dtype, shape=shape, **more)


@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(tensor(), "'x' float32 (1, 3)", id="fixed"),
        pytest.param(tensor(shape=(None, "length")), "'x' float32 (free, length)", id="free, by name and without"),
        pytest.param(tensor(shape=(1,)), "'x' float32 (1,)", id="one dimension"),
        pytest.param(tensor(shape=()), "'x' float32 ()", id="a number"),
        pytest.param(tensor(shape=None), "'x' float32, of a shape that the file does not say", id="no shape"),
        pytest.param(
            tensor(dtype="int8", scale=0.5, zero_point=-3), "'x' int8 (1, 3), scale 0.5, zero point -3", id="quantized"
        ),
    ],
)
def test_a_tensor_in_words(one: FileTensor, says: str) -> None:
    assert one.describe() == says


def test_a_file_in_words() -> None:
    both = FileTensors(inputs=(tensor("a"), tensor("b")), outputs=(tensor("c"),))
    assert both.describe() == "takes 'a' float32 (1, 3), 'b' float32 (1, 3) and gives 'c' float32 (1, 3)"
    assert FileTensors(inputs=(), outputs=()).describe() == "takes nothing and gives nothing"


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        pytest.param((1, 3, 2), (3, 2), id="a batch of one"),
        pytest.param((None, 3), (3,), id="a free batch"),
        pytest.param(("batch", 3), (3,), id="a free batch by name"),
        pytest.param((1, None, 3), (None, 3), id="a free length"),
        pytest.param(("n", "length"), ("length",), id="a free length by name"),
        pytest.param((1,), (), id="numbers"),
    ],
)
def test_the_signature_leaves_the_batch_out(shape: Any, wanted: Any) -> None:
    found = FileTensors(inputs=(tensor("serving_default_x:0", shape, "int64"),), outputs=(tensor("y"),)).signature()
    assert found.inputs == (Input(name="serving_default_x:0", shape=wanted, dtype="int64"),)
    assert found.outputs == ("y",)


@pytest.mark.parametrize(
    ("inputs", "outputs", "says"),
    [
        pytest.param([], [tensor("y")], "it has no inputs", id="no input"),
        pytest.param([tensor()], [], "it has no outputs", id="no output"),
        pytest.param(
            [tensor("")], [tensor("y")], "its inputs are called ['']: each takes a name of its own", id="no name"
        ),
        pytest.param([tensor()], [tensor("y"), tensor("y")], "its outputs are called ['y', 'y']", id="one name twice"),
        pytest.param(
            [tensor(shape=())], [tensor("y")], "its input 'x' is a single number; every input has", id="no batch"
        ),
        pytest.param(
            [tensor(shape=None)], [tensor("y")], "its input 'x' is of a shape that the file does not say", id="no shape"
        ),
        pytest.param(
            [tensor(), tensor("z", (8, 3))],
            [tensor("y")],
            "its input 'z' float32 (8, 3) takes 8 samples at a time, and evaluation gives one: write the file with a batch of "
            "one, or a free one",
            id="a batch of eight, of the second",
        ),
        pytest.param([tensor(shape=(2, 3))], [tensor("y")], "takes 2 samples at a time", id="a batch of two"),
        pytest.param(
            [tensor(dtype="object")],
            [tensor("y")],
            "its input 'x' object (1, 3) holds something else than numbers, such as strings: export the model without it",
            id="strings in",
        ),
        pytest.param([tensor()], [tensor("y", dtype="object")], "its output 'y' object (1, 3) holds", id="strings out"),
    ],
)
def test_what_is_no_signature_is_told(inputs: list[FileTensor], outputs: list[FileTensor], says: str) -> None:
    with pytest.raises(ContractError, match=re.escape(says)):
        FileTensors(inputs=tuple(inputs), outputs=tuple(outputs)).signature()


def test_outputs_may_have_any_batch_and_no_shape() -> None:
    found = FileTensors(
        inputs=(tensor(),), outputs=(tensor("a", None), tensor("b", ()), tensor("c", (8, 2)))
    ).signature()
    assert found.outputs == ("a", "b", "c")


def test_a_batch_of_one_and_a_free_one_pass() -> None:
    check_batch([tensor(), tensor(shape=(None,)), tensor(shape=("n", 2))])
