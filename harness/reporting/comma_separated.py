"""``results.csv``: one row per cell, raw figures in base units."""

from __future__ import annotations

import csv
import io
from typing import Any

from harness.reporting.document import Document, Row

NAMES = ("id", "model", "recipe", "runtime", "target", "status", "verdict", "reason", "artifact_sha256")


def to_csv(document: Document) -> str:
    """The table with figures' names as columns, in the order of their first cell; what was not measured is empty."""
    figures = dict.fromkeys(name for row in document.rows for name in sorted(row.result.measurements))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*NAMES, *figures], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_raw(row) for row in document.rows)
    return text.getvalue()


def _raw(row: Row) -> dict[str, Any]:
    result, cell = row.result, row.result.cell
    return {
        "id": cell.id,
        "model": cell.model,
        "recipe": cell.recipe,
        "runtime": cell.runtime,
        "target": cell.target,
        "status": result.status,
        "verdict": row.verdict,
        "reason": result.reason,
        "artifact_sha256": result.artifact.sha256 if result.artifact else "",
        **{name: measurement.value for name, measurement in result.measurements.items()},
    }
