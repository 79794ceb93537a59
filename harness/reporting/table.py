"""The table model that every report format shows: one row per cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from harness.core.finding import PLACEMENT, PROMISE, Finding
from harness.core.result import MEASURED, CellResult
from harness.core.run_record import RunRecord
from harness.judge.case import worst
from harness.judge.words import say

if TYPE_CHECKING:
    import pandas as pd

FIGURES = (
    ("accuracy", "accuracy_fraction", "fraction"),
    ("drop", "accuracy_drop_fraction", "points"),
    ("gain", "accuracy_gain_fraction", "points"),
    ("calibration spread", "calibration_spread_fraction", "points"),
    ("agree", "agreement_fraction", "fraction"),
    ("size", "size_bytes", "bytes"),
    ("size/fp32", "size_ratio", "ratio"),
    ("weights", "weights_bytes", "bytes"),
    ("sparsity", "sparsity_fraction", "fraction"),
    ("params", "parameters_count", "count"),
    ("params/fp32", "parameters_ratio", "ratio"),
    ("MACs", "macs_count", "count"),
    ("MACs/fp32", "macs_ratio", "ratio"),
    ("gzip", "gzip_bytes", "bytes"),
    ("zstd/fp32", "zstd_ratio", "ratio"),
    ("p50", "latency_p50_ns_per_inference", "ns"),
    ("time/fp32", "latency_ratio", "ratio"),
    ("compile", "compile_ns", "ns"),
    ("peak memory", "memory_peak_bytes", "bytes"),
    ("arena", "arena_bytes", "bytes"),
    ("placement", "placement_fraction", "fraction"),
)
"""Column, measurement, and how it is written."""
USUAL = {"sparsity": (0.0, 0.05), "params/fp32": (0.98, 1.02), "MACs/fp32": (0.98, 1.02), "placement": (1.0, 1.0)}
"""Columns that are left out while every cell lies between these: quantization changes none of them."""
OF_MODELS = ("params", "MACs")
"""Columns that compare models; of one model the ratios say more."""


def verdict_of(result: CellResult, findings: Sequence[Finding]) -> str:
    """What a row's last column says: the worst finding's verdict, or why the cell has none."""
    if not findings:
        beside = "reference" if result.cell.is_reference else "compared with"
        return result.status if result.status != MEASURED else beside
    found = worst(findings)
    if found.against in (PROMISE, PLACEMENT):
        return f"{found.verdict}({found.against})"
    return f"error({found.stage})" if found.stage and found.verdict.value == "error" else str(found.verdict)


def frame(record: RunRecord) -> pd.DataFrame:
    """One row per cell, raw figures in base units, names as columns; what was not measured is missing."""
    import pandas as pd

    rows = [_raw(result, _of(result, record.findings)) for result in record.cells]
    return pd.DataFrame(rows)


def shown(record: RunRecord) -> pd.DataFrame:
    """One row per cell, figures as people read them; columns that nobody measured are left out."""
    import pandas as pd

    rows = [_written(result, _of(result, record.findings)) for result in record.cells]
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    one_model = table["model"].nunique() == 1
    for title, name, _ in FIGURES:
        values = [result.measurements[name].value for result in record.cells if name in result.measurements]
        low, high = USUAL.get(title, (math.inf, -math.inf))
        if all(low <= value <= high for value in values) or (title in OF_MODELS and one_model):
            table = table.drop(columns=title)
    if table["target"].nunique() == 1:
        table = table.drop(columns="target")
    return table


def _of(result: CellResult, findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.cell == result.cell.id]


def _names(result: CellResult) -> dict[str, Any]:
    cell = result.cell
    return {"model": cell.model, "recipe": cell.recipe, "runtime": cell.runtime, "target": cell.target}


def _raw(result: CellResult, findings: Sequence[Finding]) -> dict[str, Any]:
    figures = {name: measurement.value for name, measurement in sorted(result.measurements.items())}
    return {
        "id": result.cell.id,
        **_names(result),
        "status": result.status,
        "verdict": verdict_of(result, findings),
        "reason": result.reason,
        "artifact_sha256": result.artifact.sha256 if result.artifact else None,
        **figures,
    }


def _written(result: CellResult, findings: Sequence[Finding]) -> dict[str, Any]:
    figures: dict[str, str] = {}
    for title, name, unit in FIGURES:
        measurement = result.measurements.get(name)
        figures[title] = say(measurement.value, unit) if measurement else "-"
    return {**_names(result), **figures, "verdict": verdict_of(result, findings)}
