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

test_torch = harness.suite(
    models=["fashion_cnn", "fashion_mobilenet"],
    recipes=RECIPES,
    runtimes=["torch", "torch_inductor", "onnxruntime", "litert", "openvino", "executorch", "tensorflow"],
    budgets=[
        *BUDGETS,
        # Exported programs hold their graph as text, with scales as decimals: a few bytes differ between CPUs.
        ("*/*/torch*", dict(size_change="1.001 x")),
    ],
)
"""Models of torch."""

test_keras = harness.suite(
    models=["fashion_keras_cnn"],
    recipes=RECIPES,
    runtimes=["tensorflow", "litert", "onnxruntime", "openvino", "torch"],
    budgets=BUDGETS,
)
"""The plain CNN as its Keras users have it."""
