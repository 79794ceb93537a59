"""The constant tensors of an ONNX file, told apart by what reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.core.weights import WeightTensor
from harness.runtimes.constants import ConstantGraph, Read


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedInput:
    """An input of an operator that takes quantized values."""

    zero_point: int
    """The input that holds their zero point."""
    axis: int | str = 0
    """Along which a zero point per channel runs, or the attribute that says so."""


LAST = -1
QUANTIZED: Mapping[tuple[str, int], QuantizedInput] = {
    ("DequantizeLinear", 0): QuantizedInput(zero_point=2, axis="axis"),
    ("ConvInteger", 1): QuantizedInput(zero_point=3),
    ("MatMulInteger", 0): QuantizedInput(zero_point=2, axis=-2),
    ("MatMulInteger", 1): QuantizedInput(zero_point=3, axis=LAST),
    ("QLinearConv", 3): QuantizedInput(zero_point=5),
    ("QLinearMatMul", 0): QuantizedInput(zero_point=2, axis=-2),
    ("QLinearMatMul", 3): QuantizedInput(zero_point=5, axis=LAST),
    ("QGemm", 3): QuantizedInput(zero_point=5, axis="transB"),
    ("DynamicQuantizeMatMul", 1): QuantizedInput(zero_point=3, axis=LAST),
    ("MatMulIntegerToFloat", 1): QuantizedInput(zero_point=5, axis=LAST),
    ("DynamicQuantizeLSTM", 1): QuantizedInput(zero_point=9),
    ("DynamicQuantizeLSTM", 2): QuantizedInput(zero_point=11),
}
"""By operator and input; biases stored as integers are below."""
INTEGER_BIASES = {("QLinearConv", 8), ("QGemm", 6)}
SETTINGS: Mapping[str, tuple[int, ...]] = {
    "DequantizeLinear": (1, 2),
    "QuantizeLinear": (1, 2),
    "ConvInteger": (2, 3),
    "MatMulInteger": (2, 3),
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "QGemm": (1, 2, 4, 5, 7, 8),
    "DynamicQuantizeMatMul": (2, 3),
    "MatMulIntegerToFloat": (2, 3, 4, 5),
    "DynamicQuantizeLSTM": (8, 9, 10, 11),
    "BatchNormalization": (3, 4),
    "Clip": (1, 2),
    "Pad": (1, 2),
    "Resize": (1, 2),
}
"""Inputs that hold no weights: scales, zero points, and what was measured or chosen, not learned."""
VALUE_KEEPING = ("Gather", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten")
"""Operators whose output holds values of their first input."""
ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "PRelu", "Pow")


def read_tensors(graph: Any, outer: Mapping[str, Array] | None = None) -> Iterator[WeightTensor]:
    """All constant tensors of *graph* and its subgraphs; *outer* are those that a subgraph sees outside of it.

    A float constant of one and more dimensions is a parameter wherever nothing says otherwise: a file doesn't tell a
    learned vector from another one that is added.
    """
    import onnx

    held = list(_constants(graph))
    values = {name: onnx.numpy_helper.to_array(tensor) for name, tensor in held}
    known = {**(outer or {}), **values}
    readers = _Readers(graph, known)
    for name, tensor in held:
        dtype = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
        found = WeightTensor.of(
            name,
            values[name],
            zero_point=readers.zero_point(name, values[name]),
            parameter=readers.is_parameter(name, values[name]),
            dtype="float32" if dtype == "float" else dtype,
        )
        found = replace(found, dimensions=readers.graph.dimensions(name, values[name].shape))
        # numpy has no four bits: there each element takes a byte, in the file half of one.
        yield replace(found, stored_bytes=(found.size + 1) // 2) if dtype in ("int4", "uint4") else found
    for inner in _subgraphs(graph.node):
        yield from read_tensors(inner, known)


class _Readers:
    """Who reads the constants of a graph, nodes of its subgraphs included."""

    def __init__(self, graph: Any, known: Mapping[str, Array]) -> None:
        self.graph = ConstantGraph(self._reads_of)
        self._known = known
        self._reads: dict[str, list[tuple[Any, int]]] = {}
        self._makers: dict[str, tuple[Any, int]] = {}
        for node in _all_nodes(graph):
            for index, name in enumerate(node.input):
                self._reads.setdefault(name, []).append((node, index))
            for index, name in enumerate(node.output):
                self._makers[name] = (node, index)

    def zero_point(self, name: str, values: Array) -> Array | int:
        """What stands for zero in *values*, of a shape that broadcasts to them."""
        for node, index in self._reads.get(name, ()):
            place = QUANTIZED.get((node.op_type, index))
            if place is not None:
                held = node.input[place.zero_point] if len(node.input) > place.zero_point else ""
                return _broadcast(self._known[held], values, node, place.axis) if held in self._known else 0
            if node.op_type in VALUE_KEEPING and index == 0:
                found = self.zero_point(node.output[0], values)
                # Along an axis of the output it would say nothing about the input.
                if np.size(found) == 1:
                    return found
        return 0

    def is_parameter(self, name: str, values: Array) -> bool:
        """Whether it holds weights or biases."""
        reads = self._reads.get(name, [])
        if values.ndim == 0 or all(self._is_setting(node, index) for node, index in reads):
            return False
        if _is_float(values) or values.dtype.itemsize <= 2:
            return values.dtype != bool and not self.graph.is_plain_number(name, values.size)
        # Wider integers are shapes, axes and indices, or biases.
        return any(
            (node.op_type, index) in INTEGER_BIASES or (node.op_type, index) == ("DequantizeLinear", 0)
            for node, index in reads
        )

    def _reads_of(self, name: str) -> Iterator[Read[str]]:
        for node, index in self._reads.get(name, ()):
            if index == 0 and node.op_type in ("DequantizeLinear", "Cast"):
                yield Read(passed_on=node.output[0])
            else:
                yield Read(elementwise=node.op_type in ELEMENTWISE and not self._restores(node, name))

    def _is_setting(self, node: Any, index: int) -> bool:
        return index in SETTINGS.get(node.op_type, ()) or self._scales(node, index)

    def _scales(self, node: Any, index: int) -> bool:
        """Whether the input is a scale that a Mul applies: to a scale measured at run time, or to stored integers."""
        if node.op_type != "Mul" or len(node.input) != 2:
            return False
        other = node.input[1 - index]
        maker, output = self._makers.get(other, (None, 0))
        if maker is not None and maker.op_type == "DynamicQuantizeLinear":
            return output == 1
        return self._restores(node, other)

    def _restores(self, node: Any, name: str) -> bool:
        """Whether *node* makes weights of stored integers that were cast to *name*; see ``weight_only.py``."""
        maker, _ = self._makers.get(name, (None, 0))
        if node.op_type != "Mul" or maker is None or maker.op_type != "Cast":
            return False
        stored = self._known.get(maker.input[0])
        return stored is not None and not _is_float(stored)


def activation_scales(graph: Any) -> Iterator[tuple[str, float]]:
    """The scale of every tensor that *graph* quantizes at run time, by the tensor's name."""
    import onnx

    values = dict(_constants(graph))
    for node in graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] not in values and node.input[1] in values:
            yield node.input[0], float(onnx.numpy_helper.to_array(values[node.input[1]]).min())


def _broadcast(zero_point: Array, values: Array, node: Any, axis: int | str) -> Array:
    if zero_point.size == 1:
        return zero_point.reshape(())
    attributes = {one.name: one.i for one in node.attribute}
    if axis == "axis":
        axis = attributes.get("axis", 1)
    elif axis == "transB":
        axis = 0 if attributes.get("transB") else 1
    assert isinstance(axis, int)
    if zero_point.ndim == values.ndim:
        block = attributes.get("block_size", 0)
        if not block:
            return zero_point
        return np.repeat(zero_point, block, axis).take(range(values.shape[axis]), axis)
    if zero_point.ndim == 1:
        shape = [1] * values.ndim
        shape[axis] = -1
        return zero_point.reshape(shape)
    # Of an LSTM: directions and channels; the axis between is what is summed over.
    return np.expand_dims(zero_point, 1)


def _is_float(values: Array) -> bool:
    # bfloat16 and the floats of eight bits are no floating type to numpy, whose kind for them is V.
    return values.dtype.kind in "fV" and "int" not in values.dtype.name


def _constants(graph: Any) -> Iterator[tuple[str, Any]]:
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                yield node.output[0], attribute.t


def _all_nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for inner in _subgraphs(graph.node):
        yield from _all_nodes(inner)


def _subgraphs(nodes: Iterable[Any]) -> Iterator[Any]:
    import onnx

    for node in nodes:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield attribute.g
