"""LiteRT (TensorFlow Lite): what it can do, and how its artifacts are made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.core.engine_facts import EngineFacts
from harness.core.file_tensors import FileTensors
from harness.core.lowering import Lowered, Lowering
from harness.core.offer import Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.weights import WeightTensor
from harness.formats.tflite import TfliteFile
from harness.registering import runtime
from harness.registries import exporters
from harness.runtimes.litert import from_savedmodel, from_tflite
from harness.runtimes.litert.reading import activation_scales, read_tensors
from harness.runtimes.scales import check_scales

SAVED_MODEL = "savedmodel"
INTEGER_IO = ("fp32", "int8_static")
"""Precisions that take ``io=int8``; of a float file it changes nothing, and there is one to be compared with."""


@runtime
class LiteRt:
    """TFLite files with XNNPACK: of TFLite files by ``ai-edge-quantizer``, of SavedModels by TensorFlow's converter."""

    name = "litert"
    source: Source
    interchanges = (SAVED_MODEL, "tflite")
    providers = (Provider(name="xnnpack"), Provider(name="builtin"))
    options = (Option(name="io", values=("float", "int8"), default="float", builds=True),)
    build_packages = ("ai-edge-litert", "ai-edge-quantizer")
    run_packages = ("ai-edge-litert", "numpy")
    run_side = Path(__file__).with_name("run_side.py")
    facts = EngineFacts(versions={"ai-edge-litert": "2.3"}, modules=("ai_edge_litert",), idle_mb=80)

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't do this; empty when it can."""
        if choice.options.get("io") == "int8" and precision.name not in INTEGER_IO:
            return f"litert has no io=int8 for {precision.name}: its activations, inputs and outputs too, are floats"
        exporter = exporters.find(framework, self.interchanges)
        if exporter is not None and exporter.format == SAVED_MODEL:
            return from_savedmodel.refused(precision)
        return from_tflite.refused(precision)

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Make the artifact from the float TFLite file, or from the SavedModel whose main file *source* is.

        Raises:
            ContractError: an activation was constant in calibration, so that its scale can hold nothing.
        """
        main = folder / "model.tflite"
        lower = from_tflite.lower if source.suffix == ".tflite" else from_savedmodel.lower
        lower(source, main, wanted, integer_io=wanted.options.get("io") == "int8")
        if wanted.precision.needs_calibration:
            check_scales(activation_scales(main.read_bytes()))
        return Lowered(main=main)

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors; a buffer that tensors share counts once. Scales are metadata here."""
        return read_tensors(artifact.read_bytes())

    def tensors(self, artifact: Path) -> FileTensors:
        """What the TFLite file takes and gives, by the names of its signature, or of its tensors where it has none.

        Raises:
            ContractError: it is no whole TFLite file.
        """
        return TfliteFile.read(artifact).tensors
