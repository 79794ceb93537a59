"""ONNX files: read with everything that belongs to them, and what their tensors are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.core.file_tensors import FileTensor, FileTensors
from harness.errors import ContractError

MAGIC = {b"TFL3": "a TFLite file", b"PK": "a zip archive, such as a .keras or a .pt2 file"}
"""What other files begin with, at most four bytes behind the start."""

MOST_BYTES = 2**31
"""Of one protobuf."""


def read_onnx(path: Path) -> tuple[Any, bytes]:
    """The ``ModelProto`` in *path*, with the weights that lie in files beside it, and the bytes of one file that holds all.

    Raises:
        ContractError: it is no whole ONNX file, or its weights are missing or lie outside its folder.
    """
    import onnx

    model, content = _parsed(path)
    beside = [_checked_external(path, name) for name in external_files(model)]
    size = sum(one.stat().st_size for one in (path, *beside))
    if size >= MOST_BYTES:
        raise ContractError(
            f"{path} holds {size / 1e9:.1f} GB with its weights; above {MOST_BYTES / 1e9:.1f} GB a model fits no single "
            "ONNX file, and no quantizer here takes it"
        )
    if not beside:
        return _checked(path, model), content
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
    except (ValueError, OSError, onnx.checker.ValidationError) as err:
        raise ContractError(f"{path}: its weights can't be read: {str(err).strip()}") from err
    return _checked(path, model), model.SerializeToString()


def _parsed(path: Path) -> tuple[Any, bytes]:
    """The ``ModelProto`` in *path* alone, and its bytes."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        content = path.read_bytes()
        model = onnx.load_model_from_string(content)
    except OSError as err:
        raise ContractError(f"{path} can't be read: {err.strerror or err}") from err
    except (DecodeError, ValueError) as err:
        raise ContractError(f"{path} is no whole ONNX file{_instead(path)}: {err}") from err
    if not model.graph.node or not model.opset_import:
        raise ContractError(f"{path} is no ONNX model{_instead(path)}: nothing in it computes")
    return model, content


def _checked(path: Path, model: Any) -> Any:
    import onnx

    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as err:
        raise ContractError(f"{path} is no valid ONNX file: {str(err).strip()}") from err
    return model


def files_with_weights(path: Path) -> tuple[Path, ...]:
    """The files beside *path* that its weights lie in.

    Raises:
        ContractError: one is missing or lies outside of the folder, or *path* is no whole ONNX file.
    """
    model, _ = _parsed(path)
    return tuple(_checked_external(path, name) for name in external_files(model))


def external_files(model: Any) -> tuple[str, ...]:
    """The files that weights of *model* lie in, as it names them."""
    names = {
        entry.value
        for tensor in _tensors(model.graph)
        for entry in tensor.external_data
        if tensor.data_location == tensor.EXTERNAL and entry.key == "location"
    }
    return tuple(sorted(names))


def onnx_tensors(model: Any) -> FileTensors:
    """What *model*, a ``ModelProto``, takes and gives; constants that could be given too are none of it.

    Raises:
        ContractError: an input or an output is no tensor.
    """
    constants = {one.name for one in model.graph.initializer}
    inputs = tuple(_tensor(one) for one in model.graph.input if one.name not in constants)
    return FileTensors(inputs=inputs, outputs=tuple(_tensor(one) for one in model.graph.output))


def takes_one_sample(model: Any) -> bool:
    """Whether the batch of *model* is fixed at one."""
    return any(one.shape is not None and one.shape[:1] == (1,) for one in onnx_tensors(model).inputs)


def _tensor(declared: Any) -> FileTensor:
    import onnx

    if not declared.type.HasField("tensor_type"):
        kind = declared.type.WhichOneof("value") or "nothing"
        raise ContractError(
            f"{declared.name!r} is a {kind.removesuffix('_type')}, and only tensors are known: export the model without it"
        )
    of_type = declared.type.tensor_type
    shape = tuple(_length(one) for one in of_type.shape.dim) if of_type.HasField("shape") else None
    return FileTensor(
        name=declared.name, dtype=str(onnx.helper.tensor_dtype_to_np_dtype(of_type.elem_type)), shape=shape
    )


def _length(dimension: Any) -> int | str | None:
    # Some exporters write 0 or -1 for a free length.
    return int(dimension.dim_value) if dimension.dim_value > 0 else dimension.dim_param or None


def _checked_external(path: Path, name: str) -> Path:
    """The file *name* beside *path*; refused are weights that are missing, or that a file would fetch from elsewhere on this machine."""
    folder, place = path.parent, path.parent / name
    if Path(name).is_absolute() or not Path(os.path.abspath(place)).is_relative_to(os.path.abspath(folder)):
        raise ContractError(
            f"{path}: its weights are said to lie in {name!r}, outside of its folder; save it with its weights beside it"
        )
    if not place.is_file():
        raise ContractError(f"{path}: its weights lie in {name!r}, and there is no such file beside it: copy it there")
    if not place.resolve().is_relative_to(folder.resolve()):
        raise ContractError(
            f"{path}: its weights lie in {name!r}, a link to {place.resolve()} outside of its folder: copy the file there"
        )
    return place


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _instead(path: Path) -> str:
    """What the file is by its first bytes, in words."""
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        return " but empty"
    return next((f" but {what}" for magic, what in MAGIC.items() if magic in head[: len(magic) + 4]), "")
