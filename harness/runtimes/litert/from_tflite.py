"""LiteRT artifacts from a float TFLite file, by ``ai-edge-quantizer``."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.core.lowering import Lowering
from harness.core.recipe import Precision
from harness.core.tensors import Array
from harness.errors import UnsupportedModel
from harness.formats.tflite import TfliteFile, signed
from harness.runtimes.options import refused_precision

_KEPT = "ai-edge-quantizer keeps a minimum and a maximum of each tensor, no histogram"


def refused(precision: Precision) -> str:
    """Why it can't bring a file to *precision*; empty when it can."""
    because = {"entropy": _KEPT, "percentile": _KEPT}
    return refused_precision("litert", precision, LOWERINGS, ranges=("minmax",), because=because)


def lower(source: Path, main: Path, wanted: Lowering, *, integer_io: bool) -> None:
    """Write the float file *source* as *wanted* to *main*; with *integer_io*, inputs and outputs int8 as well."""
    LOWERINGS[wanted.precision.name](source, main, wanted, integer_io)


def _fp32(source: Path, main: Path, wanted: Lowering, integer_io: bool) -> None:
    main.write_bytes(source.read_bytes())


def _fp16(source: Path, main: Path, wanted: Lowering, integer_io: bool) -> None:
    """Weights stored in half precision; XNNPACK computes in float."""
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    rules = _rules()
    rules.add_weight_only_config(
        ".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=16, algorithm_key=AlgorithmName.FLOAT_CASTING
    )
    _quantize(source, main, rules, None)


def _int8_dynamic(source: Path, main: Path, wanted: Lowering, integer_io: bool) -> None:
    from ai_edge_quantizer import qtyping

    rules = _rules()
    rules.add_dynamic_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=8)
    _quantize(source, main, rules, None)


def _int8_weight_only(source: Path, main: Path, wanted: Lowering, integer_io: bool) -> None:
    """Weights stored in int8 per channel; XNNPACK computes in float."""
    from ai_edge_quantizer import qtyping

    rules = _rules()
    rules.add_weight_only_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=8)
    _quantize(source, main, rules, None)


def _int8_static(source: Path, main: Path, wanted: Lowering, integer_io: bool) -> None:
    """Activations and weights int8, ranges by minimum and maximum; inputs and outputs float unless *integer_io*.

    Outputs that the model itself reads again, as a recurrent state, are int8 in the file: left in float, the quantizer
    (0.10) writes one that TFLite refuses. The run side makes floats of them.

    Raises:
        UnsupportedModel: TFLite refuses that file too.
    """
    from ai_edge_quantizer import calibrator, qtyping
    from ai_edge_quantizer.utils import qsv_utils

    rules = _static_rules(
        wanted, () if integer_io else (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT)
    )
    # The quantizer's default is a moving average of each sample's range, which clips: five times the output error here.
    with tempfile.TemporaryDirectory() as folder:
        source = _signed(source, wanted, Path(folder) / "signed.tflite")
        ranges = calibrator.Calibrator(source.read_bytes(), num_threads=1, qsv_update_func=qsv_utils.min_max_update)
        ranges.calibrate(_calibration(source, wanted), rules)
        found = ranges.get_model_qsvs()
        _quantize(source, main, rules, found)
        if _refused(main) and not integer_io:
            _quantize(source, main, _static_rules(wanted, (qtyping.TFLOperationName.INPUT,)), found)
    refused = _refused(main)
    if refused:
        raise UnsupportedModel(f"TFLite refuses what ai-edge-quantizer makes of this model: {refused}")


def _signed(source: Path, wanted: Lowering, path: Path) -> Path:
    """*source*, or where it has no signature a copy that has one: the quantizer calibrates by its names."""
    file = TfliteFile.read(source)
    if file.signed:
        return source
    path.write_bytes(signed(file.content, wanted.signature.input_names, wanted.signature.outputs))
    return path


def _static_rules(wanted: Lowering, in_float: Sequence[Any]) -> Any:
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    names, sizes = qtyping.TFLOperationName, qtyping.QuantGranularity
    granularity = sizes.CHANNELWISE if wanted.precision.parameter("per_channel", True) else sizes.TENSORWISE
    rules = _rules()
    rules.add_static_config(
        ".*", names.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8, weight_granularity=granularity
    )
    for side in in_float:
        rules.add_quantization_config(".*", side, algorithm_key=AlgorithmName.NO_QUANTIZE)
    return rules


def _calibration(source: Path, wanted: Lowering) -> dict[str, list[dict[str, Array]]]:
    """The calibration samples as the quantizer takes them: by the file's names, in the file's types."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(source))
    (signature,) = interpreter.get_signature_list()
    taken = interpreter.get_signature_runner(signature).get_input_details()
    of_file = dict(zip(wanted.signature.input_names, in_order(list(taken), wanted.signature.input_names), strict=True))
    samples = wanted.samples
    return {
        signature: [
            {
                of_file[name]: values.astype(taken[of_file[name]]["dtype"], casting="same_kind")
                for name, values in samples.sample(number).items()
            }
            for number in range(len(samples))
        ]
    }


def _refused(main: Path) -> str:
    """Why TFLite does not take the file; empty when it does."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        Interpreter(model_path=str(main)).allocate_tensors()
    except (RuntimeError, ValueError) as err:
        return str(err)
    return ""


def in_order(found: Sequence[str], names: Sequence[str]) -> list[str]:
    """The tensors *found* in a file, in the order of *names*: by these where it has them, else as they are counted."""
    return list(names) if set(found) == set(names) else sorted(found, key=lambda name: (len(name), name))


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
