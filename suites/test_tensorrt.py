"""The narrow MobileNet as TensorRT engines for two GPUs: built anywhere, run where there is such a GPU."""

import pytest

import harness

pytestmark = pytest.mark.nightly

test_cells = harness.suite(
    models=["fashion_mobilenet"],
    recipes=["fp32", "fp16", "int8_static"],
    runtimes=["tensorrt,sm=86", "tensorrt,sm=89"],
    budgets=[
        ("*", dict(accuracy_drop="1 pp", weights_ratio="1.01 x", size_ratio="report")),
        # The engines of int8 are larger than those of float: they hold the code that was made for them. What the
        # weights take is judged on the file that was parsed.
        ("*/fp16", dict(weights_ratio="0.55 x", size_ratio="0.80 x")),
        ("*/int8_static", dict(weights_ratio="0.40 x")),
    ],
    baseline=False,  # names inside an engine of int8 differ from build to build
)
