"""The full table of a report: one row per cell, every figure worth a column."""

from __future__ import annotations

from harness.reporting.columns import title_of, written
from harness.reporting.document import Document
from harness.reporting.text_table import TextTable


def full_table(document: Document) -> TextTable:
    """One row per cell, in the order of the run, figures as people read them."""
    names = ["model", "recipe", "runtime", *(["target"] if document.has_targets else [])]
    headers = (*names, *map(title_of, document.columns), "verdict")
    rows = tuple(
        (
            *(getattr(row.result.cell, name) for name in names),
            *(written(figure, row.result) for figure in document.columns),
            row.words,
        )
        for row in document.rows
    )
    return TextTable(headers=headers, rows=rows, left=(*range(len(names)), len(headers) - 1))
