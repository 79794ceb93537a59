"""The constant tensors of an OpenVINO IR, read from its two files without OpenVINO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from harness.core.tensors import Array
from harness.core.weights import WeightTensor
from harness.errors import ContractError
from harness.runtimes.constants import ConstantGraph, Read, bfloat16_magnitudes

DTYPES = {
    **{"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "boolean": "bool"},
    **{f"{sign}{bits}": f"{kind}{bits}" for sign, kind in (("i", "int"), ("u", "uint")) for bits in (8, 16, 32, 64)},
}
FLOATS = ("float64", "float32", "float16", "bfloat16")
BYTES = ("int8", "uint8")
"""Types that weights are stored in; wider integers are shapes, axes and indices."""
SETTINGS = {
    "FakeQuantize": (1, 2, 3, 4),
    "BatchNormInference": (3, 4),
    "Pad": (1, 2, 3),
    "Interpolate": (1, 2, 3),
}
"""Inputs that hold no weights: ranges, and what was measured or chosen, not learned."""
ELEMENTWISE = ("Add", "Subtract", "Multiply", "Divide", "PReLU", "Power", "SquaredDifference")


def read_tensors(main: Path) -> Iterator[WeightTensor]:
    """All constant tensors of the IR whose XML file is *main*; bytes that constants share count once.

    A float constant of one and more dimensions is a parameter wherever nothing says otherwise: a file doesn't tell a
    learned vector from another one that is added.
    """
    root = ElementTree.parse(main).getroot()  # noqa: S314 - expat refuses entities that grow without bounds
    data = main.with_suffix(".bin").read_bytes()
    found: dict[int, WeightTensor] = {}
    for net in root.iter():
        if net.find("layers") is not None:
            for offset, tensor in _Net(net, data).tensors():
                # Equal values are stored once: a bias may share its bytes with a scale.
                if offset not in found or (tensor.parameter and not found[offset].parameter):
                    found[offset] = tensor
    yield from found.values()


class _Net:
    """The layers of a model, or of a body inside one, and who reads them."""

    def __init__(self, net: ElementTree.Element, data: bytes) -> None:
        self._data = data
        self._constants = ConstantGraph(self._reads_of)
        self._layers = {layer.attrib["id"]: layer for layer in net.iterfind("layers/layer")}
        self._readers: dict[str, list[tuple[str, int]]] = {}
        self._inputs: dict[tuple[str, int], str] = {}
        for edge in net.iterfind("edges/edge"):
            source, reader, port = edge.attrib["from-layer"], edge.attrib["to-layer"], int(edge.attrib["to-port"])
            self._readers.setdefault(source, []).append((reader, port))
            self._inputs[reader, port] = source

    def tensors(self) -> Iterator[tuple[int, WeightTensor]]:
        """Each constant, with the offset of its bytes."""
        for one, layer in self._layers.items():
            if layer.attrib["type"] == "Const":
                told = layer.find("data")
                assert told is not None, "a constant says where its bytes lie"
                yield int(told.attrib["offset"]), self._tensor(one, layer.attrib["name"], told.attrib)

    def _tensor(self, one: str, name: str, told: dict[str, str]) -> WeightTensor:
        dtype, values = self._values(name, told)
        found = WeightTensor.of(
            name,
            values,
            zero_point=self._zero_point(one),
            parameter=values.ndim > 0
            and not self._constants.is_plain_number(one, values.size)
            and (dtype in FLOATS or dtype in BYTES)
            and not all(self._is_setting(reader, port) for reader, port in self._read_by(one)),
            dtype=dtype,
        )
        return replace(found, dimensions=self._constants.dimensions(one, values.shape))

    def _values(self, name: str, told: dict[str, str]) -> tuple[str, Array]:
        dtype = DTYPES.get(told["element_type"])
        if dtype is None:
            known = ", ".join(DTYPES)
            raise ContractError(
                f"the constant {name} is of type {told['element_type']}, which can't be read (known: {known})"
            )
        shape = [int(length) for length in told.get("shape", "").split(",") if length.strip()]
        offset, size = int(told["offset"]), int(told["size"])
        held = self._data[offset : offset + size]
        if len(held) < size:
            raise ContractError(f"the file of weights ends before the {size} bytes of {name} at {offset}")
        values = bfloat16_magnitudes(np.frombuffer(held, "<u2")) if dtype == "bfloat16" else np.frombuffer(held, dtype)
        return dtype, values.reshape(shape)

    def _type(self, one: str) -> str:
        return self._layers[one].attrib["type"]

    def _read_by(self, one: str) -> Iterator[tuple[str, int]]:
        """The layers that read it and at which input, type conversions left out."""
        for reader, port in self._readers.get(one, ()):
            if self._type(reader) == "Convert":
                yield from self._read_by(reader)
            else:
                yield reader, port

    def _is_setting(self, reader: str, port: int) -> bool:
        return port in SETTINGS.get(self._type(reader), ()) or (port == 1 and self._restores(reader))

    def _restores(self, reader: str) -> bool:
        """Whether it makes weights of stored integers: it subtracts their zero point or multiplies by their scale."""
        if self._type(reader) not in ("Subtract", "Multiply"):
            return False
        source = self._inputs[reader, 0]
        if self._type(source) == "Subtract":
            return self._restores(source)
        stored = self._inputs.get((source, 0), "")
        told = self._layers[stored].find("data") if stored and self._type(source) == "Convert" else None
        return told is not None and DTYPES.get(told.attrib.get("element_type", "")) in BYTES

    def _zero_point(self, one: str) -> Array | int:
        """What stands for zero in it, of a shape that broadcasts to it."""
        for reader, port in self._read_by(one):
            if port == 0 and self._type(reader) == "Subtract" and self._restores(reader):
                point = self._inputs[reader, 1]
                if self._type(point) == "Convert":
                    point = self._inputs[point, 0]
                told = self._layers[point].find("data")
                if self._type(point) == "Const" and told is not None:
                    return self._values(self._layers[point].attrib["name"], told.attrib)[1]
        return 0

    def _reads_of(self, one: str) -> Iterator[Read[str]]:
        for reader, _ in self._read_by(one):
            yield Read(elementwise=self._type(reader) in ELEMENTWISE and not self._restores(reader))
