"""The table model that every report format shows: one row per cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from harness.core.figure import Column, Figure, figures
from harness.core.finding import PLACEMENT, PROMISE, Finding
from harness.core.metrics import METRICS
from harness.core.result import MEASURED, CellResult
from harness.core.run_record import RunRecord
from harness.judge.case import worst
from harness.judge.words import say

if TYPE_CHECKING:
    import pandas as pd


def columns(record: RunRecord) -> list[Figure]:
    """The figures that a full table of *record* shows, from left to right.

    Left out are those that nobody measured, that lie in every cell where they usually do, and that neither compare
    several models nor were judged, where that is what they are for.
    """
    judged = {finding.metric for finding in record.findings}
    wanted = {
        Column.ALWAYS: figures.names(),
        Column.GATED: [METRICS[one].figure.name for one in judged & METRICS.keys()],
    }
    if len({result.cell.model for result in record.cells}) > 1:
        wanted[Column.MODELS] = figures.names()
    return [
        figure
        for figure in figures.in_order()
        if figure.name in wanted.get(figure.column, ()) and _says_something(figure, record.cells)
    ]


def _says_something(figure: Figure, cells: Iterable[CellResult]) -> bool:
    values = [result.measurements[figure.name].value for result in cells if figure.name in result.measurements]
    low, high = figure.usual or (math.inf, -math.inf)
    return not all(low <= value <= high for value in values)


def verdict_of(result: CellResult, findings: Sequence[Finding]) -> str:
    """What a row's last column says: the worst finding's verdict, or why the cell has none."""
    if not findings:
        beside = "reference" if result.cell.is_reference else "compared with"
        return result.status if result.status != MEASURED else beside
    found = worst(findings)
    if found.against in (PROMISE, PLACEMENT):
        return f"{found.verdict}({found.against})"
    return f"error({found.phase})" if found.phase and found.verdict.value == "error" else str(found.verdict)


def frame(record: RunRecord) -> pd.DataFrame:
    """One row per cell, raw figures in base units, names as columns; what was not measured is missing."""
    import pandas as pd

    rows = [_raw(result, _of(result, record.findings)) for result in record.cells]
    return pd.DataFrame(rows)


def shown(record: RunRecord) -> pd.DataFrame:
    """One row per cell, figures as people read them; columns that nobody measured are left out."""
    import pandas as pd

    across = columns(record)
    rows = [_written(result, across, _of(result, record.findings)) for result in record.cells]
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    if table["target"].nunique() == 1:
        table = table.drop(columns="target")
    return table


def _of(result: CellResult, findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.cell == result.cell.id]


def _names(result: CellResult) -> dict[str, Any]:
    cell = result.cell
    return {"model": cell.model, "recipe": cell.recipe, "runtime": cell.runtime, "target": cell.target}


def _raw(result: CellResult, findings: Sequence[Finding]) -> dict[str, Any]:
    values = {name: measurement.value for name, measurement in sorted(result.measurements.items())}
    return {
        "id": result.cell.id,
        **_names(result),
        "status": result.status,
        "verdict": verdict_of(result, findings),
        "reason": result.reason,
        "artifact_sha256": result.artifact.sha256 if result.artifact else None,
        **values,
    }


def _written(result: CellResult, across: Sequence[Figure], findings: Sequence[Finding]) -> dict[str, Any]:
    written: dict[str, str] = {}
    for figure in across:
        measurement = result.measurements.get(figure.name)
        written[figure.title] = say(measurement.value, figure.written) if measurement else "-"
    return {**_names(result), **written, "verdict": verdict_of(result, findings)}
