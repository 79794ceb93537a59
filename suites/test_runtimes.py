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


class Gates:
    """What is asked of a model on every runtime."""

    @harness.gate("accuracy_drop")
    def test_accuracy(self, case):
        case.check()

    @harness.gate("output_error")
    def test_parity(self, case):
        case.check()

    @harness.gate("weights_ratio")
    def test_weights(self, case):
        case.check()

    @harness.gate("placement")
    def test_placement(self, case):
        case.check()

    @harness.gate("latency_ratio")
    def test_latency(self, case):
        case.check()


@harness.matrix(
    models=["digits_cnn"],
    recipes=["fp32", "int8_static"],
    runtimes=["openvino", "executorch", "torch_inductor"],
    budgets=[*BUDGETS, ("*/*/executorch", XNNPACK)],
)
class TestTorch(Gates):
    """A model of torch."""


@harness.matrix(
    models=["digits_keras_cnn"],
    recipes=["fp32", "int8_static"],
    runtimes=["tensorflow", "litert", "openvino"],
    budgets=[*BUDGETS, ("*/*/litert", XNNPACK)],
)
class TestKeras(Gates):
    """A model of Keras."""
