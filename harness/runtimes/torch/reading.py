"""The constant tensors of a .pt2 archive, read without torch."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.core.weights import WeightTensor
from harness.runtimes.constants import ConstantGraph, Read, bfloat16_magnitudes

DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    12: "bool",
    13: "bfloat16",
}
"""Values of torch._export.serde.schema.ScalarType, which stand as numbers in the file."""
ELEMENTWISE = ("add", "sub", "mul", "div", "prelu", "pow")


def read_tensors(archive: Path) -> Iterator[WeightTensor]:
    """All constant tensors; a member of the archive that tensors share counts once.

    Parameters are what the model had as parameters, and what is dequantized: a quantizer leaves its kernels as buffers.
    """
    with zipfile.ZipFile(archive) as opened:
        program = _Program(opened)
        counted: set[str] = set()
        for name, stored in program.tensors.items():
            if stored.member in counted:
                continue
            counted.add(stored.member)
            yield WeightTensor(
                name=name,
                dtype=stored.dtype,
                size=math.prod(stored.shape),
                dimensions=program.dimensions(name, stored.shape),
                stored_bytes=opened.getinfo(stored.member).file_size,
                zeros=int(np.count_nonzero(program.values(stored) == program.zero_point(name))),
                parameter=stored.is_parameter or program.is_dequantized(name),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Where a tensor lies in the archive, and how."""

    member: str
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    is_parameter: bool


class _Program:
    """The tensors of an archive, and what reads them in its graph."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._opened = opened
        self._constants = ConstantGraph(self._reads_of)
        names = opened.namelist()
        self.tensors: dict[str, _Stored] = {}
        for config in (n for n in names if n.endswith(("_weights_config.json", "_constants_config.json"))):
            for name, entry in json.loads(opened.read(config))["config"].items():
                self.tensors[name] = _stored(config.rsplit("/", 1)[0], entry)
        module = json.loads(opened.read(next(n for n in names if n.endswith("/models/model.json"))))["graph_module"]
        self._arguments: dict[str, str] = {}
        """What each tensor is called in the graph."""
        for spec in module["signature"]["input_specs"]:
            for kind in ("parameter", "buffer", "tensor_constant"):
                if kind in spec:
                    self._arguments[spec[kind][f"{kind}_name"]] = spec[kind]["arg"]["name"]
        self._reads: dict[str, list[Mapping[str, Any]]] = {}
        for node in module["graph"]["nodes"]:
            for given in node["inputs"]:
                if "as_tensor" in given["arg"]:
                    self._reads.setdefault(given["arg"]["as_tensor"]["name"], []).append(node)

    def values(self, stored: _Stored) -> Array:
        """The elements; of bfloat16 the bits without the sign, which are 0 exactly when the value is zero."""
        short = stored.dtype == "bfloat16"
        flat = np.frombuffer(self._opened.read(stored.member), np.dtype("uint16" if short else stored.dtype))
        strides = [stride * flat.itemsize for stride in stored.strides]
        found = np.lib.stride_tricks.as_strided(flat[stored.offset :], stored.shape, strides, writeable=False)
        return bfloat16_magnitudes(found) if short else found

    def zero_point(self, name: str) -> Array | int:
        """What stands for zero in the tensor *name*, of a shape that broadcasts to it."""
        node = self._dequantizer(name)
        if node is None:
            return 0
        given = {one["name"]: one["arg"] for one in node["inputs"]}
        points = given.get("zero_points", given.get("zero_point", {}))
        if "as_int" in points:
            return int(points["as_int"])
        wanted = points.get("as_tensor", {}).get("name")
        held = next((stored for other, stored in self.tensors.items() if self._arguments.get(other) == wanted), None)
        if held is None:
            return 0
        shape = [1] * len(self.tensors[name].shape)
        if held.shape:
            shape[given["axis"]["as_int"]] = -1
        return self.values(held).reshape(shape)

    def is_dequantized(self, name: str) -> bool:
        return self._dequantizer(name) is not None

    def dimensions(self, name: str, shape: tuple[int, ...]) -> int:
        """Dimensions of the tensor *name*; see ``ConstantGraph``."""
        return self._constants.dimensions(self._arguments.get(name, ""), shape)

    def _reads_of(self, argument: str) -> Iterator[Read[str]]:
        dequantizer = self._dequantizer_of(argument)
        if dequantizer is not None:
            yield Read(passed_on=dequantizer["outputs"][0]["as_tensor"]["name"])
            return
        for node in self._reads.get(argument, ()):
            yield Read(elementwise=_operator(node) in ELEMENTWISE)

    def _dequantizer(self, name: str) -> Mapping[str, Any] | None:
        """The node that makes the tensor *name* float."""
        return self._dequantizer_of(self._arguments.get(name, ""))

    def _dequantizer_of(self, argument: str) -> Mapping[str, Any] | None:
        for node in self._reads.get(argument, ()):
            values = node["inputs"][0]["arg"].get("as_tensor", {}).get("name")
            if _operator(node).startswith("dequantize_per_") and values == argument:
                return node
        return None


def _stored(folder: str, entry: Mapping[str, Any]) -> _Stored:
    meta = entry["tensor_meta"]
    return _Stored(
        member=f"{folder}/{entry['path_name']}",
        dtype=DTYPES[meta["dtype"]],
        shape=tuple(length["as_int"] for length in meta["sizes"]),
        strides=tuple(stride["as_int"] for stride in meta["strides"]),
        offset=meta["storage_offset"]["as_int"],
        is_parameter=entry["is_param"],
    )


def _operator(node: Mapping[str, Any]) -> str:
    """``conv2d`` of ``torch.ops.aten.conv2d.default``."""
    return ".".join(str(node["target"]).split(".")[-2:-1])
