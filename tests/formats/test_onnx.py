"""ONNX files are read whole or refused with what they are, and their tensors are told without an engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from fakes.files import BATCH, SAMPLE, onnx_model, tflite_content, write_onnx

from harness.errors import ContractError
from harness.formats import onnx as reading
from harness.formats.onnx import external_files, files_with_weights, onnx_tensors, read_onnx, takes_one_sample

WHOLE = onnx_model().SerializeToString()
TENSOR = onnx.helper.make_tensor_value_info


def external(path: Path, location: str = "weights.bin") -> Path:
    """The model with its weights in a file beside it."""
    onnx.save(onnx_model(), str(path), save_as_external_data=True, location=location, size_threshold=0)
    return path


def elsewhere(path: Path, location: str) -> Path:
    """The model that says that its weights lie at *location*, where nothing was written."""
    model = onnx.load(str(external(path)), load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    path.write_bytes(model.SerializeToString())
    return path


def changed(change: Callable[[Any], object], **what: Any) -> bytes:
    model = onnx_model(**what)
    change(model)
    return bytes(model.SerializeToString())


def test_a_file_is_read_with_its_bytes(tmp_path: Path) -> None:
    model, content = read_onnx(write_onnx(tmp_path / "m.onnx"))
    assert content == WHOLE
    assert model == onnx_model()


def test_weights_beside_a_file_come_into_one(tmp_path: Path) -> None:
    path = external(tmp_path / "m.onnx")
    model, content = read_onnx(path)

    alone = onnx.load_model_from_string(content)
    assert not external_files(alone)
    assert files_with_weights(path) == (tmp_path / "weights.bin",)
    held = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    again = {one.name: onnx.numpy_helper.to_array(one) for one in alone.graph.initializer}
    wanted = {one.name: onnx.numpy_helper.to_array(one) for one in onnx_model().graph.initializer}
    assert held.keys() == again.keys() == wanted.keys()
    assert all(np.array_equal(held[name], one) and np.array_equal(again[name], one) for name, one in wanted.items())


def test_weights_in_a_constant_and_in_a_branch_are_found(tmp_path: Path) -> None:
    model = onnx_model()
    where = onnx.StringStringEntryProto(key="location", value="inner.bin")
    tensor = onnx.TensorProto(name="t", data_location=onnx.TensorProto.EXTERNAL, external_data=[where])
    inner = onnx.helper.make_graph([onnx.helper.make_node("Constant", [], ["c"], value=tensor)], "branch", [], [])
    model.graph.node.append(onnx.helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=inner))
    assert external_files(model) == ("inner.bin",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is no ONNX model but empty: nothing in it computes", id="empty"),
        pytest.param(tflite_content(), "is no whole ONNX file but a TFLite file", id="a TFLite file"),
        pytest.param(b"PK\x03\x04" + bytes(40), "is no whole ONNX file but a zip archive, such as a .keras or a .pt2 file", id="an archive"),
        pytest.param(WHOLE[: len(WHOLE) // 2], "is no whole ONNX file: ", id="half of it"),
        pytest.param(WHOLE[:-1], "is no whole ONNX file: ", id="a byte short"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "is no whole ONNX file", id="a pointer to it"),
        pytest.param(
            changed(lambda model: model.graph.ClearField("node")), "is no ONNX model: nothing in it computes", id="no operator"
        ),
        pytest.param(
            changed(lambda model: setattr(model.graph.node[0], "op_type", "Reshapee")),
            "is no valid ONNX file: No Op registered for Reshapee",
            id="an unknown operator",
        ),
        pytest.param(
            changed(lambda model: setattr(model, "ir_version", 99)), "is no valid ONNX file", id="a format of the future"
        ),
        pytest.param(
            changed(lambda model: model.graph.node[1].input.__setitem__(0, "nowhere")),
            "is no valid ONNX file: Nodes in a graph must be topologically sorted",
            id="a tensor of nowhere",
        ),
    ],
)  # fmt: skip
def test_what_is_no_whole_onnx_file_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=re.escape(f"{path} {says}")):
        read_onnx(path)


@pytest.mark.parametrize(
    ("location", "says"),
    [
        pytest.param("gone.bin", "its weights lie in 'gone.bin', and there is no such file beside it: copy it there", id="missing"),
        pytest.param("../w.bin", "said to lie in '../w.bin', outside of its folder; save it with its weights beside it", id="above"),
        pytest.param("/etc/passwd", "said to lie in '/etc/passwd', outside of its folder", id="absolute"),
        pytest.param("a/../../w.bin", "outside of its folder", id="above, by a detour"),
        pytest.param("link.bin", "its weights lie in 'link.bin', a link to", id="behind a link"),
    ],
)  # fmt: skip
def test_weights_are_only_read_from_the_files_folder(tmp_path: Path, location: str, says: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(10_000))
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    path = elsewhere(folder / "m.onnx", location)
    for read in (read_onnx, files_with_weights):
        with pytest.raises(ContractError, match=re.escape(says)) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_weights_that_are_cut_are_told(tmp_path: Path) -> None:
    path = external(tmp_path / "m.onnx")
    weights = tmp_path / "weights.bin"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ContractError, match=re.escape(f"{path}: its weights can't be read")):
        read_onnx(path)


def test_a_model_behind_a_link_is_read(tmp_path: Path) -> None:
    write_onnx(tmp_path / "blob")
    (tmp_path / "m.onnx").symlink_to(tmp_path / "blob")
    assert read_onnx(tmp_path / "m.onnx")[1] == WHOLE


@pytest.mark.parametrize(("most", "fits"), [(len(WHOLE) + 1, True), (len(WHOLE), False)])
def test_what_fits_no_single_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, fits: bool
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", most)
    path = write_onnx(tmp_path / "m.onnx")
    if fits:
        read_onnx(path)
        return
    with pytest.raises(
        ContractError, match=re.escape(f"{path} holds 0.0 GB with its weights; above 0.0 GB a model fits")
    ):
        read_onnx(path)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_onnx(tmp_path / "m.onnx")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ContractError, match=re.escape(f"{path} can't be read: Permission denied")):
        read_onnx(path)


@pytest.mark.parametrize(
    ("shape", "wanted", "alone"),
    [
        pytest.param((BATCH, *SAMPLE), (BATCH, *SAMPLE), False, id="a free batch by name"),
        pytest.param((1, *SAMPLE), (1, *SAMPLE), True, id="a batch of one"),
        pytest.param((None, *SAMPLE), (None, *SAMPLE), False, id="a free batch without a name"),
        pytest.param((-1, *SAMPLE), (None, *SAMPLE), False, id="a free batch as -1"),
        pytest.param((0, *SAMPLE), (None, *SAMPLE), False, id="a free batch as 0"),
        pytest.param(("n", "side", "side", 4), ("n", "side", "side", 4), False, id="lengths of one name"),
        pytest.param((8, *SAMPLE), (8, *SAMPLE), False, id="a batch of eight"),
        pytest.param((), (), False, id="a number"),
    ],
)
def test_the_tensors_of_a_file(shape: Any, wanted: Any, alone: bool) -> None:
    model = onnx_model()
    model.graph.input[0].CopyFrom(TENSOR("x", onnx.TensorProto.INT64, shape))
    found = onnx_tensors(model)
    assert [(one.name, one.dtype, one.shape) for one in found.inputs] == [("x", "int64", wanted)]
    assert [(one.name, one.dtype) for one in found.outputs] == [("scores", "float32")]
    assert takes_one_sample(model) is alone


def test_a_shape_that_is_not_said_is_none() -> None:
    model = onnx_model()
    model.graph.input[0].CopyFrom(TENSOR("x", onnx.TensorProto.FLOAT, None))
    (found,) = onnx_tensors(model).inputs
    assert found.shape is None
    assert not takes_one_sample(model)


def test_constants_that_are_inputs_too_are_none() -> None:
    model = onnx_model(opset=11, ir_version=3, shape=(1, *SAMPLE))
    assert len(model.graph.input) > 1
    assert [one.name for one in onnx_tensors(model).inputs] == ["x"]
    assert takes_one_sample(model)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param(
            onnx.helper.make_sequence_type_proto(onnx.helper.make_tensor_type_proto(1, [1])),
            "'y' is a sequence, and only tensors are known: export the model without it",
            id="a sequence",
        ),
        pytest.param(
            onnx.helper.make_map_type_proto(7, onnx.helper.make_tensor_type_proto(1, [1])), "'y' is a map", id="a map"
        ),
        pytest.param(onnx.TypeProto(), "'y' is a nothing", id="of no type"),
    ],
)
def test_what_is_no_tensor_is_told(kind: Any, says: str) -> None:
    for side in ("input", "output"):
        model = onnx_model()
        getattr(model.graph, side).append(onnx.ValueInfoProto(name="y", type=kind))
        with pytest.raises(ContractError, match=re.escape(says)):
            onnx_tensors(model)


def test_strings_are_no_numbers() -> None:
    model = onnx_model()
    model.graph.input[0].CopyFrom(TENSOR("words", onnx.TensorProto.STRING, ["n", 3]))
    with pytest.raises(
        ContractError, match=re.escape("its input 'words' object (n, 3) holds something else than numbers")
    ):
        onnx_tensors(model).signature()
