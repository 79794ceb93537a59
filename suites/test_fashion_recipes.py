"""Fashion-MNIST: every compression method and some chains, on 10,000 real test images and one runtime."""

import pytest

import harness

pytestmark = pytest.mark.nightly

test_cells = harness.suite(
    models=["fashion_cnn", "fashion_mobilenet"],
    recipes=[
        "fp32",
        "fp16",
        "int8_dynamic",
        "int8_weight_only",
        "int8_static",
        "int8_static_per_tensor",
        "int8_static_entropy",
        "int8_static_percentile",
        "int8_qat",
        "prune50",
        "prune50_finetune",
        "prune_24_finetune",
        "prune_channels30",
        "prune_channels30_finetune",
        "student",
        "distill",
        "svd50",
        "svd50_finetune",
        "svd_energy90",
        "cluster16",
        "prune_channels30_finetune+int8_static",
        "distill+int8_static",
        "svd50_finetune+int8_qat",
    ],
    runtimes=["onnxruntime"],
    budgets=[
        ("*", dict(accuracy_drop="2 pp", accuracy_gain="report")),
        ("*", dict(weights_ratio="1.01 x", zstd_ratio="1.01 x", macs_ratio="1.01 x", latency_ratio="report")),
        # What is done without training afterwards is reported: how much it loses is the news.
        ("*/prune50", dict(accuracy_drop="report")),
        ("*/prune_channels30", dict(accuracy_drop="report")),
        ("*/svd50", dict(accuracy_drop="report")),
        ("*/svd_energy90", dict(accuracy_drop="report")),
        ("*/cluster16", dict(accuracy_drop="report", zstd_ratio="0.40 x")),
        ("*/int8_static_per_tensor", dict(accuracy_drop="report")),
        ("*/student", dict(accuracy_drop="report")),
        ("*/distill*", dict(accuracy_drop="report")),
        ("*/int8_*", dict(weights_ratio="0.30 x", accuracy_drop="1 pp")),
        # A depthwise kernel has nine weights of a byte to eight bytes of bias and scale.
        ("fashion_mobilenet/int8_*", dict(weights_ratio="0.33 x")),
        ("*/int8_static_per_tensor", dict(accuracy_drop="report")),
        ("*/int8_qat", dict(accuracy_gain="-0.5 pp")),
        ("*/prune50_finetune", dict(zstd_ratio="0.75 x")),
        ("*/prune_channels30_finetune*", dict(macs_ratio="0.65 x")),
        ("*/prune_channels30_finetune", dict(latency_ratio="0.95 x")),
        ("*/distill", dict(accuracy_gain="0 pp")),
    ],
    baseline=False,  # what training ends in differs between kinds of CPU
)

test_calibration = harness.suite(
    models=["fashion_cnn", "fashion_mobilenet"],
    recipes=["int8_static"],
    runtimes=["onnxruntime"],
    budgets=[("*", dict(calibration_spread="1 pp"))],
    baseline=False,
)
"""Whether it matters which 100 samples the ranges are chosen on."""
