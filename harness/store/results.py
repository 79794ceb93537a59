"""``results.json``: the public format of a run; docs/results-format.md describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from harness.core.finding import Finding
from harness.core.names import Cell
from harness.core.result import MEASURED, NOT_RUN, CellResult
from harness.core.run_record import RunInfo, RunRecord
from harness.errors import ResultsError
from harness.store.atomic import write_text
from harness.store.results_upgrade import SCHEMA, upgraded


def to_document(record: RunRecord) -> dict[str, Any]:
    """The document of *record*, plain values only."""
    return {
        "schema": SCHEMA,
        "run": msgspec.to_builtins(record.run),
        "cells": [cell_to_plain(cell) for cell in record.cells],
        "findings": [msgspec.to_builtins(finding) for finding in record.findings],
    }


def cell_to_plain(result: CellResult) -> dict[str, Any]:
    """One cell as a flat mapping: id and names first, measurements as a list."""
    plain: dict[str, Any] = msgspec.to_builtins(result)
    names = plain.pop("cell")
    # Whole numbers stand without a fraction, however they were held: the same run gives the same bytes.
    plain["measurements"] = [
        {**row, "value": int(row["value"]) if float(row["value"]).is_integer() else row["value"]}
        for row in plain["measurements"].values()
    ]
    return {"id": result.cell.id, **names, **plain}


def cell_from_plain(plain: dict[str, Any]) -> CellResult:
    """The inverse of ``cell_to_plain``.

    Raises:
        KeyError, TypeError, ValueError: a field is missing or has the wrong type.
    """
    rest = dict(plain)
    rest.pop("id", None)
    names = {key: rest.pop(key) for key in Cell.__slots__ if key in rest}
    measured = {row["name"]: row for row in rest.get("measurements", [])}
    return msgspec.convert({**rest, "cell": names, "measurements": measured}, CellResult)


def finding_from_plain(plain: dict[str, Any]) -> Finding:
    """One finding from plain values."""
    return msgspec.convert(plain, Finding)


def results_text(record: RunRecord) -> str:
    """The content of ``results.json``.

    Raises:
        ResultsError: a figure is NaN or infinite, which JSON can't hold.
    """
    try:
        return json.dumps(to_document(record), indent=1, allow_nan=False) + "\n"
    except ValueError as err:
        raise ResultsError(f"results.json is not written: a figure of the run is not a number ({err}).") from err


def write_results(record: RunRecord, path: Path) -> None:
    """Write *record* to *path*, whole or not at all.

    Raises:
        OSError: the place can't be written.
        ResultsError: a figure is NaN or infinite, which JSON can't hold.
    """
    write_text(path, results_text(record))


def read_results(path: Path) -> RunRecord:
    """The run that *path* holds; a folder stands for the ``results.json`` in it.

    Raises:
        ResultsError: missing, unreadable, or of a newer schema.
    """
    path = path / "results.json" if path.is_dir() else path
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultsError(f"no results at {path}. Give a folder of reports/ or a results.json.") from None
    except (OSError, ValueError, RecursionError) as err:
        raise ResultsError(f"{path} can't be read as results: {err}") from err
    schema = document.get("schema") if isinstance(document, dict) else None
    if type(schema) is not int or schema < 1:
        raise ResultsError(f"{path} is no results file: it has no schema number.")
    if schema > SCHEMA:
        raise ResultsError(f"{path} has schema {schema}, this edge-harness reads up to {SCHEMA}: upgrade it.")
    try:
        document = upgraded(document)
        record = RunRecord(
            run=msgspec.convert(document["run"], RunInfo),
            cells=tuple(cell_from_plain(cell) for cell in document["cells"]),
            findings=tuple(finding_from_plain(finding) for finding in document["findings"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as err:
        raise ResultsError(f"{path} does not follow schema {schema}: {type(err).__name__}: {err}") from err
    return record


def merged(first: CellResult, second: CellResult) -> CellResult:
    """What two reports told of one cell: the graver status with its reason, and of all else whatever either knows."""
    graver = max(first, second, key=lambda result: _gravity(result.status))
    # Over all fields: one that is added to a result later is not forgotten here.
    known: dict[str, Any] = {}
    for field in fields(CellResult):
        before, after = getattr(first, field.name), getattr(second, field.name)
        known[field.name] = {**before, **after} if isinstance(before, Mapping) else after or before
    return CellResult(**{**known, "status": graver.status, "reason": graver.reason})


def _gravity(status: str) -> int:
    """Anything that went wrong outweighs ``measured``, which outweighs ``not_run``, whoever told it first."""
    return {NOT_RUN: 0, MEASURED: 1}.get(status, 2)
