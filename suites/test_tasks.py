"""A small model of each task, by the score of its own task, on real data that every machine has."""

import harness

test_a = harness.suite(
    models=["digits_detector"],
    recipes=["fp32", "int8_static"],
    runtimes=["onnxruntime", "openvino", "litert"],
    budgets=[
        ("*", dict(size_ratio="1.05 x")),
        ("digits_detector", dict(coco_map_drop="report")),
    ],
    baseline=False,
)
test_c = harness.suite(
    models=["source_characters"],
    recipes=["fp32", "int8_static", "int8_dynamic"],
    runtimes=["onnxruntime", "openvino", "litert"],
    budgets=[
        ("*", dict(size_ratio="1.05 x")),
        ("*", dict(perplexity_rise="report")),
    ],
    baseline=False,
)
