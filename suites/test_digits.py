"""Digits: a small CNN must survive compression on every runtime we ship."""

import harness

test_cells = harness.suite(
    models=["digits_cnn"],
    recipes=["fp32", "fp16", "int8_dynamic", "int8_static"],
    runtimes=["torch", "onnxruntime", "litert"],
    budgets=[
        ("*", dict(accuracy_drop="2 pp", worst_class_drop="10 pp", negative_flips="2 %")),
        ("*", dict(size_ratio="1 x", weights_ratio="1.01 x", latency_ratio="report")),
        ("*/fp16", dict(size_ratio="0.70 x", weights_ratio="0.55 x")),
        ("*/int8_*", dict(size_ratio="0.60 x", weights_ratio="0.35 x")),
        # Exported programs hold their graph as text, most of a small file: there the weights tell. Scales are decimals
        # in it, so that a few bytes differ between CPUs.
        ("*/*/torch", dict(size_ratio="1 x", size_change="1.001 x")),
        # Half-precision weights are widened once, at load. What int8 gains here is the CPU's affair: this model takes 5 us,
        # and its int8 file took half of that on one x86 CPU and 1.4 times on another.
        ("*/fp16/litert", dict(latency_ratio="1.10 x")),
    ],
)
