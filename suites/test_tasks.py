"""A small model of each task, by the score of its own task, on real data that every machine has."""

import harness

test_a = harness.suite(
    models=["digits_embedding", "digits_rotation", "digits_rows", "digits_segmenter"],
    recipes=["fp32", "int8_static"],
    runtimes=["onnxruntime", "openvino", "litert"],
    budgets=[
        ("*", dict(size_ratio="1.05 x", latency="report")),
        ("digits_segmenter", dict(mean_iou_drop="report")),
        ("digits_rotation", dict(rotation_error_rise="report")),
        ("digits_embedding", dict(recall_at_5_drop="report")),
        ("digits_rows", dict(accuracy_drop="report")),
    ],
    baseline=False,
)
