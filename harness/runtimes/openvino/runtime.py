"""OpenVINO: what it can do, and how its artifacts are made."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from harness.core.engine_facts import EngineFacts
from harness.core.file_tensors import FileTensors
from harness.core.lowering import Lowered, Lowering
from harness.core.offer import Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.tensors import Tensors
from harness.core.weights import WeightTensor
from harness.registering import runtime
from harness.runtimes.openvino.reading import read_tensors
from harness.runtimes.openvino.tensors import file_tensors
from harness.runtimes.options import refused_precision
from harness.runtimes.scales import check_scales

NARROWEST = 8e-5
"""nncf widens what it found to be narrower: the range of a constant has this upper end, not zero."""
GIVEN_NAME = re.compile(r"^([A-Z][A-Za-z0-9]*)_\d+(?=_|$)")
"""A name that OpenVINO gave, or a part of one: the type and a count over all that the process has made so far."""
BECAUSE = {
    "int8_dynamic": "it quantizes activations at run time before linear layers only, not before convolutions",
    "entropy": "nncf's histograms are cut where the rounding error is least, not by entropy",
    "percentile": "nncf averages the quantiles of single samples, it has none over all of them",
}


@runtime
class OpenVino:
    """OpenVINO IR on the CPU; quantized by nncf."""

    name = "openvino"
    source: Source
    interchanges = ("savedmodel", "onnx")
    providers = (Provider(name="cpu"),)
    # OpenVINO's own choice is bf16 where the CPU has it: every kernel would be of less precision than the recipe says.
    options = (Option(name="precision_hint", values=("f32", "bf16", "f16"), default="f32"),)
    build_packages = ("openvino", "nncf")
    run_packages = ("openvino", "numpy")
    run_side = Path(__file__).with_name("run_side.py")
    facts = EngineFacts(versions={"openvino": "2026.4"}, modules=("openvino",), idle_mb=120)

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't do this; empty when it can."""
        return refused_precision("openvino", precision, LOWERINGS, ranges=("minmax",), because=BECAUSE)

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Make the artifact, ``model.xml`` with ``model.bin``, from an ONNX file or a SavedModel."""
        openvino = _openvino()
        # Of a SavedModel the folder is read, not one of its files. A path given as text would stand in the artifact.
        model = openvino.convert_model(source.parent if source.name == "saved_model.pb" else source)
        model = LOWERINGS[wanted.precision.name](model, wanted.samples, wanted.precision)
        main = folder / "model.xml"
        openvino.save_model(model, main, compress_to_fp16=wanted.precision.name == "fp16")
        _settle(main)
        return Lowered(main=main)

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors; bytes that constants share count once."""
        return read_tensors(artifact)

    def tensors(self, artifact: Path) -> FileTensors:
        """What the IR takes and gives, by the first name of each tensor.

        Raises:
            ContractError: it is no OpenVINO IR.
        """
        return file_tensors(artifact)


def _openvino() -> Any:
    """The module, imported without its telemetry, which reports every import and conversion over the network."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


def _unchanged(model: Any, samples: Tensors, precision: Precision) -> Any:
    return model


def _int8_weight_only(model: Any, samples: Tensors, precision: Precision) -> Any:
    """Kernels of convolutions too; symmetric, so that 0.0 is 0."""
    import nncf

    return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)


def _int8_static(model: Any, samples: Tensors, precision: Precision) -> Any:
    """Weights symmetric; ranges of activations by minimum and maximum over all samples, biases corrected."""
    import nncf
    from nncf.quantization import advanced_parameters as advanced
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    quantized = nncf.quantize(
        model,
        nncf.Dataset([samples.sample(number) for number in range(len(samples))]),
        subset_size=len(samples),
        # The fast one knows the inputs of a layer by the mean of each channel: 17 dB of the outputs of the Fashion-MNIST
        # CNN kept where this one keeps 31, in about the same time (nncf 3.4).
        fast_bias_correction=False,
        advanced_parameters=advanced.AdvancedQuantizationParameters(
            # nncf's own choice averages the ranges of the samples, which clips: 26 dB instead of 31.
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
            weights_quantization_params=advanced.QuantizationParameters(
                per_channel=bool(precision.parameter("per_channel", True))
            ),
        ),
    )
    check_scales(_activation_scales(quantized))
    return quantized


def _activation_scales(model: Any) -> Iterator[tuple[str, float]]:
    """The scale of each activation, the coarsest of one that has several: single channels may be empty.

    What no input reaches is no activation but a constant of the model, such as the zeros that a recurrent layer starts from.
    """
    fed: set[str] = set()
    for operator in model.get_ordered_ops():
        sources = {value.get_node().get_name() for value in operator.input_values()}
        # A shape is no value: zeros as wide as the batch are zeros all the same.
        if operator.get_type_name() == "Parameter" or (sources & fed and operator.get_type_name() != "ShapeOf"):
            fed.add(operator.get_name())
        if operator.get_type_name() != "FakeQuantize" or operator.get_name() not in fed:
            continue
        low, high = (operator.input_value(port).get_node().get_data() for port in (3, 4))
        levels = operator.get_attributes()["levels"]
        widened = high.max() <= NARROWEST * 1.001
        yield operator.get_friendly_name(), 0.0 if widened else float((high - low).max()) / (levels - 1)


def _settle(main: Path) -> None:
    """Give names in the XML file that don't depend on what the process had made before."""
    tree = ElementTree.parse(main)  # noqa: S314 - just written
    settled: dict[str, str] = {}
    counts: dict[str, int] = {}

    def settle(found: re.Match[str]) -> str:
        if found[0] not in settled:
            counts[found[1]] = counts.get(found[1], -1) + 1
            settled[found[0]] = f"{found[1]}_{counts[found[1]]}"
        return settled[found[0]]

    for layer in tree.iter("layer"):
        layer.set("name", "/".join(GIVEN_NAME.sub(settle, part) for part in layer.attrib["name"].split("/")))
    tree.write(main, encoding="utf-8", xml_declaration=True)


LOWERINGS = {
    "fp32": _unchanged,
    "fp16": _unchanged,
    "int8_weight_only": _int8_weight_only,
    "int8_static": _int8_static,
}
