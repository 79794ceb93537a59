"""What each runtime makes of each precision, read from the artifact and seen in its outputs."""

from itertools import pairwise

import numpy as np
import pytest

from harness.core.names import RuntimeName
from harness.core.recipe import Precision
from harness.registries import runtimes
from harness.runtimes.options import choice_of, refused_precision

from .building import PRECISIONS, static

pytestmark = pytest.mark.runtimes

INT8 = ("int8", "uint8")
REFUSED = {
    "onnxruntime": set(),
    "litert": {"int8_static_entropy", "int8_static_percentile"},
    "torch": {"int8_weight_only", "int8_static_entropy", "int8_static_percentile"},
    "openvino": {"int8_dynamic", "int8_static_entropy", "int8_static_percentile"},
    "executorch": {"fp16", "int8_dynamic", "int8_weight_only", "int8_static_entropy", "int8_static_percentile"},
}


def scales(built, precision):
    """How many scales each quantized kernel of an artifact has."""
    if built.name == "litert":
        from ai_edge_litert import schema_py_generated as schema

        model = schema.ModelT.InitFromPackedBuf(built.path(precision).read_bytes(), 0)
        kernels = [
            tensor
            for tensor in model.subgraphs[0].tensors
            if tensor.type == schema.TensorType.INT8 and model.buffers[tensor.buffer].data is not None
        ]
        return [len(tensor.quantization.scale) for tensor in kernels]
    tensors = built.tensors(precision)
    if built.name == "openvino":
        # In the file, the scale of a kernel comes next to it.
        return [after.size for one, after in pairwise(tensors) if one.dtype == "int8"]
    if built.name == "executorch":
        # A number in the delegate's graph when there is one, a constant when there are several.
        return [one.size for one in tensors if one.name.endswith("_weight_scale")] or [1]
    if built.name == "torch":
        # Numbers in the graph when there is one, buffers when there are several.
        return [one.size for one in tensors if one.name.startswith("_scale")] or [1]
    return [
        one.size for one in tensors if one.name.endswith("_scale") and "weight" in one.name and "bias" not in one.name
    ]


def test_only_what_a_runtime_lacks_is_refused(built):
    assert set(PRECISIONS) - set(built.precisions) == REFUSED[built.name]


def test_kernels_have_the_promised_type(built):
    for precision in built.precisions:
        weights = built.weights(precision)
        share = {"fp32": weights.share("float32"), "fp16": weights.share("float16")}.get(
            precision, weights.share(*INT8)
        )
        assert share == 1.0, (precision, weights)


def test_kernels_are_all_there_and_nothing_else(built):
    for precision in built.precisions:
        assert built.weights(precision).kernel_size == built.facts["kernels"], precision


def test_parameters_are_those_of_the_model(built):
    for precision in built.precisions:
        # A torch program keeps its normalizations until a quantizer folds them.
        folded = built.name != "torch" or precision.startswith("int8")
        assert built.weights(precision).parameters == built.facts["folded" if folded else "parameters"], precision


def test_zeros_of_the_model_are_zeros_of_the_artifact(built):
    for precision in built.precisions:
        weights = built.weights(precision)
        assert weights.sparsity >= 0.49, precision
        assert weights.kernel_zeros >= built.facts["zeros"], precision
        if precision in ("fp32", "fp16"):
            assert weights.kernel_zeros == built.facts["zeros"], precision


def test_outputs_stay_close_to_the_reference(built):
    reference = built.outputs["reference"]
    spread = np.abs(reference).max()
    for precision in built.precisions:
        outputs = built.outputs[precision]
        assert outputs.dtype == np.float32
        assert np.abs(outputs - reference).max() <= 0.15 * spread, precision
        if precision != "fp32":
            assert not np.array_equal(outputs, reference), precision


@pytest.mark.parametrize("engine", ["onnxruntime", "litert", "openvino"])
def test_weights_alone_in_int8_choose_the_same_class(built_for, engine):
    built = built_for(engine)
    reference, outputs = built.outputs["reference"], built.outputs["int8_weight_only"]
    assert (outputs.argmax(axis=1) == reference.argmax(axis=1)).mean() >= 0.98
    # Activations are not rounded: closer than where they are.
    error = {name: np.square(built.outputs[name] - reference).mean() for name in ("int8_weight_only", "int8_static")}
    assert error["int8_weight_only"] < error["int8_static"]


def test_a_kernel_has_a_scale_per_channel_or_one(built):
    assert sorted(scales(built, "int8_static"))[-1] == 16
    assert set(scales(built, "int8_static_per_tensor")) == {1}
    per_channel, per_tensor = built.weights("int8_static"), built.weights("int8_static_per_tensor")
    assert per_channel.total_bytes > per_tensor.total_bytes or built.name == "litert"  # there, scales are metadata


def test_ways_to_find_ranges_differ(built_for):
    built = built_for("onnxruntime")
    assert np.array_equal(built.outputs["int8_static"], built.outputs["int8_static_minmax"])
    # The other two cut, where there is something to cut.
    assert not np.array_equal(built.outputs["int8_static_entropy"], built.outputs["int8_static_minmax"])


def test_torch_has_its_own_ranges_and_minimum_and_maximum(built_for):
    built = built_for("torch")
    assert not np.array_equal(built.outputs["int8_static"], built.outputs["int8_static_minmax"])


@pytest.mark.parametrize(
    ("engine", "precision", "said"),
    [
        ("litert", static(ranges="entropy"), ("entropy", "int8_static", "histogram", "known: minmax")),
        ("litert", static(ranges="percentile"), ("percentile", "int8_static", "histogram", "known: minmax")),
        ("torch", static(ranges="percentile"), ("percentile", "int8_static", "known: minmax")),
        ("torch", PRECISIONS["int8_weight_only"], ("int8_weight_only", "linear layers only", "known: fp32, fp16")),
        ("openvino", static(ranges="percentile"), ("percentile", "int8_static", "quantiles", "known: minmax")),
        ("openvino", PRECISIONS["int8_dynamic"], ("int8_dynamic", "not before convolutions", "known: fp32, fp16")),
        ("executorch", static(ranges="entropy"), ("entropy", "int8_static", "histograms", "known: minmax")),
        ("executorch", PRECISIONS["fp16"], ("fp16", "convolutions in float32", "known: fp32, int8_static")),
        ("executorch", PRECISIONS["int8_dynamic"], ("int8_dynamic", "depthwise", "known: fp32, int8_static")),
        ("executorch", PRECISIONS["int8_weight_only"], ("int8_weight_only", "int8 activations", "known: fp32")),
        ("onnxruntime", static(ranges="guess"), ("guess", "known: minmax, entropy, percentile")),
        ("onnxruntime", Precision(name="int4"), ("int4", "int8_weight_only")),
    ],
)
def test_a_refusal_names_what_is_refused_and_what_exists(engine, precision, said):
    runtime = runtimes.get(engine)
    reason = runtime.refusal("torch", precision, choice_of(RuntimeName(runtime=engine), runtime))
    assert all(part in reason for part in (engine, *said)), reason


def test_what_is_known_is_not_refused():
    assert refused_precision("engine", static(ranges="minmax", samples=3), ["int8_static"], ["minmax"]) == ""
    assert refused_precision("engine", static(), ["int8_static"], []) == ""
