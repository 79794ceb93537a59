"""The constant tensors of a TFLite file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.core.weights import WeightTensor
from harness.runtimes.constants import ConstantGraph, Read, bfloat16_magnitudes

NUMPY_DTYPES = {"bool": "?", "bfloat16": "<u2"}
"""numpy codes for type names that numpy does not know or does not read as little-endian."""
FLOATS = ("float64", "float32", "float16", "bfloat16")
ELEMENTWISE = ("ADD", "SUB", "MUL", "DIV", "PRELU", "POW", "SQUARED_DIFFERENCE")


def read_tensors(file: bytes) -> Iterator[WeightTensor]:
    """All constant tensors; a buffer that tensors share counts once. Scales and zero points are metadata here.

    Parameters are floats and whatever is quantized: shapes, axes and paddings are plain integers. What the converter
    made of a normalization that it couldn't fold, mean and variance too, can't be told from parameters.
    """
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(file, 0)
    types = {value: name.lower() for name, value in vars(schema.TensorType).items() if not name.startswith("_")}
    counted: set[int] = set()
    for graph in model.subgraphs:
        constants = _constants_of(model, graph)
        for index, tensor in enumerate(graph.tensors):
            data = _data_of(model.buffers[tensor.buffer], file)
            if not len(data) or tensor.buffer in counted:
                continue
            counted.add(tensor.buffer)
            yield _read(index, tensor, types[tensor.type], data, constants)


def activation_scales(file: bytes) -> Iterator[tuple[str, float]]:
    """The scale of every quantized tensor that is no constant, with its name."""
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(file, 0)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            quantization = tensor.quantization
            if quantization is None or quantization.scale is None or len(_data_of(model.buffers[tensor.buffer], file)):
                continue
            for scale in quantization.scale:
                yield (tensor.name or b"").decode(), float(scale)


def _data_of(buffer: Any, file: bytes) -> bytes:
    # A quantizer may put data behind the flatbuffer, where only offset and size tell of it.
    if buffer.offset > 1:
        data = file[buffer.offset : buffer.offset + buffer.size]
        if len(data) < buffer.size:
            raise ValueError(f"the file ends before the {buffer.size} bytes at {buffer.offset} that it speaks of")
        return data
    return b"" if buffer.data is None else bytes(buffer.data)


def _read(index: int, tensor: Any, dtype: str, data: bytes, constants: ConstantGraph[int]) -> WeightTensor:
    shape = tuple(int(length) for length in (() if tensor.shape is None else tensor.shape))
    quantization = tensor.quantization
    quantized = quantization is not None and quantization.scale is not None and len(quantization.scale) > 0
    values = _values(dtype, data, shape)
    return WeightTensor(
        name=(tensor.name or b"").decode(),
        dtype=dtype,
        size=math.prod(shape),
        dimensions=constants.dimensions(index, shape),
        stored_bytes=len(data),
        zeros=0 if values is None else int(np.count_nonzero(values == _zero_point(quantization, shape))),
        parameter=(dtype in FLOATS or quantized)
        and len(shape) > 0
        and not constants.is_plain_number(index, math.prod(shape)),
    )


def _values(dtype: str, data: bytes, shape: tuple[int, ...]) -> Array | None:
    """The elements; None of a type that holds no numbers."""
    if dtype == "int4":
        # Two in a byte, the lower half first; only equality counts below, so the sign is set and nothing more.
        raw = np.frombuffer(data, np.uint8)
        halves = np.stack([raw & 15, raw >> 4], axis=1).reshape(-1)[: math.prod(shape)].astype(np.int8)
        return np.where(halves > 7, halves - 16, halves).reshape(shape)
    try:
        found = np.frombuffer(data, np.dtype(NUMPY_DTYPES.get(dtype, dtype)))
    except TypeError:
        return None
    return (bfloat16_magnitudes(found) if dtype == "bfloat16" else found).reshape(shape)


def _zero_point(quantization: Any, shape: tuple[int, ...]) -> Array | int:
    """The zero point, an array that broadcasts to *shape*, or 0."""
    if quantization is None or quantization.zeroPoint is None or not len(quantization.zeroPoint):
        return 0
    points = np.asarray(quantization.zeroPoint)
    if points.size == 1:
        return points.reshape(())
    return points.reshape([-1 if axis == quantization.quantizedDimension else 1 for axis in range(len(shape))])


def _constants_of(model: Any, graph: Any) -> ConstantGraph[int]:
    """Which operators read the tensors of *graph*, by the tensors' indices."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    reads: dict[int, list[Read[int]]] = {}
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        # Old files have the code in the one field, newer ones in the other.
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        passed_on = int(operator.outputs[0]) if name == "DEQUANTIZE" else None
        for index in () if operator.inputs is None else operator.inputs:
            reads.setdefault(int(index), []).append(Read(elementwise=name in ELEMENTWISE, passed_on=passed_on))
    return ConstantGraph(lambda index: reads.get(index, ()))
