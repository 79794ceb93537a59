"""Fashion-MNIST on a GPU: torch, compiled torch, onnxruntime and TensorRT, each on CUDA and nowhere else."""

import pytest

import harness

pytestmark = pytest.mark.gpu

test_cells = harness.suite(
    models=["fashion_cnn", "fashion_mobilenet"],
    recipes=["fp32", "fp16", "int8_static"],
    runtimes=["torch:cuda", "torch_inductor:cuda", "onnxruntime:cuda", "tensorrt:cuda"],
    budgets=[
        ("*", dict(accuracy_drop="1 pp", output_error="report", latency_ratio="report")),
        # A GPU sums up in another order than a CPU.
        ("*/fp32", dict(output_error="0.001 abs")),
    ],
    required=["torch", "torch_inductor", "onnxruntime", "tensorrt"],
    baseline=False,
)
