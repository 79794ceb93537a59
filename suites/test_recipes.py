"""Digits: one recipe of every compression method, each held to its promise, on one runtime."""

import harness

test_cells = harness.suite(
    models=["digits_cnn"],
    recipes=[
        "fp32",
        "int8_weight_only",
        "int8_qat",
        "prune50_finetune",
        "prune_24_finetune",
        "prune_channels30_finetune",
        "distill",
        "svd50_finetune",
        "cluster16",
        "prune_channels30_finetune+int8_static",
    ],
    runtimes=["onnxruntime"],
    budgets=[
        ("*", dict(accuracy_drop="3 pp", accuracy_gain="report", size_ratio="1.05 x", zstd_ratio="1 x")),
        ("*", dict(macs_ratio="1.01 x", latency_ratio="report")),
        # Half of so small a network is missed.
        ("*/prune_channels30_finetune*", dict(accuracy_drop="6 pp", size_ratio="0.70 x", macs_ratio="0.70 x")),
        ("*/svd50_finetune", dict(accuracy_drop="8 pp", macs_ratio="0.60 x")),
        ("*/cluster16", dict(zstd_ratio="0.40 x")),
        ("*/prune50_finetune", dict(zstd_ratio="0.80 x")),
        ("*/distill", dict(accuracy_drop="6 pp", size_ratio="0.50 x")),
        ("*/int8_qat", dict(accuracy_gain="-2 pp")),
    ],
    baseline=False,  # what training ends in differs between kinds of CPU
)
