"""LiteRT artifacts from a float TFLite file, by ``ai-edge-quantizer``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.recipe import Precision
from harness.runtimes.options import refused_precision

_KEPT = "ai-edge-quantizer keeps a minimum and a maximum of each tensor, no histogram"


def refused(precision: Precision) -> str:
    """Why it can't bring a file to *precision*; empty when it can."""
    because = {"entropy": _KEPT, "percentile": _KEPT}
    return refused_precision("litert", precision, LOWERINGS, ranges=("minmax",), because=because)


def lower(source: Path, main: Path, precision: Precision, calibration: Array, *, integer_io: bool) -> None:
    """Write the float file *source* in *precision* to *main*; with *integer_io*, inputs and outputs int8 as well."""
    LOWERINGS[precision.name](source, main, calibration, precision, integer_io)


def _fp32(source: Path, main: Path, calibration: Array, precision: Precision, integer_io: bool) -> None:
    main.write_bytes(source.read_bytes())


def _fp16(source: Path, main: Path, calibration: Array, precision: Precision, integer_io: bool) -> None:
    """Weights stored in half precision; XNNPACK computes in float."""
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    rules = _rules()
    rules.add_weight_only_config(
        ".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=16, algorithm_key=AlgorithmName.FLOAT_CASTING
    )
    _quantize(source, main, rules, None)


def _int8_dynamic(source: Path, main: Path, calibration: Array, precision: Precision, integer_io: bool) -> None:
    from ai_edge_quantizer import qtyping

    rules = _rules()
    rules.add_dynamic_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=8)
    _quantize(source, main, rules, None)


def _int8_weight_only(source: Path, main: Path, calibration: Array, precision: Precision, integer_io: bool) -> None:
    """Weights stored in int8 per channel; XNNPACK computes in float."""
    from ai_edge_quantizer import qtyping

    rules = _rules()
    rules.add_weight_only_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=8)
    _quantize(source, main, rules, None)


def _int8_static(source: Path, main: Path, calibration: Array, precision: Precision, integer_io: bool) -> None:
    """Activations and weights int8, ranges by minimum and maximum."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import calibrator, qtyping
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.utils import qsv_utils

    names, sizes = qtyping.TFLOperationName, qtyping.QuantGranularity
    granularity = sizes.CHANNELWISE if precision.parameter("per_channel", True) else sizes.TENSORWISE
    rules = _rules()
    rules.add_static_config(
        ".*", names.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8, weight_granularity=granularity
    )
    for side in () if integer_io else (names.INPUT, names.OUTPUT):
        rules.add_quantization_config(".*", side, algorithm_key=AlgorithmName.NO_QUANTIZE)
    signature, sides = next(iter(Interpreter(model_path=str(source)).get_signature_list().items()))
    samples = {signature: [{sides["inputs"][0]: calibration[i : i + 1]} for i in range(len(calibration))]}
    # The quantizer's default is a moving average of each sample's range, which clips: five times the output error here.
    ranges = calibrator.Calibrator(source.read_bytes(), num_threads=1, qsv_update_func=qsv_utils.min_max_update)
    ranges.calibrate(samples, rules)
    _quantize(source, main, rules, ranges.get_model_qsvs())


def _rules() -> Any:
    from ai_edge_quantizer import recipe_manager

    return recipe_manager.RecipeManager()


def _quantize(source: Path, main: Path, rules: Any, ranges: Any) -> None:
    from ai_edge_quantizer import quantizer

    lowering = quantizer.Quantizer(str(source), rules.get_quantization_recipe())
    made = lowering.quantize() if ranges is None else lowering.quantize(ranges)
    main.write_bytes(bytes(made.quantized_model))


LOWERINGS: Mapping[str, Any] = {
    "fp32": _fp32,
    "fp16": _fp16,
    "int8_dynamic": _int8_dynamic,
    "int8_weight_only": _int8_weight_only,
    "int8_static": _int8_static,
}
