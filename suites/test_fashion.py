"""Fashion-MNIST: a plain CNN and a narrow MobileNet on 10,000 real test images, on every CPU runtime; a Keras CNN beside."""

import pytest

import harness

pytestmark = pytest.mark.nightly
RECIPES = ["fp32", "fp16", "int8_dynamic", "int8_static"]
BUDGETS = [
    ("*", dict(accuracy_drop="1 pp", worst_class_drop="5 pp", negative_flips="3 %", output_error="report")),
    ("*", dict(size_ratio="1 x", weights_ratio="1.01 x", placement="report", memory="report", latency_ratio="report")),
    ("*/fp32", dict(output_error="0.0001 abs")),
    ("*/fp16", dict(weights_ratio="0.55 x")),
    ("*/int8_*", dict(weights_ratio="0.35 x")),
]


class Gates:
    """What is asked of every cell."""

    @harness.gate("accuracy_drop")
    def test_accuracy(self, case):
        case.check()

    @harness.gate("worst_class_drop")
    def test_worst_class(self, case):
        case.check()

    @harness.gate("negative_flips")
    def test_flips(self, case):
        case.check()

    @harness.gate("output_error")
    def test_parity(self, case):
        case.check()

    @harness.gate("size_ratio")
    def test_size(self, case):
        case.check()

    @harness.gate("weights_ratio")
    def test_weights(self, case):
        case.check()

    @harness.gate("placement")
    def test_placement(self, case):
        case.check()

    @harness.gate("memory")
    def test_memory(self, case):
        case.check()

    @harness.gate("latency_ratio")
    def test_latency(self, case):
        case.check()


@harness.matrix(
    models=["fashion_cnn", "fashion_mobilenet"],
    recipes=RECIPES,
    runtimes=["torch", "torch_inductor", "onnxruntime", "litert", "openvino", "executorch", "tensorflow"],
    budgets=[
        *BUDGETS,
        # Exported programs hold their graph as text, with scales as decimals: a few bytes differ between CPUs.
        ("*/*/torch*", dict(size_change="1.001 x")),
    ],
)
class TestTorch(Gates):
    """Models of torch."""


@harness.matrix(
    models=["fashion_keras_cnn"],
    recipes=RECIPES,
    runtimes=["tensorflow", "litert", "onnxruntime", "openvino", "torch"],
    budgets=BUDGETS,
)
class TestKeras(Gates):
    """The plain CNN as its Keras users have it."""
