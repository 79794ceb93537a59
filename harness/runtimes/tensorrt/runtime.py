"""TensorRT: what it can do, and how its engines are made, without a GPU where TensorRT-RTX is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness.core.engine_facts import EngineFacts
from harness.core.lowering import Lowered, Lowering
from harness.core.offer import CUDA, Choice, Option, Provider
from harness.core.packages import installed
from harness.core.recipe import Precision
from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Tensors
from harness.core.weights import WeightTensor
from harness.registering import runtime
from harness.runtimes.onnxruntime import conversion, ranges, reading
from harness.runtimes.options import refused_precision
from harness.runtimes.tensorrt import weight_only as dequantized
from harness.runtimes.tensorrt.plan_file import CURRENT, RTX, build_engine

ONNX = "model.onnx"
"""The file that was parsed, kept beside the engine: an engine's weights are packed for its kernels and can't be read."""
QDQ = {"ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False}
"""What TensorRT asks of Q and DQ nodes: no zero points, and biases in float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """One of the two products with this API."""

    distribution: str
    module: str
    builds_for_others: bool
    """Whether it builds for a GPU that is not here."""


FLAVOURS = (
    Flavour(distribution="tensorrt-rtx-cu13", module=RTX, builds_for_others=True),
    Flavour(distribution="tensorrt", module="tensorrt", builds_for_others=False),
)


@runtime
class TensorRt:
    """TensorRT-RTX, or TensorRT 11 where only that is installed; lowered from ONNX, strongly typed."""

    name = "tensorrt"
    source: Source
    interchanges = ("onnx",)
    providers = (Provider(name="cuda", device=CUDA),)
    options = (
        Option(
            name="sm",
            values=(CURRENT, "75", "80", "86", "89", "120", "121"),
            default=CURRENT,
            builds=True,
            needs=((CURRENT, CUDA),),
        ),
    )
    run_side = Path(__file__).with_name("run_side.py")
    facts = EngineFacts(versions={"tensorrt-rtx-cu13": "1.7"}, modules=("tensorrt_rtx", "tensorrt"), idle_mb=250)

    @property
    def build_packages(self) -> Sequence[str]:
        """Distributions that decide what an engine holds."""
        return (_flavour().distribution, "onnx", "onnxruntime")

    @property
    def run_packages(self) -> Sequence[str]:
        """Distributions that the worker needs."""
        return (_flavour().distribution, "cuda-bindings", "numpy")

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't do this; empty when it can."""
        return refused_precision(
            "tensorrt",
            precision,
            LOWERINGS,
            ranges=tuple(ranges.METHODS),
            because={
                "int8_dynamic": "it takes scales of int8 activations from the file, and measures none at run time"
            },
        ) or self._refused_sm(choice.options["sm"])

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Make the engine from the float ONNX file."""
        flavour, sm = _flavour(), wanted.options.get("sm", CURRENT)
        parsed, main = folder / ONNX, folder / "model.engine"
        LOWERINGS[wanted.precision.name](source, parsed, wanted.samples, wanted.precision)
        built = build_engine(parsed.read_bytes(), module=flavour.module, sm=sm, lengths=_lengths(wanted.signature))
        main.write_bytes(built.plan)
        builder = {flavour.distribution: metadata.version(flavour.distribution), "sm": sm}
        return Lowered(
            main=main,
            placement={CUDA: _operators(parsed)},  # it takes a model whole or not at all
            details={"builder": builder, **built.details},
            unshipped=(ONNX,),
        )

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors of the ONNX file that the engine was made from."""
        import onnx

        return reading.read_tensors(onnx.load(str(artifact.with_name(ONNX))).graph)

    def _refused_sm(self, sm: str) -> str:
        if sm != CURRENT and not _flavour().builds_for_others:
            return f"TensorRT builds for the GPU that is here, not for sm={sm}; TensorRT-RTX does: pip install {FLAVOURS[0].distribution}"
        return ""


def _flavour() -> Flavour:
    """The first product that is installed, or else the one to install."""
    return next((one for one in FLAVOURS if installed([one.distribution]).ok), FLAVOURS[0])


def _lengths(signature: Signature) -> dict[str, list[tuple[int, int]]]:
    """Of each dimension of each input its least and its greatest length."""
    return {
        one.name: [
            signature.lengths[length] if isinstance(length, str) else (length, length) for length in one.dimensions
        ]
        for one in signature.inputs
    }


def _operators(model: Path) -> dict[str, int]:
    import onnx

    return dict(sorted(Counter(node.op_type for node in onnx.load(str(model)).graph.node).items()))


def _fp32(source: Path, parsed: Path, samples: Tensors, precision: Precision) -> None:
    parsed.write_bytes(source.read_bytes())


def _fp16(source: Path, parsed: Path, samples: Tensors, precision: Precision) -> None:
    conversion.write_fp16(source, parsed)


def _int8_weight_only(source: Path, parsed: Path, samples: Tensors, precision: Precision) -> None:
    """Weights stored in int8 per channel and made float in every inference; arithmetic in float."""
    dequantized.write_dequantized_weights(source, parsed)


def _int8_static(source: Path, parsed: Path, samples: Tensors, precision: Precision) -> None:
    conversion.write_int8_static(source, parsed, samples, precision, activations="QInt8", settings=QDQ)


LOWERINGS = {
    "fp32": _fp32,
    "fp16": _fp16,
    "int8_weight_only": _int8_weight_only,
    "int8_static": _int8_static,
}
