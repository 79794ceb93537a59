"""Float ONNX files in half precision and in int8, for every runtime that takes ONNX."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.core.recipe import Precision
from harness.core.tensors import Tensors
from harness.errors import ContractError
from harness.formats.onnx import takes_one_sample
from harness.runtimes.onnxruntime.ranges import (
    CALIBRATION_BATCH,
    METHODS,
    MINMAX,
    CalibrationBatches,
    write_histogram_ranges,
)
from harness.runtimes.onnxruntime.reading import activation_scales
from harness.runtimes.scales import check_scales

LEAST_OPSET = 13
"""The first whose QuantizeLinear and DequantizeLinear have a scale for each channel."""


def write_fp16(source: Path, main: Path) -> None:
    """Write *source* to *main* with weights and arithmetic in half precision, inputs and outputs in float."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(source)), keep_io_types=True), str(main))


def write_int8_static(
    source: Path,
    main: Path,
    samples: Tensors,
    precision: Precision,
    *,
    activations: str,
    settings: Mapping[str, object] | None = None,
) -> None:
    """Write *source* to *main* with Q and DQ nodes and weights in int8.

    Args:
        source: the float ONNX file.
        main: the file to write.
        samples: to find ranges with, by the names of the file's inputs.
        precision: says how ranges are found, and whether weights have a scale per channel.
        activations: their type, as onnxruntime's QuantType calls it.
        settings: onnxruntime's ``extra_options``.

    Raises:
        ContractError: an activation was constant in calibration, so that its scale can hold nothing.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    alone = takes_one_sample(onnx.load(str(source), load_external_data=False))
    batches = list(samples.batches(1 if alone else CALIBRATION_BATCH))
    method = str(precision.parameter("ranges", "")) or MINMAX

    def quantize(ready: str) -> None:
        found = Path(ready).with_name("ranges.json")
        if method != MINMAX:
            write_histogram_ranges(Path(ready), METHODS[method], batches, found)
        quantize_static(
            ready,
            str(main),
            CalibrationBatches(batches),
            quant_format=QuantFormat.QDQ,
            per_channel=bool(precision.parameter("per_channel", True)),
            activation_type=QuantType[activations],
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod[METHODS[method]],
            extra_options=dict(settings or {}),
            **({} if method == MINMAX else {"calibration_cache_path": found}),
        )

    preprocessed(source, quantize)
    check_scales(activation_scales(onnx.load(str(main)).graph))


def preprocessed(source: Path, quantize: Callable[[str], object]) -> None:
    """Call *quantize* with *source* as onnxruntime's quantizers want it: shapes inferred, constants folded."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        source, ready = _quantizable(source, Path(folder) / "newer.onnx"), str(Path(folder) / "ready.onnx")
        # The symbolic part would import torch to no effect here: ONNX's own shape inference is enough.
        quant_pre_process(str(source), ready, skip_symbolic_shape=True)
        quantize(ready)


def _quantizable(source: Path, path: Path) -> Path:
    """*source*, or in *path* the same in the opset that has scales per channel, where it is of an older one.

    Raises:
        ContractError: onnx can't bring it there.
    """
    import onnx

    model = onnx.load(str(source))
    opset = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), LEAST_OPSET)
    if opset >= LEAST_OPSET:
        return source
    try:
        newer = onnx.version_converter.convert_version(model, LEAST_OPSET)
    except RuntimeError as err:
        raise ContractError(
            f"the file is of opset {opset}, scales per channel take {LEAST_OPSET}, and onnx can't bring it there: {err}. Export "
            f"the model with opset {LEAST_OPSET} or newer"
        ) from err
    onnx.save(newer, str(path))
    return path
