"""ONNX Runtime: what it can do, and how its artifacts are made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.core.data import Array
from harness.core.names import RuntimeName
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.weights import WeightTensor
from harness.runtimes.onnxruntime.ranges import METHODS, MINMAX, CalibrationBatches, write_histogram_ranges
from harness.runtimes.onnxruntime.reading import read_tensors
from harness.runtimes.onnxruntime.weight_only import write_weight_only
from harness.runtimes.options import refused_name, refused_precision
from harness.runtimes.parts import hashes_of
from harness.runtimes.registry import runtimes

PARTS = ("ranges.py", "reading.py", "weight_only.py")
"""The files beside this one that decide what an artifact holds and what is read from it."""


class OnnxRuntime:
    """ONNX files on the CPU; lowered by ``onnxruntime.quantization`` and ``onnxruntime.transformers.float16``."""

    name = "onnxruntime"
    interchange = "onnx"
    build_packages = ("onnxruntime", "onnx")
    run_packages = ("onnxruntime", "numpy")
    run_side = Path(__file__).with_name("run_side.py")

    def __init__(self) -> None:
        self.source = Source.of(OnnxRuntime)
        self.parts = hashes_of(*(Path(__file__).with_name(name) for name in PARTS))

    def refusal(self, runtime: RuntimeName, precision: Precision) -> str:
        """Why it can't do this; empty when it can."""
        return refused_name(runtime, providers=("cpu",)) or refused_precision(
            "onnxruntime", precision, LOWERINGS, ranges=tuple(METHODS)
        )

    def lower(self, source: Path, precision: Precision, calibration: Array, folder: Path) -> Path:
        """Make the artifact from the float ONNX file."""
        main = folder / "model.onnx"
        LOWERINGS[precision.name](source, main, calibration, precision)
        return main

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors, those of subgraphs included."""
        import onnx

        return read_tensors(onnx.load(str(artifact)).graph)


def _fp32(source: Path, main: Path, calibration: Array, precision: Precision) -> None:
    main.write_bytes(source.read_bytes())


def _fp16(source: Path, main: Path, calibration: Array, precision: Precision) -> None:
    """Weights and arithmetic in half precision, inputs and outputs in float."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(source)), keep_io_types=True), str(main))


def _int8_dynamic(source: Path, main: Path, calibration: Array, precision: Precision) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Unsigned weights: half the latency of signed ones on x86 (onnxruntime 1.32), equal accuracy.
    _preprocessed(
        source, lambda ready: quantize_dynamic(ready, str(main), per_channel=True, weight_type=QuantType.QUInt8)
    )


def _int8_weight_only(source: Path, main: Path, calibration: Array, precision: Precision) -> None:
    """Weights stored in int8 per channel and made float when the file is loaded; arithmetic in float."""
    write_weight_only(source, main)


def _int8_static(source: Path, main: Path, calibration: Array, precision: Precision) -> None:
    """Q and DQ nodes, activations uint8, weights int8: signed activations are slower than float on x86."""
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    taken = onnx.load(str(source)).graph.input[0].name
    method = str(precision.parameter("ranges", "")) or MINMAX

    def quantize(ready: str) -> None:
        found = Path(ready).with_name("ranges.json")
        if method != MINMAX:
            write_histogram_ranges(Path(ready), METHODS[method], taken, calibration, found)
        quantize_static(
            ready,
            str(main),
            CalibrationBatches(taken, calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=bool(precision.parameter("per_channel", True)),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod[METHODS[method]],
            **({} if method == MINMAX else {"calibration_cache_path": found}),
        )

    _preprocessed(source, quantize)


def _preprocessed(source: Path, quantize: Callable[[str], object]) -> None:
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        ready = str(Path(folder) / "ready.onnx")
        # The symbolic part would import torch to no effect here: ONNX's own shape inference is enough.
        quant_pre_process(str(source), ready, skip_symbolic_shape=True)
        quantize(ready)


LOWERINGS = {
    "fp32": _fp32,
    "fp16": _fp16,
    "int8_dynamic": _int8_dynamic,
    "int8_weight_only": _int8_weight_only,
    "int8_static": _int8_static,
}

runtimes.add(OnnxRuntime())
