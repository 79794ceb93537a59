"""LiteRT artifacts from a SavedModel, by TensorFlow's own converter with its own quantizer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.core.lowering import Lowering
from harness.core.recipe import FLOAT, Precision
from harness.core.tensors import Array
from harness.errors import ContractError
from harness.exporters.tensorflow_settings import SIGNATURE, quiet_tensorflow
from harness.runtimes.litert import from_tflite
from harness.runtimes.options import refused_precision

_DYNAMIC_LIST = "TensorListReserve"
"""The operation that the converter names when a recurrent layer is a loop."""
LOWERINGS = ("fp32", "fp16", "int8_dynamic", "int8_static")
_KEPT = "TFLiteConverter keeps a minimum and a maximum of each tensor, no histogram"
BECAUSE = {
    "int8_weight_only": "TFLiteConverter computes with int8 weights as int8_dynamic wherever it has a kernel",
    "entropy": _KEPT,
    "percentile": _KEPT,
}


def refused(precision: Precision) -> str:
    """Why it can't bring a SavedModel to *precision*; empty when it can."""
    if precision.name == "int8_static" and not precision.parameter("per_channel", True):
        return (
            "litert has no int8_static per tensor of SavedModels: TFLiteConverter quantizes kernels per channel, "
            "and has no public switch for it"
        )
    return refused_precision("litert from a SavedModel", precision, LOWERINGS, ranges=("minmax",), because=BECAUSE)


def lower(source: Path, main: Path, wanted: Lowering, *, integer_io: bool) -> None:
    """Write the SavedModel that *source* is the main file of, as *wanted*, to *main*; its batch becomes one.

    With *integer_io*, inputs and outputs are int8 as well.
    """
    quiet_tensorflow()
    import tensorflow as tf

    precision, samples = wanted.precision, wanted.samples
    if precision.name == "int8_static" and wanted.signature.free:
        # TFLiteConverter calibrates with samples of one shape.
        with tempfile.TemporaryDirectory() as scratch:
            in_float = Path(scratch) / "float.tflite"
            lower(source, in_float, replace(wanted, precision=FLOAT), integer_io=False)
            from_tflite.lower(in_float, main, wanted, integer_io=integer_io)
        return
    loaded = tf.saved_model.load(str(source.parent))
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [_with_batch_of_one(loaded, tf, wanted.signature.input_names)], loaded
    )
    if precision.name != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision.name == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if precision.name == "int8_static":

        def representative() -> Iterator[dict[str, Array]]:
            return (samples.sample(number) for number in range(len(samples)))

        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if integer_io:
            converter.inference_input_type = converter.inference_output_type = tf.int8
    try:
        converted = converter.convert()
    except Exception as err:  # the converter's own error type is private
        if _DYNAMIC_LIST not in str(err):
            raise
        raise ContractError(
            "TFLite has no kernel for the loop of a recurrent Keras layer: build the layer with unroll=True"
        ) from err
    main.write_bytes(converted)


def _with_batch_of_one(loaded: Any, tf: Any, names: Sequence[str]) -> Any:
    """The inference of *loaded* for one sample: with a free batch, shapes are computed anew in every inference."""
    infer = loaded.signatures[SIGNATURE]
    specs = infer.structured_input_signature[1]
    taken = [tf.TensorSpec((1, *specs[name].shape[1:]), specs[name].dtype, name=name) for name in names]

    def one(*sample: Any) -> Any:
        return infer(**dict(zip(names, sample, strict=True)))

    return tf.function(one, autograph=False).get_concrete_function(*taken)
