"""Which tensor of a file is which of the model's: by name, never by order; what doesn't fit says what to write."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.core.adaptation import InFile
from harness.core.file_tensors import FileTensor
from harness.core.pairing import adapted_inputs, adapted_outputs
from harness.core.signature import Input, Signature
from harness.errors import ContractError

FILES_SCALE = {"scale": 0.5, "zero_point": 1}


def tensor(name: str = "x", shape: Any = (1, 2, 3, 4), dtype: str = "float32", **more: Any) -> FileTensor:
    return FileTensor(name=name, dtype=dtype, shape=shape, **more)


def model(
    shape: Any = (2, 3, 4), dtype: str = "float32", names: tuple[str, ...] = ("x",), outputs: Any = ("y",)
) -> Signature:
    return Signature(inputs=tuple(Input(name=name, shape=shape, dtype=dtype) for name in names), outputs=outputs)


@pytest.mark.parametrize(
    ("names", "in_file", "declared", "wanted"),
    [
        pytest.param(("x",), ["x"], {}, ["x"], id="an equal name"),
        pytest.param(("x",), ["serving_default_x:0"], {}, ["serving_default_x:0"], id="the only one"),
        pytest.param(("x",), ["z"], {"x": InFile(name="z")}, ["z"], id="the declared one"),
        pytest.param(("a", "b"), ["b", "a"], {}, ["a", "b"], id="equal names in another order"),
        pytest.param(("a", "b"), ["b", "c"], {"a": InFile(name="c")}, ["c", "b"], id="one declared, one equal"),
        pytest.param(("a", "b"), ["a", "b"], {"a": InFile(name="b"), "b": InFile(name="a")}, ["b", "a"], id="turned round"),
    ],
)  # fmt: skip
def test_tensors_are_paired_by_name(names: Any, in_file: list[str], declared: Any, wanted: list[str]) -> None:
    inputs = adapted_inputs(model(names=names), [tensor(name) for name in in_file], declared)
    outputs = adapted_outputs(model(outputs=names), [tensor(name) for name in in_file], declared)
    for found in (inputs, outputs):
        assert [one.model_name for one in found] == list(names)
        assert [one.file_name for one in found] == wanted


EVERYTHING = "'p' float32 (1, 2, 3, 4), 'q' float32 (1, 2, 3, 4)"


@pytest.mark.parametrize(
    ("names", "in_file", "declared", "says"),
    [
        pytest.param(
            ("a", "b"),
            ["p", "q"],
            {},
            f"nothing in the file is called 'a': the file's SIDEs are {EVERYTHING}; write SIDEs={{'a': harness.InFile(name='...')}}",
            id="other names, never by order",
        ),
        pytest.param(("a", "b"), ["a", "q"], {}, "nothing in the file is called 'b'", id="one of two fits"),
        pytest.param(("a",), ["p"], {"a": InFile(name="z")}, "nothing in the file is called 'z'", id="a declared name that isn't there"),
        pytest.param(("a",), ["p", "q"], {}, f"the model has 1 SIDEs ('a'), and the file's SIDEs are {EVERYTHING}", id="one more"),
        pytest.param(("a", "b"), ["a"], {}, "the model has 2 SIDEs ('a', 'b'), and the file's SIDEs are 'a' float32", id="one short"),
        pytest.param(("a",), [], {}, "and the file's SIDEs are none", id="none"),
        pytest.param(("a",), ["p"], {"z": InFile()}, "SIDEs={'z': ...}: the model's SIDEs are 'a'", id="declared of nothing"),
        pytest.param(
            ("a", "b"), ["a", "b"], {"a": InFile(name="b")}, "two of the model's SIDEs are the same one of the file", id="one twice"
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("side", ["input", "output"])
def test_what_is_not_clear_is_refused(side: str, names: Any, in_file: list[str], declared: Any, says: str) -> None:
    adapted, signature = {
        "input": (adapted_inputs, model(names=names)),
        "output": (adapted_outputs, model(outputs=names)),
    }[side]
    with pytest.raises(ContractError, match=re.escape(says.replace("SIDE", side))):
        adapted(signature, [tensor(name) for name in in_file], declared)


@pytest.mark.parametrize(
    ("ours", "theirs", "declared", "wanted"),
    [
        pytest.param(model(), tensor(), InFile(), {}, id="the same"),
        pytest.param(model(), tensor(shape=("n", 2, 3, 4)), InFile(), {}, id="a free batch"),
        pytest.param(model(), tensor(shape=(None, None, 3, None)), InFile(), {}, id="free lengths in the file"),
        pytest.param(model(("t", 3)), tensor(shape=(1, 5, 3)), InFile(), {}, id="a free length in the model"),
        pytest.param(
            model(), tensor(shape=(1, 3, 4, 2)), InFile(layout="NCHW->NHWC"), {"order": (1, 2, 0)}, id="another layout"
        ),
        pytest.param(model(), tensor(shape=(1, 24)), InFile(shape=(24,)), {"shape": (24,)}, id="flat"),
        pytest.param(
            model(),
            tensor(shape=(1, 24)),
            InFile(layout="NCHW->NHWC", shape=(24,)),
            {"order": (1, 2, 0), "shape": (24,)},
            id="another layout, flat",
        ),
        pytest.param(
            model(),
            tensor(dtype="int8"),
            InFile(**FILES_SCALE),
            {"dtype": "int8", **FILES_SCALE},
            id="integers of a declared scale",
        ),
        pytest.param(model(), tensor(dtype="int8", **FILES_SCALE), InFile(), {}, id="of the file's own scale"),
        pytest.param(model(), tensor(dtype="int8", **FILES_SCALE), InFile(**FILES_SCALE), {}, id="of both"),
        pytest.param(
            model(),
            tensor(dtype="int8", scale=0.5 + 1e-8, zero_point=1),
            InFile(**FILES_SCALE),
            {},
            id="of both, as printed",
        ),
        pytest.param(
            model(dtype="uint8"),
            tensor(dtype="int8", **FILES_SCALE),
            InFile(),
            {"dtype": "float32"},
            id="pixels, of its scale",
        ),
        pytest.param(model(dtype="int64"), tensor(dtype="int32"), InFile(), {"dtype": "int32"}, id="narrower integers"),
        pytest.param(model(dtype="int32"), tensor(dtype="int64"), InFile(), {"dtype": "int64"}, id="wider integers"),
        pytest.param(model(dtype="uint8"), tensor(), InFile(), {"dtype": "float32"}, id="pixels as floats"),
        pytest.param(model(), tensor(dtype="float16"), InFile(), {"dtype": "float16"}, id="half floats"),
        pytest.param(model(dtype="float64"), tensor(), InFile(), {"dtype": "float32"}, id="floats for doubles"),
        pytest.param(model(dtype="bool"), tensor(dtype="int64"), InFile(), {"dtype": "int64"}, id="truths as integers"),
    ],
)
def test_an_input_that_fits(ours: Signature, theirs: FileTensor, declared: InFile, wanted: dict[str, Any]) -> None:
    (found,) = adapted_inputs(ours, [theirs], {"x": declared})
    held = {name: getattr(found, name) for name in ("order", "shape", "dtype", "scale", "zero_point")}
    assert held == {"order": (), "shape": (), "dtype": "", "scale": 0.0, "zero_point": 0, **wanted}


@pytest.mark.parametrize(
    ("ours", "theirs", "declared", "says"),
    [
        pytest.param(
            model(),
            tensor(shape=(1, 3, 4, 2)),
            InFile(),
            "the model's input 'x' takes float32 (2, 3, 4) a sample, the file's 'x' float32 (1, 3, 4, 2); write "
            "inputs={'x': harness.InFile(layout='NCHW->NHWC')} or whatever order it is",
            id="another layout",
        ),
        pytest.param(
            model((3, 5)),
            tensor(shape=(1, 5, 3)),
            InFile(),
            "InFile(layout='NHW->NWH')} or whatever",
            id="of two dimensions",
        ),
        pytest.param(
            model(),
            tensor(shape=(1, 24)),
            InFile(),
            "write inputs={'x': harness.InFile(shape=(24,))} if that is a reshaped sample",
            id="flat",
        ),
        pytest.param(
            model(), tensor(shape=(1, 2, 3, 5)), InFile(), "the file's 'x' float32 (1, 2, 3, 5)", id="one length more"
        ),
        pytest.param(
            model(), tensor(shape=(1, 2, 3)), InFile(), "the file's 'x' float32 (1, 2, 3)", id="a dimension less"
        ),
        pytest.param(
            model(),
            tensor(),
            InFile(layout="NCHW->NHWC"),
            "takes float32 (2, 3, 4) a sample",
            id="a layout that isn't there",
        ),
        pytest.param(
            model((2, 3)),
            tensor(shape=(1, 2, 3)),
            InFile(layout="NCHW->NHWC"),
            "layout='NCHW->NHWC' has 3 dimensions of one sample, the model's input 'x' takes float32 (2, 3)",
            id="a layout of more dimensions",
        ),
        pytest.param(
            model(),
            tensor(shape=(1, 24)),
            InFile(shape=(25,)),
            "shape=(25,) has 25 elements",
            id="a shape of more elements",
        ),
        pytest.param(
            model(("n", 3)),
            tensor(shape=(1, 24)),
            InFile(shape=(24,)),
            "shape=(24,) has 24 elements",
            id="a shape of a free length",
        ),
        pytest.param(
            model(),
            tensor(shape=(8, 2, 3, 4)),
            InFile(),
            "takes 8 samples at a time, and evaluation gives one",
            id="eight",
        ),
        pytest.param(model(), tensor(shape=()), InFile(), "'x' is a single number", id="no batch"),
        pytest.param(
            model(),
            tensor(dtype="int8"),
            InFile(),
            "the model's input 'x' is float32, the file's 'x' int8 (1, 2, 3, 4): of integers that stand for floats say the "
            "scale, inputs={'x': harness.InFile(scale=..., zero_point=...)}",
            id="integers without a scale",
        ),
        pytest.param(
            model(), tensor(dtype="int64"), InFile(), "of integers that stand for floats", id="tokens for floats"
        ),
        pytest.param(
            model(),
            tensor(),
            InFile(scale=0.5),
            "a scale is declared of input 'x', and the file has 'x' float32",
            id="of floats",
        ),
        pytest.param(
            model(),
            tensor(dtype="int8", **FILES_SCALE),
            InFile(scale=0.25, zero_point=1),
            "scale 0.25 and zero point 1 are declared of input 'x', and the file says 'x' int8 (1, 2, 3, 4), scale 0.5, zero "
            "point 1: leave them out",
            id="another scale than the file's",
        ),
        pytest.param(
            model(), tensor(dtype="int8", **FILES_SCALE), InFile(scale=0.5), "leave them out", id="another zero point"
        ),
        pytest.param(model(), tensor(dtype="object"), InFile(), "holds something else than numbers", id="strings"),
    ],
)
def test_an_input_that_does_not_fit_says_what_to_write(
    ours: Signature, theirs: FileTensor, declared: InFile, says: str
) -> None:
    with pytest.raises(ContractError, match=re.escape(says)):
        adapted_inputs(ours, [theirs], {"x": declared})


@pytest.mark.parametrize(
    ("theirs", "declared", "says"),
    [
        pytest.param(tensor("y"), InFile(), "", id="the same"),
        pytest.param(
            tensor("y", None), InFile(shape=(7,), layout="NCHW->NHWC"), "", id="a shape that the file does not say"
        ),
        pytest.param(tensor("y", (1, None)), InFile(shape=(7,)), "", id="a free length"),
        pytest.param(tensor("y"), InFile(shape=(24,)), "", id="as many elements"),
        pytest.param(
            tensor("y"),
            InFile(shape=(25,)),
            "shape=(25,) of output 'y' has 25 elements, the file's is 'y' float32 (1, 2, 3, 4)",
            id="an element more",
        ),
        pytest.param(tensor("y"), InFile(layout="NCHW->NHWC"), "", id="as many dimensions"),
        pytest.param(
            tensor("y", (1, 2, 3)),
            InFile(layout="NCHW->NHWC"),
            "layout='NCHW->NHWC' of output 'y' has 3 dimensions of one sample, and it has 2",
            id="a dimension more",
        ),
        pytest.param(tensor("y"), InFile(layout="NCHW->NHWC", shape=(24,)), "and it has 1", id="of the new shape"),
        pytest.param(tensor("y"), InFile(scale=1.0), "a scale is declared of output 'y'", id="a scale of floats"),
        pytest.param(tensor("y", dtype="object"), InFile(), "its output 'y' object (1, 2, 3, 4) holds", id="strings"),
    ],
)
def test_an_output_is_held_to_what_the_file_says(theirs: FileTensor, declared: InFile, says: str) -> None:
    if not says:
        adapted_outputs(model(), [theirs], {"y": declared})
        return
    with pytest.raises(ContractError, match=re.escape(says)):
        adapted_outputs(model(), [theirs], {"y": declared})


@pytest.mark.parametrize(("dtype", "wanted"), [("float32", ""), ("float16", "float32"), ("int64", "")])
def test_half_floats_come_back_as_floats(dtype: str, wanted: str) -> None:
    (found,) = adapted_outputs(model(), [tensor("y", dtype=dtype)], {})
    assert found.dtype == wanted
