"""Tiny files of the formats that models come in, written by hand: no training framework, no conversion.

The model takes ``x``, (n, 4, 4, 4), and gives ``scores``, (n, 6), by one matrix product. Its three lengths are equal, so that a
wrong layout fits every shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.data import DataSet, Split
from harness.core.tensors import Array

SAMPLE = (4, 4, 4)
ELEMENTS, CLASSES = 64, 6
BATCH = "batch"
"""The name of a free first dimension."""
INPUT_SCALE, INPUT_ZERO = 0.04, 3
"""Of files that take integers."""
SIGNATURE = "serving_default"
DATA_SET = """
from fakes.files import cubes


@harness.dataset("cubes")
def cubes_data():
    return cubes()
"""
"""Registers ``cubes``, in a ``conftest.py`` that imports ``harness``."""


def _drawn(seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(ELEMENTS, CLASSES)).astype(np.float32)


SCORES = _drawn(1)
"""The kernel of the output ``scores``."""
OTHERS = _drawn(2)
"""That of a second output, which has nothing to do with it."""
BIAS = np.linspace(-1, 1, CLASSES, dtype=np.float32)


def cubes(evaluation: int = 200) -> DataSet:
    """Samples whose labels are what the float model says."""

    def part(n: int, seed: int) -> Split:
        inputs = np.random.default_rng(seed).normal(size=(n, *SAMPLE)).astype(np.float32)
        return Split(inputs, np.argmax(inputs.reshape(n, -1) @ SCORES + BIAS, axis=1))

    return DataSet(evaluation=part(evaluation, 11), calibration=part(64, 12))


def _rows(kernel: Array, layout: str) -> Array:
    """*kernel* for samples whose dimensions come in the order *layout*; the model's own is ``NCHW``."""
    order = ["NCHW".index(letter) - 1 for letter in layout[1:]]
    return np.ascontiguousarray(kernel.reshape(*SAMPLE, -1).transpose(*order, 3).reshape(ELEMENTS, -1))


def _integers(values: Array) -> tuple[Array, float]:
    scale = float(np.abs(values).max() / 127)
    return np.rint(values / scale).astype(np.int8), scale


def onnx_model(
    *,
    name: str = "x",
    outputs: Mapping[str, Array] | None = None,
    shape: Sequence[int | str] = (BATCH, *SAMPLE),
    layout: str = "NCHW",
    int8: bool = False,
    integer_input: bool = False,
    opset: int = 17,
    ir_version: int = 8,
) -> Any:
    """The model as a ``ModelProto``.

    Args:
        name: of its input.
        outputs: the kernel of each output, in the file's order; ``scores`` alone unless given.
        shape: of the input, the batch included; ``layout`` is what its dimensions are.
        int8: whether the kernels are stored as int8.
        integer_input: whether the input is int8, without a word on what it stands for.
        opset, ir_version: of the file.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    constants = {"flat": np.array([-1, ELEMENTS], np.int64), "bias": BIAS}
    nodes = []
    floats = name
    if integer_input:
        constants |= {"x_scale": np.float32(INPUT_SCALE), "x_zero": np.int8(INPUT_ZERO)}
        nodes.append(helper.make_node("DequantizeLinear", [name, "x_scale", "x_zero"], ["floats"]))
        floats = "floats"
    nodes.append(helper.make_node("Reshape", [floats, "flat"], ["rows"]))
    for number, (output, kernel) in enumerate((outputs or {"scores": SCORES}).items()):
        weights = f"kernel{number}"
        constants[weights] = _rows(kernel, layout)
        if int8:
            constants[f"{weights}_int8"], scale = _integers(constants.pop(weights))
            constants[f"{weights}_scale"], constants[f"{weights}_zero"] = np.float32(scale), np.int8(0)
            parts = [f"{weights}_{what}" for what in ("int8", "scale", "zero")]
            nodes.append(helper.make_node("DequantizeLinear", parts, [weights]))
        nodes.append(helper.make_node("MatMul", ["rows", weights], [f"product{number}"]))
        nodes.append(helper.make_node("Add", [f"product{number}", "bias"], [output]))
    taken = TensorProto.INT8 if integer_input else TensorProto.FLOAT
    stored = [numpy_helper.from_array(np.asarray(values), key) for key, values in constants.items()]
    # Before the fourth version of the format every constant was an input too.
    also_inputs = [
        helper.make_tensor_value_info(one.name, one.data_type, list(one.dims)) for one in stored if ir_version < 4
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, taken, list(shape)), *also_inputs],
        [
            helper.make_tensor_value_info(output, TensorProto.FLOAT, [shape[0], CLASSES])
            for output in outputs or ["scores"]
        ],
        stored,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    onnx.checker.check_model(made)
    return made


def write_onnx(path: Path, **what: Any) -> Path:
    """Write what ``onnx_model`` makes to *path*."""
    path.write_bytes(onnx_model(**what).SerializeToString())
    return path


class TfliteWriter:
    """A TFLite file, tensor by tensor."""

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema = schema
        self.model = schema.ModelT()
        self.model.version, self.model.description = 3, "tiny"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes, self.model.signatureDefs = [], []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators, self.graph.inputs, self.graph.outputs = [], [], [], []
        self.model.subgraphs = [self.graph]

    def tensor(
        self, name: str, shape: Sequence[int], dtype: str, data: Array | None = None, scale: float = 0.0, zero: int = 0
    ) -> int:
        """Add one, a length of -1 is free, and return its place."""
        tensor = self.schema.TensorT()
        tensor.name, tensor.type = name, getattr(self.schema.TensorType, dtype.upper())
        tensor.shape, tensor.hasRank = [max(1, one) for one in shape], True
        if min(shape, default=1) < 0:
            tensor.shapeSignature = list(shape)
        if scale:
            tensor.quantization = self.schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero]
        tensor.buffer = 0
        if data is not None:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, name: str, inputs: Sequence[int], outputs: Sequence[int], options: str = "") -> None:
        """Add one by its name, and that of its options' class."""
        schema = self.schema
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 4 if name == "FULLY_CONNECTED" else 1
        self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, f"{options}T")()
        self.graph.operators.append(operator)

    def sign(self, key: str, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        """Add a signature that names tensors."""
        signature = self.schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = key, 0
        signature.inputs, signature.outputs = self._maps(inputs), self._maps(outputs)
        self.model.signatureDefs.append(signature)

    def _maps(self, places: Mapping[str, int]) -> list[Any]:
        entries = []
        for name, place in places.items():
            entry = self.schema.TensorMapT()
            entry.name, entry.tensorIndex = name, place
            entries.append(entry)
        return entries

    def content(self) -> bytes:
        """The file."""
        import flatbuffers

        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def tflite_content(
    *,
    name: str = "x",
    outputs: Mapping[str, Array] | None = None,
    shape: Sequence[int] = (1, *SAMPLE),
    layout: str = "NCHW",
    int8: bool = False,
    signatures: Sequence[str] = (SIGNATURE,),
    tensor_names: Sequence[str] = (),
) -> bytes:
    """The model as a TFLite file.

    Args:
        name, outputs, shape, layout: as of ``onnx_model``.
        int8: whether kernels, input and outputs are int8, with their scales in the file.
        signatures: the key of each signature; without one the tensors have their own names alone.
        tensor_names: their own names, the input's first, where a signature gives others.
    """
    outputs = outputs or {"scores": SCORES}
    own_names = [*(tensor_names or (name, *outputs))]
    file = TfliteWriter()
    ends = "int8" if int8 else "float32"
    scale, zero = (INPUT_SCALE, INPUT_ZERO) if int8 else (0.0, 0)
    x = file.tensor(own_names[0], shape, ends, scale=scale, zero=zero)
    places = {}
    for (output, kernel), own_name in zip(outputs.items(), own_names[1:], strict=True):
        rows = np.ascontiguousarray(_rows(kernel, layout).T)
        if int8:
            stored, own_scale = _integers(rows)
            of_bias = scale * own_scale
            weights = file.tensor(f"{output}/kernel", rows.shape, "int8", stored, own_scale)
            bias = file.tensor(f"{output}/bias", (CLASSES,), "int32", np.rint(BIAS / of_bias).astype(np.int32), of_bias)
        else:
            weights = file.tensor(f"{output}/kernel", rows.shape, "float32", rows)
            bias = file.tensor(f"{output}/bias", (CLASSES,), "float32", BIAS)
        places[output] = file.tensor(own_name, (shape[0], CLASSES), ends, scale=0.3 if int8 else 0.0)
        file.operator("FULLY_CONNECTED", [x, weights, bias], [places[output]], "FullyConnectedOptions")
    file.graph.inputs, file.graph.outputs = [x], list(places.values())
    for key in signatures:
        file.sign(key, {name: x}, places)
    return file.content()


def write_tflite(path: Path, **what: Any) -> Path:
    """Write what ``tflite_content`` makes to *path*."""
    path.write_bytes(tflite_content(**what))
    return path
