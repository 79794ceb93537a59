"""Keras models as SavedModels, and TensorFlow running them."""

import numpy as np
import pytest

from harness.core.finding import Verdict
from harness.core.names import Cell, RuntimeName
from harness.core.weights import Weights, WeightTensor
from harness.pipeline.catalog import load_catalog
from harness.pipeline.plan import obstacle
from harness.pipeline.resolved import resolve
from harness.registries import runtimes
from harness.runtimes.options import choice_of

from .building import PRECISIONS

pytestmark = pytest.mark.runtimes


@pytest.fixture(scope="module")
def run(keras_built):
    path = keras_built.path("tensorflow", "fp32")
    return keras_built.run("tensorflow", {"cpu": (path, {"provider": "cpu"})})


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_exports_depend_on_the_model_alone(keras_built):
    first = files(keras_built.folder / "model.savedmodel")
    assert first == files(keras_built.again / "model.savedmodel")
    assert (keras_built.folder / "model.onnx").read_bytes() == (keras_built.again / "model.onnx").read_bytes()
    assert set(first) == {"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"}
    for content in (*first.values(), (keras_built.folder / "model.onnx").read_bytes()):
        assert b".py" not in content
        assert str(keras_built.folder).encode() not in content


def test_onnx_keeps_a_free_batch_and_the_outputs(keras_built):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(keras_built.folder / "model.onnx"), providers=["CPUExecutionProvider"])
    assert [(one.name, one.shape) for one in session.get_inputs()] == [("image", ["batch", 12, 12, 3])]
    found = session.run(None, {"image": keras_built.inputs})[0]
    assert np.abs(found - keras_built.reference).max() <= 1e-4


def test_outputs_are_the_references(keras_built, run):
    outputs, _ = run
    assert outputs["cpu"].dtype == np.float32
    assert np.abs(outputs["cpu"] - keras_built.reference).max() <= 1e-4
    assert np.array_equal(outputs["cpu prepared"], outputs["cpu"][:1])


def test_wrong_inputs_are_refused(run):
    _, told = run
    assert set(told["cpu"]["wrong"]) == {"double", "length", "layout"}
    assert "float32 (None, 12, 12, 3) for image, it was given float64" in told["cpu"]["wrong"]["double"]


def test_it_tells_where_operators_run(run):
    _, told = run
    description = told["cpu"]["description"]
    assert (description["provider"], description["devices"]) == ("cpu", ["/device:CPU:0"])
    (placed,) = description["placement"].values()
    assert {name: placed[name] for name in ("Conv2D", "DepthwiseConv2dNative", "MatMul", "Relu", "MaxPool")} == {
        **{"Conv2D": 2, "DepthwiseConv2dNative": 1, "MatMul": 1, "Relu": 2, "MaxPool": 1}
    }
    assert not {"Const", "Placeholder", "Identity", "NoOp", "ReadVariableOp", "StatefulPartitionedCall"} & set(placed)


def test_a_gpu_that_is_not_there_is_an_error(keras_built):
    _, told = keras_built.run("tensorflow", {"cuda": (keras_built.path("tensorflow", "fp32"), {"provider": "cuda"})})
    if "description" in told["cuda"]:
        assert any("GPU" in device for device in told["cuda"]["description"]["devices"])
    else:
        assert told["cuda"]["refused"] == "RuntimeError: asked for cuda, and TensorFlow finds no GPU"


def test_weights_are_read_from_the_artifact(keras_built):
    tensors = [WeightTensor(**one) for one in keras_built.facts["tensors"]]
    weights = Weights.of(tensors)
    assert (weights.kernel_size, weights.kernel_zeros) == (keras_built.facts["kernels"], keras_built.facts["zeros"])
    assert weights.parameters == keras_built.facts["learned"]
    # Moving statistics were measured, not learned; they lie in the file all the same.
    assert [one.name for one in tensors if not one.parameter] == [
        *("normed/moving_mean", "normed/moving_variance"),
    ]
    assert weights.bytes == {"float32": 4 * (keras_built.facts["learned"] + keras_built.facts["measured"])}


@pytest.mark.parametrize("precision", ["fp16", "int8_dynamic", "int8_weight_only", "int8_static"])
def test_what_it_lacks_is_refused_with_the_reason(precision):
    load_catalog()
    runtime = runtimes.get("tensorflow")
    reason = runtime.refusal("keras", PRECISIONS[precision], choice_of(RuntimeName(runtime="tensorflow"), runtime))
    assert f"tensorflow has no lowering to {precision}: " in reason
    assert ("dtype policy" if precision == "fp16" else "no quantizer") in reason
    assert "known: fp32" in reason


def test_models_of_torch_are_unsupported():
    load_catalog()
    problem = obstacle(resolve(Cell(model="digits_cnn", recipe="fp32", runtime="tensorflow")))
    assert problem is not None
    assert problem.verdict is Verdict.UNSUPPORTED
    assert problem.reason.startswith("tensorflow takes savedmodel, and torch models export to onnx")
    assert obstacle(resolve(Cell(model="digits_keras_cnn", recipe="fp32", runtime="tensorflow"))) is None
