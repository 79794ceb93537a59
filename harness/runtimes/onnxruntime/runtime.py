"""ONNX Runtime: what it can do, and how its artifacts are made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.core.engine_facts import EngineFacts
from harness.core.file_tensors import FileTensors
from harness.core.lowering import Lowered, Lowering
from harness.core.offer import CUDA, Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.tensors import Tensors
from harness.core.weights import WeightTensor
from harness.formats.onnx import onnx_tensors, read_onnx
from harness.registering import runtime
from harness.runtimes.onnxruntime.conversion import preprocessed, write_fp16, write_int8_static
from harness.runtimes.onnxruntime.ranges import METHODS
from harness.runtimes.onnxruntime.reading import read_tensors
from harness.runtimes.onnxruntime.weight_only import write_weight_only
from harness.runtimes.options import refused_precision


@runtime
class OnnxRuntime:
    """ONNX files on the CPU; lowered by ``onnxruntime.quantization`` and ``onnxruntime.transformers.float16``."""

    name = "onnxruntime"
    source: Source
    interchanges = ("onnx",)
    providers = (
        Provider(name="cpu"),
        Provider(name="cuda", packages=("onnxruntime-gpu",), device=CUDA),
        Provider(name="openvino", packages=("onnxruntime-ep-openvino",), asks_engine=True),
        Provider(
            name="qnn",
            packages=("onnxruntime-qnn",),
            asks_engine=True,
            untimed="a simulator of the Hexagon NPU computes it, 300 times as long as the CPU; only accuracy means something",
        ),
    )
    options = (Option(name="graph_optimization", values=("all", "extended", "basic", "off"), default="all"),)
    build_packages = ("onnxruntime|onnxruntime-gpu", "onnx")
    run_packages = ("onnxruntime|onnxruntime-gpu", "numpy")
    run_side = Path(__file__).with_name("run_side.py")
    facts = EngineFacts(
        versions={"onnxruntime": "1.32", "onnxruntime-ep-openvino": "1.8", "onnxruntime-qnn": "2.7"},
        modules=("onnxruntime",),
        idle_mb=100,
    )

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't do this; empty when it can."""
        if choice.provider.name == "qnn" and precision.name == "int8_dynamic":
            return "QNN has no kernels that find their ranges in each inference"
        return refused_precision("onnxruntime", precision, LOWERINGS, ranges=tuple(METHODS))

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Make the artifact from the float ONNX file."""
        main = folder / "model.onnx"
        LOWERINGS[wanted.precision.name](source, main, wanted.samples, wanted.precision)
        return Lowered(main=main)

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors, those of subgraphs included."""
        import onnx

        return read_tensors(onnx.load(str(artifact)).graph)

    def tensors(self, artifact: Path) -> FileTensors:
        """What the ONNX file takes and gives.

        Raises:
            ContractError: it is no whole ONNX file, or one of its inputs or outputs is no tensor.
        """
        return onnx_tensors(read_onnx(artifact)[0])


def _fp32(source: Path, main: Path, samples: Tensors, precision: Precision) -> None:
    main.write_bytes(source.read_bytes())


def _fp16(source: Path, main: Path, samples: Tensors, precision: Precision) -> None:
    write_fp16(source, main)


def _int8_dynamic(source: Path, main: Path, samples: Tensors, precision: Precision) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Unsigned weights: half the latency of signed ones on x86 (onnxruntime 1.32), equal accuracy.
    preprocessed(
        source, lambda ready: quantize_dynamic(ready, str(main), per_channel=True, weight_type=QuantType.QUInt8)
    )


def _int8_weight_only(source: Path, main: Path, samples: Tensors, precision: Precision) -> None:
    """Weights stored in int8 per channel and made float when the file is loaded; arithmetic in float."""
    write_weight_only(source, main)


def _int8_static(source: Path, main: Path, samples: Tensors, precision: Precision) -> None:
    # Signed activations are slower than float on x86.
    write_int8_static(source, main, samples, precision, activations="QUInt8")


LOWERINGS = {
    "fp32": _fp32,
    "fp16": _fp16,
    "int8_dynamic": _int8_dynamic,
    "int8_weight_only": _int8_weight_only,
    "int8_static": _int8_static,
}
