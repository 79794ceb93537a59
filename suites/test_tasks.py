"""A small model of each task, judged by its own task's score, on real data that every machine has."""

import pytest

import harness

IMAGES = ["digits_detector", "digits_segmenter", "digits_rotation", "digits_embedding"]
SEQUENCES = ["source_topics", "source_characters", "digits_rows"]
FLOAT = {
    "digits_detector": dict(coco_map_drop="0.2 pp"),
    "digits_segmenter": dict(mean_iou_drop="0.2 pp"),
    "digits_rotation": dict(rotation_error_rise="0.01 degrees"),
    "digits_embedding": dict(recall_at_5_drop="1 pp"),
    "source_topics": dict(f1_macro_drop="0.5 pp"),
    "source_characters": dict(perplexity_rise="1.002 x"),
    "digits_rows": dict(accuracy_drop="2 pp"),
}
# At least twice what is lost on a CPU without VNNI: onnxruntime loses most there, since its sums of products saturate.
INT8 = {
    "digits_detector": dict(coco_map_drop="7 pp"),
    "digits_segmenter": dict(mean_iou_drop="2 pp"),
    "digits_rotation": dict(rotation_error_rise="0.5 degrees"),
    "digits_embedding": dict(recall_at_5_drop="10 pp"),
    "source_topics": dict(f1_macro_drop="3 pp"),
    "source_characters": dict(perplexity_rise="1.05 x"),
    "digits_rows": dict(accuracy_drop="2 pp"),
}


def budgets(models: list[str], size: str) -> list[tuple[str, dict[str, str]]]:
    """Each model's own score, and of int8 the size over that of fp32."""
    rows = [("*", dict(size_ratio="1 x")), ("*/int8_*", dict(size_ratio=size))]
    rows += [(f"{model}/fp32", FLOAT[model]) for model in models]
    return rows + [(f"{model}/int8_*", INT8[model]) for model in models]


test_images = harness.suite(
    models=IMAGES,
    recipes=["fp32", "int8_static"],
    runtimes=["onnxruntime", "openvino"],
    budgets=[
        *budgets(IMAGES, "0.60 x"),
        # Neighbours of one digit lie close together, and the sums that saturate on a CPU without VNNI reorder more than a third
        # of them: a limit wide enough for that would hold nothing.
        ("digits_embedding/int8_*/onnxruntime", dict(recall_at_5_drop="report")),
        ("*/*/onnxruntime", dict(latency="report")),
    ],
    baseline=False,
)
"""Images: where, of which pixels, by how much turned, next to what."""

test_words = harness.suite(
    models=["source_topics"],
    recipes=["fp32", "int8_static"],
    runtimes=["onnxruntime", "openvino"],
    budgets=[*budgets(["source_topics"], "0.80 x"), ("*/*/onnxruntime", dict(latency="report"))],
    baseline=False,
)
"""Two inputs of a length that differs from sample to sample."""

test_characters = harness.suite(
    models=["source_characters"],
    recipes=["fp32", "int8_dynamic"],
    runtimes=["onnxruntime"],
    budgets=[*budgets(["source_characters"], "0.50 x"), ("*", dict(latency="report"))],
    baseline=False,
)
"""A language model."""

test_states = harness.suite(
    models=["digits_rows"],
    recipes=["fp32"],
    runtimes=["onnxruntime", "openvino"],
    budgets=[("*", dict(accuracy_drop="2 pp", size="report", latency="report"))],
    baseline=False,
)
"""A state that is given and handed on."""

test_litert = harness.suite(
    models=["digits_detector", "digits_rows"],
    recipes=["fp32", "int8_static"],
    runtimes=["litert"],
    budgets=[*budgets(["digits_detector", "digits_rows"], "0.90 x"), ("*", dict(latency="report"))],
    baseline=False,
)
"""Two of them on LiteRT: a conversion takes ten seconds."""

test_more_images = harness.suite(
    models=IMAGES,
    recipes=["fp32", "int8_static"],
    runtimes=["litert", "torch", "torch_inductor", "executorch"],
    budgets=budgets(IMAGES, "0.60 x"),
    baseline=False,
    marks=pytest.mark.nightly,
)
"""Images on all other engines that take models of torch."""

test_more_sequences = harness.suite(
    models=SEQUENCES,
    recipes=["fp32"],
    runtimes=["openvino", "torch", "torch_inductor", "executorch"],
    budgets=[("*", dict(size="report")), *((model, FLOAT[model]) for model in SEQUENCES)],
    baseline=False,
    marks=pytest.mark.nightly,
)
"""Likewise what is no image."""

test_more_litert = harness.suite(
    models=["source_characters", "digits_rows"],
    recipes=["fp32", "int8_dynamic", "int8_weight_only"],
    runtimes=["litert"],
    budgets=budgets(["source_characters", "digits_rows"], "0.75 x"),
    baseline=False,
    marks=pytest.mark.nightly,
)
"""Recurrent layers, unrolled."""
