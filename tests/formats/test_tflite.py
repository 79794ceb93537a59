"""TFLite files are read whole or refused with what they are; tensors by their signature's names, or their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.files import (
    BIAS,
    INPUT_SCALE,
    INPUT_ZERO,
    OTHERS,
    SAMPLE,
    SCORES,
    TfliteWriter,
    onnx_model,
    tflite_content,
    write_tflite,
)

from harness.core.file_tensors import FileTensors
from harness.errors import ContractError
from harness.formats.tflite import TfliteFile, signed

WHOLE = tflite_content()
BOTH = {"scores": SCORES, "others": OTHERS}
OWN = ("serving_default_x:0", "Call:0", "Call:1")


def tensors(**what: Any) -> FileTensors:
    return TfliteFile(tflite_content(**what), "a.tflite").tensors


@pytest.mark.parametrize(
    ("what", "inputs", "outputs"),
    [
        pytest.param({}, ["x"], ["scores"], id="of a signature"),
        pytest.param({"tensor_names": OWN}, ["x"], ["scores", "others"], id="of a signature, not their own"),
        pytest.param({"tensor_names": OWN, "signatures": ()}, [OWN[0]], list(OWN[1:]), id="their own without one"),
        pytest.param(
            {"tensor_names": OWN, "signatures": ("a", "b")}, ["x"], ["scores", "others"], id="of the first of two"
        ),
    ],
)
def test_tensors_go_by_name(what: Any, inputs: list[str], outputs: list[str]) -> None:
    found = tensors(outputs=BOTH if len(outputs) == 2 else None, **what)
    assert [one.name for one in found.inputs] == inputs
    assert [one.name for one in found.outputs] == outputs


def test_a_signature_of_a_part_of_the_tensors_names_none() -> None:
    file = TfliteWriter()
    places = [file.tensor(name, (1, 2), "float32") for name in ("a", "b", "c")]
    file.operator("ADD", places[:2], places[2:], "AddOptions")
    file.graph.inputs, file.graph.outputs = places[:2], places[2:]
    file.sign("one", {"first": places[0]}, {"sum": places[2]})
    found = TfliteFile(file.content(), "a.tflite").tensors
    assert [one.name for one in found.inputs] == ["a", "b"]
    assert [one.name for one in found.outputs] == ["sum"]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        pytest.param((1, *SAMPLE), (1, *SAMPLE), id="fixed"),
        pytest.param((-1, *SAMPLE), (None, *SAMPLE), id="a free batch"),
        pytest.param((1, -1, 4, 4), (1, None, 4, 4), id="a free length"),
    ],
)
def test_free_lengths_are_none(shape: Any, wanted: Any) -> None:
    (found,) = tensors(shape=shape).inputs
    assert (found.dtype, found.shape, found.scale) == ("float32", wanted, 0.0)


def test_integers_at_the_ends_tell_what_they_stand_for() -> None:
    found = tensors(int8=True)
    (taken,), (given,) = found.inputs, found.outputs
    assert (taken.dtype, taken.scale, taken.zero_point) == ("int8", pytest.approx(INPUT_SCALE), INPUT_ZERO)
    assert (given.dtype, given.scale, given.zero_point) == ("int8", pytest.approx(0.3), 0)


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        ("int64", "int64"),
        ("int32", "int32"),
        ("bool", "bool"),
        ("uint8", "uint8"),
        ("float16", "float16"),
        ("string", "object"),
    ],
)
def test_types_are_numpys(dtype: str, wanted: str) -> None:
    file = TfliteWriter()
    place = file.tensor("a", (1, 2), dtype)
    file.graph.inputs = file.graph.outputs = [place]
    (found,) = TfliteFile(file.content(), "a.tflite").tensors.inputs
    assert found.dtype == wanted


def test_constants_are_told_as_they_are_stored() -> None:
    held = dict(TfliteFile(WHOLE, "a.tflite").constants())
    assert list(held) == ["0.1.scores/kernel", "0.2.scores/bias"]
    np.testing.assert_array_equal(held["0.1.scores/kernel"], SCORES.T.ravel())
    np.testing.assert_array_equal(held["0.2.scores/bias"], BIAS)
    assert dict(TfliteFile(tflite_content(int8=True), "a.tflite").constants())["0.1.scores/kernel"].dtype == np.int8


def behind(size: int = 0) -> bytes:
    """The model with its kernel behind the flatbuffer, where converters put what is large; *size* overstates it."""
    file = TfliteWriter()
    x, w = file.tensor("x", (1, 64), "float32"), file.tensor("w", (6, 64), "float32", np.ascontiguousarray(SCORES.T))
    y = file.tensor("y", (1, 6), "float32")
    file.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions")
    file.graph.inputs, file.graph.outputs = [x], [y]
    buffer = file.model.buffers[1]
    data, buffer.data = bytes(buffer.data), None
    buffer.offset, buffer.size = 2, len(data) + size  # a placeholder of the same length
    buffer.offset = len(file.content())
    buffer.offset = len(file.content())
    content = file.content()
    assert len(content) == buffer.offset
    return content + data


def test_constants_behind_the_flatbuffer_are_told_too() -> None:
    (held,) = dict(TfliteFile(behind(), "a.tflite").constants()).values()
    np.testing.assert_array_equal(held, SCORES.T.ravel())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is no TFLite file but empty: it does not say TFL3 in its first bytes", id="empty"),
        pytest.param(b"PK\x03\x04" + bytes(40), "is no TFLite file but a zip archive", id="an archive"),
        pytest.param(onnx_model().SerializeToString(), "is no TFLite file: it does not say TFL3", id="an ONNX file"),
        pytest.param(WHOLE[:8], "is no whole TFLite file: ", id="its first bytes"),
        pytest.param(WHOLE[: len(WHOLE) // 2], "is no whole TFLite file: ", id="half of it"),
        pytest.param(behind()[:-1], "it ends before the 1536 bytes at ", id="a byte short behind the flatbuffer"),
        pytest.param(behind(1), "it ends before the 1537 bytes at ", id="one more than there is"),
    ],
)
def test_what_is_no_whole_tflite_file_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=re.escape(says)) as caught:
        TfliteFile.read(path)
    assert str(caught.value).startswith(f"{path} ")


def test_a_cut_anywhere_is_refused_or_whole_enough_to_be_read() -> None:
    """What is left of a file must not end in an error of the reader's own."""
    refused = 0
    for end in range(0, len(WHOLE), 7):
        try:
            dict(TfliteFile(WHOLE[:end], "a.tflite").constants())
        except ContractError:
            refused += 1
    assert refused == len(range(0, len(WHOLE), 7))


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tflite(tmp_path / "m.tflite")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ContractError, match=re.escape(f"{path} can't be read: Permission denied")):
        TfliteFile.read(path)


def test_a_signature_can_be_added() -> None:
    plain = tflite_content(outputs=BOTH, signatures=(), tensor_names=OWN)
    assert not TfliteFile(plain, "a.tflite").signed
    found = TfliteFile(signed(plain, ["image"], ["first", "second"]), "a.tflite")
    assert found.signed
    assert [one.name for one in (*found.tensors.inputs, *found.tensors.outputs)] == ["image", "first", "second"]
    before = dict(TfliteFile(plain, "a.tflite").constants())
    assert all(np.array_equal(held, before[name]) for name, held in found.constants())
