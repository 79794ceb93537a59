"""TFLite files: what their tensors are, by the names of their signature where they have one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.file_tensors import OTHER, FileTensor, FileTensors
from harness.core.tensors import Array
from harness.errors import ContractError

IDENTIFIER = b"TFL3"
SIGNATURE = "serving_default"
NUMPY_NAMES = {"bfloat16": "float32"}
"""Names of types that numpy lacks, by what the engine gives for them."""


class TfliteFile:
    """A TFLite file in memory."""

    def __init__(self, content: bytes, where: str) -> None:
        """Read *content*; *where* is its path, for messages.

        Raises:
            ContractError: it is no whole TFLite file.
        """
        from ai_edge_litert import schema_py_generated as schema

        if content[4:8] != IDENTIFIER:
            kind = " but empty" if not content else " but a zip archive" if content[:2] == b"PK" else ""
            raise ContractError(
                f"{where} is no TFLite file{kind}: it does not say {IDENTIFIER.decode()} in its first bytes"
            )
        try:
            self._model: Any = schema.ModelT.InitFromPackedBuf(content, 0)
            self._types = {
                value: name.lower() for name, value in vars(schema.TensorType).items() if not name.startswith("_")
            }
            self._check_whole(content)
            self.content = content
            self._graph = self._model.subgraphs[0]
            self.tensors = FileTensors(inputs=self._side("inputs"), outputs=self._side("outputs"))
        except Exception as err:  # the generated reader follows offsets unseen: a cut file may raise anything
            raise ContractError(f"{where} is no whole TFLite file: {type(err).__name__}: {err}") from err

    @classmethod
    def read(cls, path: Path) -> TfliteFile:
        """The file at *path*.

        Raises:
            ContractError: it can't be read, or is no whole TFLite file.
        """
        try:
            content = path.read_bytes()
        except OSError as err:
            raise ContractError(f"{path} can't be read: {err.strerror or err}") from err
        return cls(content, str(path))

    @property
    def signed(self) -> bool:
        """Whether it names its tensors by a signature of its main graph."""
        return self._signature() is not None

    def constants(self) -> Iterator[tuple[str, Array]]:
        """Every constant of numbers as it is stored, by a name that tells its place."""
        for number, graph in enumerate(self._model.subgraphs):
            for index, tensor in enumerate(graph.tensors):
                stored = self._data(self._model.buffers[tensor.buffer])
                dtype = self._dtype(tensor)
                if not stored.size or dtype == OTHER:
                    continue
                whole = stored.size % np.dtype(dtype).itemsize == 0 and self._types[tensor.type] == dtype
                yield f"{number}.{index}.{_text(tensor.name)}", stored.view(dtype) if whole else stored

    def _data(self, buffer: Any) -> Array:
        """The bytes of *buffer*, which may lie behind the flatbuffer, where only offset and size tell of them."""
        if buffer.offset > 1:
            return np.frombuffer(self.content, np.uint8)[buffer.offset : buffer.offset + buffer.size]
        return np.asarray([] if buffer.data is None else buffer.data, np.uint8)

    def _check_whole(self, content: bytes) -> None:
        """Refuse a file that speaks of data behind its end."""
        for number, buffer in enumerate(self._model.buffers):
            if buffer.offset > 1 and buffer.offset + buffer.size > len(content):
                raise ValueError(
                    f"it ends before the {buffer.size} bytes at {buffer.offset} that buffer {number} speaks of"
                )

    def _signature(self) -> Any:
        defined = self._model.signatureDefs or []
        return next((one for one in defined if one.subgraphIndex == 0), None)

    def _side(self, side: str) -> tuple[FileTensor, ...]:
        indices = [int(one) for one in getattr(self._graph, side)]
        signature = self._signature()
        names = {int(one.tensorIndex): _text(one.name) for one in getattr(signature, side, None) or []}
        by_signature = set(names) == set(indices)
        return tuple(self._tensor(index, names[index] if by_signature else "") for index in indices)

    def _tensor(self, index: int, name: str) -> FileTensor:
        tensor = self._graph.tensors[index]
        of_free = tensor.shapeSignature
        shape = of_free if of_free is not None and len(of_free) else tensor.shape
        scale, zero_point = _quantization(tensor.quantization)
        return FileTensor(
            name=name or _text(tensor.name),
            dtype=self._dtype(tensor),
            shape=tuple(None if int(one) < 0 else int(one) for one in (() if shape is None else shape)),
            scale=scale,
            zero_point=zero_point,
        )

    def _dtype(self, tensor: Any) -> str:
        name = self._types[tensor.type]
        try:
            return str(np.dtype(NUMPY_NAMES.get(name, name)))
        except TypeError:
            return "int8" if name in ("int4", "uint4", "int2") else OTHER


def signed(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The TFLite file *content* with a signature that names its tensors, in its order, *inputs* and *outputs*."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]

    def maps(indices: Sequence[int], names: Sequence[str]) -> list[Any]:
        entries = []
        for index, name in zip(indices, names, strict=True):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, int(index)
            entries.append(entry)
        return entries

    definition = schema.SignatureDefT()
    definition.signatureKey, definition.subgraphIndex = SIGNATURE, 0
    definition.inputs, definition.outputs = maps(graph.inputs, inputs), maps(graph.outputs, outputs)
    model.signatureDefs = [definition]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _quantization(parameters: Any) -> tuple[float, int]:
    """Scale and zero point of a whole tensor; 0 and 0 where there is none."""
    if parameters is None or parameters.scale is None or len(parameters.scale) != 1:
        return 0.0, 0
    points = parameters.zeroPoint
    return float(parameters.scale[0]), int(points[0]) if points is not None and len(points) else 0


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "")
