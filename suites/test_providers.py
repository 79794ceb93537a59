"""Digits on providers and options that are no default: what each is asked for it must take, and none falls back silently."""

import pytest

import harness

pytestmark = pytest.mark.nightly

test_cells = harness.suite(
    models=["digits_cnn"],
    recipes=["fp32", "int8_static"],
    runtimes=[
        "onnxruntime,graph_optimization=off",
        "onnxruntime:openvino",
        "onnxruntime:qnn",
        "onnxruntime:cuda",
        "litert:builtin",
        "litert,io=int8",
        "executorch:portable",
        "openvino,threads=2",
    ],
    budgets=[
        ("*", dict(accuracy_drop="2 pp", output_error="report", latency_ratio="report")),
        ("*/fp32", dict(output_error="0.0001 abs")),
        # It leaves quantizing inputs and dequantizing outputs to the CPU, as it would on a phone.
        ("*/int8_static/onnxruntime:qnn", dict(placement="90 %")),
    ],
    baseline=False,
)
