"""Digits on the engines that ``test_digits.py`` leaves out: a torch model and its twin in Keras, float and int8."""

import harness

BUDGETS = [
    ("*", dict(accuracy_drop="2 pp", output_error="report", weights_ratio="1.01 x", placement="report")),
    ("*", dict(latency_ratio="report")),
    ("*/fp32", dict(output_error="0.0001 abs")),
    ("*/int8_static", dict(weights_ratio="0.35 x")),
]
XNNPACK = dict(placement="100 %")
"""It takes all of so plain a model."""

test_torch = harness.suite(
    models=["digits_cnn"],
    recipes=["fp32", "int8_static"],
    runtimes=["openvino", "executorch", "torch_inductor"],
    budgets=[*BUDGETS, ("*/*/executorch", XNNPACK)],
)
"""A model of torch."""

test_keras = harness.suite(
    models=["digits_keras_cnn"],
    recipes=["fp32", "int8_static"],
    runtimes=["tensorflow", "litert", "openvino"],
    budgets=[*BUDGETS, ("*/*/litert", XNNPACK)],
)
"""A model of Keras."""
