"""ONNX Runtime: what it can do, and how its artifacts are made."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.names import RuntimeName
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.runtimes.options import refused_name
from harness.runtimes.registry import runtimes

CALIBRATION_BATCH = 32


class OnnxRuntime:
    """ONNX files on the CPU; lowered by ``onnxruntime.quantization`` and ``onnxruntime.transformers.float16``."""

    name = "onnxruntime"
    interchange = "onnx"
    build_packages = ("onnxruntime", "onnx")
    run_packages = ("onnxruntime", "numpy")
    run_side = Path(__file__).with_name("run_side.py")

    def __init__(self) -> None:
        self.source = Source.of(OnnxRuntime)

    def refusal(self, runtime: RuntimeName, precision: Precision) -> str:
        """Why it can't do this; empty when it can."""
        return refused_name(runtime, providers=("cpu",)) or (
            "" if precision.name in LOWERINGS else f"onnxruntime has no lowering to {precision.name}"
        )

    def lower(self, source: Path, precision: Precision, calibration: Array, folder: Path) -> Path:
        """Make the artifact from the float ONNX file."""
        main = folder / "model.onnx"
        LOWERINGS[precision.name](source, main, calibration)
        return main

    def weights(self, artifact: Path) -> Mapping[str, int]:
        """Bytes of all constant tensors by dtype, those of subgraphs included."""
        import onnx

        found: Counter[str] = Counter()
        _count_constants(onnx.load(str(artifact)).graph, found)
        return dict(found)


def _count_constants(graph: Any, found: Counter[str]) -> None:
    import onnx

    tensors = list(graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                tensors.append(attribute.t)
            if attribute.type == onnx.AttributeProto.GRAPH:
                _count_constants(attribute.g, found)
    for tensor in tensors:
        dtype = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
        found["float32" if dtype == "float" else dtype] += onnx.numpy_helper.to_array(tensor).nbytes


class CalibrationBatches:
    """The calibration set as onnxruntime's quantizer reads it."""

    def __init__(self, name: str, samples: Array) -> None:
        self._name = name
        self._samples = samples
        self._at = 0

    def get_next(self) -> dict[str, Array] | None:
        """The next batch by input name; None at the end."""
        part = self._samples[self._at : self._at + CALIBRATION_BATCH]
        self._at += CALIBRATION_BATCH
        return {self._name: part} if len(part) else None

    def rewind(self) -> None:
        """Begin again."""
        self._at = 0


def _fp32(source: Path, main: Path, calibration: Array) -> None:
    main.write_bytes(source.read_bytes())


def _fp16(source: Path, main: Path, calibration: Array) -> None:
    """Weights and arithmetic in half precision, inputs and outputs in float."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(source)), keep_io_types=True), str(main))


def _int8_dynamic(source: Path, main: Path, calibration: Array) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Unsigned weights: half the latency of signed ones on x86 (onnxruntime 1.32), equal accuracy.
    _preprocessed(
        source, lambda ready: quantize_dynamic(ready, str(main), per_channel=True, weight_type=QuantType.QUInt8)
    )


def _int8_static(source: Path, main: Path, calibration: Array) -> None:
    """Q and DQ nodes, activations uint8, weights int8 per channel: signed activations are slower than float on x86."""
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    taken = onnx.load(str(source)).graph.input[0].name
    _preprocessed(
        source,
        lambda ready: quantize_static(
            ready,
            str(main),
            CalibrationBatches(taken, calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        ),
    )


def _preprocessed(source: Path, quantize: Callable[[str], object]) -> None:
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        ready = str(Path(folder) / "ready.onnx")
        # The symbolic part would import torch to no effect here: ONNX's own shape inference is enough.
        quant_pre_process(str(source), ready, skip_symbolic_shape=True)
        quantize(ready)


LOWERINGS = {"fp32": _fp32, "fp16": _fp16, "int8_dynamic": _int8_dynamic, "int8_static": _int8_static}

runtimes.add(OnnxRuntime())
