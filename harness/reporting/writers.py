"""Every format that a run is reported in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.reporting.benchmark_json import to_benchmark_json
from harness.reporting.comma_separated import to_csv
from harness.reporting.document import Document
from harness.reporting.markdown import to_markdown
from harness.reporting.terminal import to_text
from harness.store.results import results_text

Writer = Callable[[Document], str]
"""Renders a document as the whole text of one format."""


def _to_json(document: Document) -> str:
    return results_text(document.record)


WRITERS: Mapping[str, Writer] = {
    "terminal": to_text,
    "markdown": to_markdown,
    "csv": to_csv,
    "json": _to_json,
    "benchmark": to_benchmark_json,
}
FILES: Mapping[str, str] = {"report.md": "markdown", "results.csv": "csv", "results.json": "json"}
"""The files of a report folder, and the format of each."""
