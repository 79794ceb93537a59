"""The page that compares compression methods: made from a recorded run, with what the run said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from benchmarks import recipes
from harness.core.finding import Verdict
from harness.store.results import to_document
from tests.core.records import cell, finding, measurement, result, run_record

ROOT = Path(__file__).resolve().parents[2]
RECORDED = sorted((ROOT / "benchmarks/recorded/recipes").glob("*.json.gz"))


def documents() -> list[dict[str, Any]]:
    return [json.loads(gzip.decompress(path.read_bytes())) for path in RECORDED]


def test_the_page_is_what_the_recorded_run_gives() -> None:
    assert RECORDED
    page = "\n".join(recipes.page(documents())) + "\n"
    assert (ROOT / "docs/recipes-compared.md").read_text(encoding="utf-8") == page, (
        "make it again: python -m benchmarks.recipes table benchmarks/recorded/recipes/*.json.gz > docs/recipes-compared.md"
    )


def test_every_recipe_of_the_suite_has_its_row() -> None:
    suite = (ROOT / "suites/test_fashion_recipes.py").read_text(encoding="utf-8")
    (document,) = documents()
    for model in ("fashion_cnn", "fashion_mobilenet"):
        shown = [one for one in document["cells"] if one["model"] == model and one["measurements"]]
        assert len(shown) >= 20
        assert all(f'"{one["recipe"]}"' in suite for one in shown if "_seed" not in one["recipe"])


def test_a_run_is_kept_with_its_figures_and_what_was_judged() -> None:
    held = run_record(
        result(measurement("size_ratio", 0.25), of=cell("int8_static")),
        result(of=cell("fp32")),
        findings=(finding(Verdict.PASS, "accuracy_gain", value=0.01),),
    )

    document = recipes.recorded(json.loads(json.dumps(to_document(held))), "pytest x")

    assert document["cells"][0]["measurements"]["size_ratio"][0] == 0.25
    assert [one["metric"] for one in document["findings"]] == ["accuracy_gain"]
    page = "\n".join(recipes.page([document]))
    assert "| int8_static | -" in page
    assert "0.250 x" in page
