"""Fashion-MNIST: a plain CNN and a narrow MobileNet on 10,000 real test images, on every runtime we ship."""

import pytest

import harness

pytestmark = [
    pytest.mark.nightly,
    harness.matrix(
        models=["fashion_cnn", "fashion_mobilenet"],
        recipes=["fp32", "fp16", "int8_dynamic", "int8_static"],
        runtimes=["torch", "onnxruntime", "litert"],
        budgets=harness.budgets(
            ("*", dict(accuracy_drop="1 pp", worst_class_drop="5 pp", negative_flips="3 %")),
            ("*", dict(size_ratio="1 x", weights_ratio="1.01 x", latency_ratio="report")),
            ("*/fp16", dict(weights_ratio="0.55 x")),
            ("*/int8_*", dict(weights_ratio="0.35 x")),
            # Exported programs hold their graph as text, with scales as decimals: a few bytes differ between CPUs.
            ("*/*/torch", dict(size_change="1.001 x")),
        ),
    ),
]


@harness.gate("accuracy_drop")
def test_accuracy(case):
    case.check()


@harness.gate("worst_class_drop")
def test_worst_class(case):
    case.check()


@harness.gate("negative_flips")
def test_flips(case):
    case.check()


@harness.gate("size_ratio")
def test_size(case):
    case.check()


@harness.gate("weights_ratio")
def test_weights(case):
    case.check()


@harness.gate("latency_ratio")
def test_latency(case):
    case.check()
