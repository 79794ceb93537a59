"""The page that compares runtimes: made from a recorded run, with every column and every reason."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import recording, runtimes
from harness.core.finding import Verdict
from harness.core.result import Placement
from harness.store.results import to_document
from tests.core.records import cell, finding, measurement, result, run_record

ROOT = Path(__file__).resolve().parents[2]
RECORDED = sorted((ROOT / "benchmarks/recorded/runtimes").glob("*.json.gz"))


def documents() -> list[recording.Document]:
    return [recording.read(path) for path in RECORDED]


def test_the_page_is_what_the_recorded_run_gives() -> None:
    assert RECORDED
    page = "\n".join(runtimes.page(documents())) + "\n"
    assert (ROOT / "docs/runtimes-compared.md").read_text(encoding="utf-8") == page, (
        "make it again: python -m benchmarks.runtimes table benchmarks/recorded/runtimes/*.json.gz > docs/runtimes-compared.md"
    )


def test_no_cell_of_the_cross_is_missing() -> None:
    """What was not measured has its reason; nothing is left out."""
    (document,) = documents()
    found = {(one["model"], one["recipe"], one["runtime"]): one for one in document["cells"]}
    torch_runtimes = ("torch", "torch_inductor", "onnxruntime", "litert", "openvino", "executorch", "tensorflow")
    wanted = {
        *((model, name) for model in ("fashion_cnn", "fashion_mobilenet") for name in torch_runtimes),
        *(("fashion_keras_cnn", name) for name in ("tensorflow", "litert", "openvino", "onnxruntime", "torch")),
    }
    for recipe in ("fp32", "fp16", "int8_dynamic", "int8_static"):
        for model, name in wanted:
            one = found[model, recipe, name]
            assert one["measurements"] or (one["status"] == "unsupported" and one["reason"]), one


def test_a_run_is_kept_with_figures_fallbacks_and_reasons() -> None:
    left = Placement(provider="xnnpack", operators={"xnnpack": {"CONV_2D": 3}, "builtin": {"SOFTMAX": 1, "ADD": 0}})
    held = run_record(
        result(measurement("size_bytes", 2500, "bytes"), of=cell("fp32"), placement=left),
        result(of=cell("fp16"), status="unsupported", reason="it has none"),
        findings=(finding(Verdict.OVER_BUDGET, "accuracy_drop", value=0.01),),
    )

    document = runtimes.recorded(json.loads(json.dumps(to_document(held))), "pytest x")

    page = "\n".join(runtimes.page([document]))
    assert "2.5 kB" in page
    assert "- fp32 on onnxruntime: xnnpack left 1 SOFTMAX to builtin" in page
    assert "- fp16 on onnxruntime: unsupported: it has none" in page
    assert "Over budget, or left open:" in page
