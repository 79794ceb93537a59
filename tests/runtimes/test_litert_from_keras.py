"""TFLite files made of SavedModels by TensorFlow's converter, and what the interpreter does with them."""

import numpy as np
import pytest

from harness.core.names import RuntimeName
from harness.core.weights import Weights
from harness.pipeline.catalog import load_catalog
from harness.registries import runtimes
from harness.runtimes.litert.reading import activation_scales, read_tensors
from harness.runtimes.options import choice_of

from .building import PRECISIONS, static

pytestmark = pytest.mark.runtimes

PRECISIONS_MADE = ("fp32", "fp16", "int8_dynamic", "int8_static", "int8_static_minmax")
ACTIVATIONS_OF_ALL = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "MAX_POOL_2D": 1}


@pytest.fixture(scope="module")
def run(keras_built):
    artifacts = {name: (keras_built.path("litert", name), {"provider": "xnnpack"}) for name in PRECISIONS_MADE}
    artifacts["builtin"] = (keras_built.path("litert", "int8_static"), {"provider": "builtin"})
    artifacts["builtin_fp32"] = (keras_built.path("litert", "fp32"), {"provider": "builtin"})
    artifacts["io"] = (keras_built.path("litert,io=int8", "int8_static"), {"provider": "xnnpack"})
    artifacts["io_fp32"] = (keras_built.path("litert,io=int8", "fp32"), {"provider": "xnnpack"})
    return keras_built.run("litert", artifacts)


def content(keras_built, runtime, precision):
    return keras_built.path(runtime, precision).read_bytes()


def dtypes(keras_built, runtime, precision):
    """Of the file's inputs and outputs."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content(keras_built, runtime, precision), 0)
    names = {value: name for name, value in vars(schema.TensorType).items()}
    graph = model.subgraphs[0]
    return [names[graph.tensors[index].type] for index in (*graph.inputs, *graph.outputs)]


@pytest.mark.parametrize(
    ("precision", "most"), [("fp32", 1e-5), ("fp16", 0.01), ("int8_dynamic", 0.1), ("int8_static", 0.15)]
)
def test_outputs_stay_close_to_the_reference(keras_built, run, precision, most):
    found = run[0][precision]
    assert found.dtype == np.float32
    assert np.abs(found - keras_built.reference).max() <= most * np.abs(keras_built.reference).max()
    if precision != "fp32":
        assert np.abs(found - keras_built.reference).max() > 1e-4
    assert np.array_equal(run[0][f"{precision} prepared"], found[:1])


def test_kernels_have_the_promised_type(keras_built):
    for precision, dtype in (("fp32", "float32"), ("fp16", "float16"), ("int8_static", "int8")):
        weights = Weights.of(read_tensors(content(keras_built, "litert", precision)))
        assert weights.share(dtype) == 1.0, precision
        assert weights.kernel_size == keras_built.facts["kernels"], precision
        assert weights.kernel_zeros >= keras_built.facts["zeros"], precision


def test_dynamic_leaves_small_kernels_float(keras_built):
    """TensorFlow's quantizer takes kernels of 1,024 elements and more: a tiny model can't keep the promise of int8."""
    tensors = list(read_tensors(content(keras_built, "litert", "int8_dynamic")))
    kernels = [one for one in tensors if one.parameter and one.dimensions >= 2]
    assert {one.dtype for one in kernels if one.size < 1024} == {"float32"}
    assert {one.dtype for one in kernels if one.size >= 1024} == {"int8"}


def test_minmax_is_its_own_choice(keras_built):
    assert content(keras_built, "litert", "int8_static") == content(keras_built, "litert", "int8_static_minmax")


def test_files_take_one_sample_in_fixed_shapes(keras_built):
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content(keras_built, "litert", "fp32"), 0)
    graph = model.subgraphs[0]
    assert list(graph.tensors[graph.inputs[0]].shape) == [1, 12, 12, 3]
    assert all(tensor.shapeSignature is None or -1 not in tensor.shapeSignature for tensor in graph.tensors)


def test_inputs_and_outputs_are_float_unless_asked(keras_built):
    assert dtypes(keras_built, "litert", "int8_static") == ["FLOAT32", "FLOAT32"]
    assert dtypes(keras_built, "litert,io=int8", "int8_static") == ["INT8", "INT8"]
    assert dtypes(keras_built, "litert,io=int8", "fp32") == ["FLOAT32", "FLOAT32"]


def test_integer_inputs_and_outputs_are_one_inference_from_float_to_float(keras_built, run):
    outputs, told = run
    assert outputs["io"].dtype == np.float32
    # The same integers are computed; only who rounds the input and the output differs.
    step = max(scale for _, scale in activation_scales(content(keras_built, "litert", "int8_static")))
    assert np.abs(outputs["io"] - outputs["int8_static"]).max() <= step
    assert np.array_equal(outputs["io prepared"], outputs["io"][:1])
    assert np.array_equal(outputs["io_fp32"], outputs["fp32"])
    assert "float32" in told["io"]["wrong"]["double"]


def test_wrong_inputs_are_refused(run):
    for name, facts in run[1].items():
        assert set(facts["wrong"]) == {"double", "length", "layout"}, name


def test_it_tells_who_computes_which_operators(run):
    told = {name: facts["description"] for name, facts in run[1].items()}
    for name in ("fp32", "int8_static", "io"):
        placement = told[name]["placement"]
        assert told[name]["provider"] == "xnnpack"
        assert placement["builtin"] == {}
        assert {op: placement["xnnpack"][op] for op in ACTIVATIONS_OF_ALL} == ACTIVATIONS_OF_ALL
    for name in ("builtin", "builtin_fp32"):
        assert told[name]["provider"] == "builtin"
        assert told[name]["placement"]["xnnpack"] == {}
        assert told[name]["placement"]["builtin"].items() >= ACTIVATIONS_OF_ALL.items()
    assert told["int8_static"]["placement"]["xnnpack"]["QUANTIZE"] == 1
    assert "QUANTIZE" not in told["io"]["placement"]["xnnpack"]


def test_constant_activations_are_refused(keras_built):
    assert "degenerate int8 scales of activations: " in keras_built.facts["degenerate"]


def test_activation_scales_are_those_of_activations(keras_built):
    scales = list(activation_scales(content(keras_built, "litert", "int8_static")))
    assert len(scales) >= 6
    assert len({name for name, _ in scales}) == len(scales)
    assert not list(activation_scales(content(keras_built, "litert", "fp32")))
    constants = {one.name for one in read_tensors(content(keras_built, "litert", "int8_static"))}
    assert not constants & {name for name, _ in scales}


@pytest.mark.parametrize(
    ("framework", "name", "precision", "said"),
    [
        ("keras", "litert", PRECISIONS["int8_weight_only"], ("int8_weight_only", "TFLiteConverter", "known: fp32")),
        ("keras", "litert", static(per_channel=False), ("per tensor", "TFLiteConverter")),
        ("keras", "litert", static(ranges="entropy"), ("entropy", "histogram", "known: minmax")),
        ("torch", "litert", static(ranges="entropy"), ("entropy", "ai-edge-quantizer", "known: minmax")),
        *(
            (framework, "litert,io=int8", PRECISIONS[precision], ("io=int8", precision, "floats"))
            for framework in ("keras", "torch")
            for precision in ("fp16", "int8_dynamic", "int8_weight_only")
        ),
    ],
)
def test_a_refusal_names_what_is_refused_and_why(framework, name, precision, said):
    load_catalog()
    runtime = runtimes.get("litert")
    reason = runtime.refusal(framework, precision, choice_of(RuntimeName.parse(name), runtime))
    assert all(part in reason for part in said), reason


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_what_it_can_is_not_refused(framework):
    load_catalog()
    runtime = runtimes.get("litert")
    for name in ("litert", "litert:builtin", "litert,io=int8"):
        for precision in (PRECISIONS["fp32"], static(per_channel=True), static(ranges="minmax")):
            assert runtime.refusal(framework, precision, choice_of(RuntimeName.parse(name), runtime)) == ""
