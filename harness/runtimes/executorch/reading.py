"""The constant tensors of an ExecuTorch program, those inside XNNPACK's payloads too."""

from __future__ import annotations

import json
import math
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.core.weights import WeightTensor
from harness.runtimes.constants import ConstantGraph, Read

DTYPES = {
    "BYTE": "uint8",
    "CHAR": "int8",
    "SHORT": "int16",
    "INT": "int32",
    "LONG": "int64",
    "HALF": "float16",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "BOOL": "bool",
}
"""numpy type names by the type names of the program's own constants."""
XNNPACK_DTYPES = {
    "fp32": "float32",
    "fp16": "float16",
    "qint8": "int8",
    "qcint8": "int8",
    "quint8": "uint8",
    "qint32": "int32",
    "qcint32": "int32",
    "int32": "int32",
}
"""The same for constants inside an XNNPACK payload, without the prefix ``xnn_datatype_``."""
FLOATS = ("float64", "float32", "float16")
ELEMENTWISE = ("add", "sub", "mul", "div", "prelu", "pow", "maximum", "minimum")
XNNPACK_ELEMENTWISE = ("Add", "Subtract", "Multiply", "Div", "PReLU", "Maximum", "Minimum")
MOVING = ("StaticTranspose", "StaticReshape", "Convert")
"""Operators that only pass elements on."""
NONE = 2**32 - 1
"""The payload's value for "no number"."""
STATISTICS = (3, 4)
"""Where a normalization takes its mean and its variance."""


def read_tensors(file: bytes) -> Iterator[WeightTensor]:
    """All constant tensors; data that tensors share counts once.

    Raises:
        ValueError: something in the file can't be read, or is read by nothing that is known here.
    """
    with warnings.catch_warnings():
        # executorch calls what is deprecated when it is imported.
        warnings.simplefilter("ignore")
        from executorch.exir._serialize._program import deserialize_pte_binary
    opened = deserialize_pte_binary(file)
    data = opened.named_data
    named = {} if data is None else {key: data.buffers[entry.buffer_index] for key, entry in data.pte_data.items()}
    counted: set[str | int] = set()
    for plan in opened.program.execution_plan:
        payloads = []
        for delegate in plan.delegates:
            if delegate.id != "XnnpackBackend":
                raise ValueError(f"the payload of {delegate.id} can't be read, only XnnpackBackend's")
            held = bytes(opened.program.backend_delegate_data[delegate.processed.index].data)
            payloads.append(_Payload(held, named))
        yield from _Plan(plan, opened.program.constant_buffer, payloads).tensors(counted)
        for payload in payloads:
            yield from payload.tensors(counted)
    unread = sorted(set(named) - counted)
    if unread:
        raise ValueError(f"the file holds {len(unread)} constants that nothing reads: {', '.join(unread[:3])}")


class _Plan:
    """The constants of a method outside its delegates, and the instructions that read them."""

    def __init__(self, plan: Any, buffers: Sequence[Any], payloads: Sequence[_Payload]) -> None:
        self._constants = ConstantGraph(self._reads_of)
        self._values = [one.val for one in plan.values]
        self._buffers = buffers
        self._reads: dict[int, list[tuple[str, int, Sequence[int]]]] = {}
        """By value: operator, which of its arguments the value is, and all arguments; the last is what it computes."""
        self._handed: dict[int, list[tuple[_Payload, int]]] = {}
        """By value: the delegates it is handed to, and which of their arguments it is."""
        for chain in plan.chains:
            for instruction in chain.instructions:
                call = instruction.instr_args
                if type(call).__name__ == "KernelCall":
                    operator = plan.operators[call.op_index].name.split("::")[-1].lstrip("_")
                    for position, value in enumerate(call.args):
                        self._reads.setdefault(value, []).append((operator, position, call.args))
                elif type(call).__name__ == "DelegateCall":
                    for position, value in enumerate(call.args):
                        self._handed.setdefault(value, []).append((payloads[call.delegate_index], position))

    def tensors(self, counted: set[str | int]) -> Iterator[WeightTensor]:
        for index, tensor in enumerate(self._values):
            if not self._is_constant(index) or tensor.data_buffer_idx in counted:
                continue
            counted.add(tensor.data_buffer_idx)
            values = self._constant(index)
            reads = self._reads.get(index, [])
            dequantized = [read for read in reads if _dequantizes(read)]
            operator, position, _ = reads[0] if reads else ("constant", index, ())
            yield WeightTensor(
                name=f"{operator}_{tensor.data_buffer_idx}[{position}]",
                dtype=str(values.dtype),
                size=values.size,
                dimensions=self._constants.dimensions(index, values.shape),
                stored_bytes=values.nbytes,
                zeros=int(np.count_nonzero(values == self._zero_point(dequantized[:1], values.ndim))),
                parameter=bool(dequantized)
                or (
                    str(values.dtype) in FLOATS
                    and values.ndim > 0
                    and not self._constants.is_plain_number(index, values.size)
                    and not any(_is_setting(read) for read in reads)
                ),
            )

    def _is_constant(self, index: int) -> bool:
        value = self._values[index]
        return type(value).__name__ == "Tensor" and value.data_buffer_idx > 0 and value.allocation_info is None

    def _constant(self, index: int) -> Array:
        tensor = self._values[index]
        if tensor.scalar_type.name not in DTYPES:
            raise ValueError(f"constants of {tensor.scalar_type.name} can't be read, only {', '.join(DTYPES)}")
        dtype = np.dtype(DTYPES[tensor.scalar_type.name])
        held = bytes(self._buffers[tensor.data_buffer_idx].storage)
        # Padding follows the data.
        return np.frombuffer(held, dtype, math.prod(tensor.sizes), tensor.storage_offset * dtype.itemsize).reshape(
            tensor.sizes
        )

    def _zero_point(self, dequantized: Sequence[tuple[str, int, Sequence[int]]], dimensions: int) -> Array | int:
        """What stands for zero in what is *dequantized*, of a shape that broadcasts to it."""
        for operator, _, arguments in dequantized:
            if operator == "dequantize_per_tensor":
                return int(self._values[arguments[2]].int_val)
            shape = [1] * dimensions
            shape[self._values[arguments[3]].int_val] = -1
            return self._constant(arguments[2]).reshape(shape)
        return 0

    def _reads_of(self, index: int) -> Iterator[Read[int]]:
        for operator, position, arguments in self._reads.get(index, ()):
            # What computes a value has it as its last argument, and does not read it.
            if arguments[-1] != index:
                passed_on = arguments[-1] if _dequantizes((operator, position, arguments)) else None
                yield Read(elementwise=operator in ELEMENTWISE, passed_on=passed_on)
        for payload, position in self._handed.get(index, ()):
            yield Read(elementwise=payload.takes_elementwise(position))


def _dequantizes(read: tuple[str, int, Sequence[int]]) -> bool:
    return read[0].startswith("dequantize_per_") and read[1] == 0


def _is_setting(read: tuple[str, int, Sequence[int]]) -> bool:
    """Whether what is read are scales, or what a normalization measured."""
    operator, position, _ = read
    return operator.startswith("dequantize_per_") or ("batch_norm" in operator and position in STATISTICS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Who reads a value inside a payload."""

    kind: str
    """``Conv2d`` and the like."""
    name: str
    """The node's kind and number, and which of its inputs the value is."""
    elementwise: bool
    output: int


class _Payload:
    """What was delegated to XNNPACK: a graph, whose constants the file holds by name."""

    def __init__(self, payload: bytes, named: Mapping[str, bytes]) -> None:
        self._constants = ConstantGraph(self._reads_of)
        self._graph = _graph_of(payload)
        self._named = named
        self._readers: dict[int, list[_Reader]] = {}
        for number, node in enumerate(self._graph["xnodes"]):
            kind, fields = node["xnode_union_type"].removeprefix("XNN"), node["xnode_union"]
            # A normalization that no convolution took in is computed as one of a single element per channel.
            single = kind == "DepthwiseConv2d" and fields["kernel_height"] == fields["kernel_width"] == 1
            for field, value in fields.items():
                if field.endswith("_id") and not field.startswith("output"):
                    role = "weight" if field == "filter_id" else field.removesuffix("_id")
                    reader = _Reader(
                        kind=kind,
                        name=f"{kind}_{number}_{role}",
                        elementwise=kind in XNNPACK_ELEMENTWISE or single,
                        output=fields.get("output_id", NONE),
                    )
                    self._readers.setdefault(value, []).append(reader)

    def tensors(self, counted: set[str | int]) -> Iterator[WeightTensor]:
        for value, quantization in self._values():
            if value["constant_buffer_idx"]:
                yield from self._constant(value, quantization, counted)

    def takes_elementwise(self, argument: int) -> bool:
        """Whether the delegate meets what it is handed as its *argument* element by element."""
        return any(
            value["external_id"] == argument and self._constants.is_elementwise(value["id_out"])
            for value, _ in self._values()
        )

    def _values(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Each with how it is quantized."""
        for held in self._graph["xvalues"]:
            value = held["xvalue_union"]
            if held["xvalue_union_type"] == "XNNQuantizedTensorValue":
                yield value["tensor_value"], value["quant_params"]
            else:
                yield value, {}

    def _reads_of(self, value: int) -> Iterator[Read[int]]:
        for reader in self._readers.get(value, ()):
            yield Read(elementwise=reader.elementwise, passed_on=reader.output if reader.kind in MOVING else None)

    def _constant(
        self, value: Mapping[str, Any], quantization: Mapping[str, Any], counted: set[str | int]
    ) -> Iterator[WeightTensor]:
        readers = self._readers.get(value["id_out"], [])
        name = readers[0].name if readers else f"value_{value['id_out']}"
        kind = value["datatype"].removeprefix("xnn_datatype_")
        if kind not in XNNPACK_DTYPES:
            raise ValueError(f"{name}: constants of {kind} can't be read, only {', '.join(XNNPACK_DTYPES)}")
        key, data = self._data(value["constant_buffer_idx"])
        if key not in counted:
            counted.add(key)
            values = np.frombuffer(data, XNNPACK_DTYPES[kind]).reshape(value["dims"])
            yield WeightTensor(
                name=name,
                dtype=str(values.dtype),
                size=values.size,
                dimensions=self._constants.dimensions(value["id_out"], values.shape),
                stored_bytes=values.nbytes,
                zeros=int(np.count_nonzero(values == quantization.get("zero_point", 0))),
                parameter=not self._constants.is_plain_number(value["id_out"], values.size),
            )
        scales = quantization.get("scale_buffer_idx", NONE)
        if scales not in (0, NONE):
            key, data = self._data(scales)
            if key not in counted:
                counted.add(key)
                yield WeightTensor.of(f"{name}_scale", np.frombuffer(data, np.float32), parameter=False)

    def _data(self, index: int) -> tuple[str, bytes]:
        told = self._graph["constant_data"][index]
        key, size = told["named_key"], told["size"]
        if key not in self._named:
            raise ValueError(f"constant {index} of a payload has no data in the file under {key!r}")
        data = bytes(self._named[key])
        if len(data) != size:
            raise ValueError(f"constant {key} has {len(data)} bytes, its payload speaks of {size}")
        return key, data


def _graph_of(payload: bytes) -> dict[str, Any]:
    """The graph inside a payload, by the schema and the ``flatc`` that executorch comes with."""
    from executorch.backends.xnnpack import serialization
    from executorch.backends.xnnpack.serialization.xnnpack_graph_serialize import XNNHeader
    from executorch.exir._serialize._flatbuffer import _flatc_decompile

    header = XNNHeader.from_bytes(payload[: XNNHeader.EXPECTED_LENGTH])
    end = header.flatbuffer_offset + header.flatbuffer_size
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        schema, graph = folder / "schema.fbs", folder / "graph.bin"
        schema.write_bytes(resources.files(serialization).joinpath("schema.fbs").read_bytes())
        graph.write_bytes(payload[header.flatbuffer_offset : end])
        _flatc_decompile(str(folder), str(schema), str(graph))
        written = graph.with_suffix(".json").read_text(encoding="utf-8")
    # The bounds of a clamp that has none, which flatc writes in its own way.
    found: dict[str, Any] = json.loads(re.sub(r"(?<=[:\[,]) *(-?)inf\b", r" \1Infinity", written))
    return found
