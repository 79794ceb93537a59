"""The latencies of a run in pytest-benchmark's file format, so that ``pytest-benchmark compare`` can read them."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Sequence
from typing import Any

from harness.core.names import RuntimeName
from harness.core.run_record import RunInfo
from harness.reporting.document import Document, Row

VERSION = "5.3.1"
"""The version of pytest-benchmark whose format this is."""


def to_benchmark_json(document: Document) -> str:
    """A file with one benchmark per timed cell, whose rounds are the cell's epochs: seconds per inference."""
    run = document.record.run
    timed = [(row, seconds) for row in document.rows if (seconds := _epochs_s(row))]
    content = {
        "machine_info": _machine(run),
        "commit_info": {"id": run.commit, "time": run.started, "dirty": run.dirty, "branch": ""},
        "benchmarks": [_benchmark(row, seconds) for row, seconds in timed],
        "datetime": run.started,
        "version": VERSION,
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _machine(run: RunInfo) -> dict[str, Any]:
    """The machine of the first target; the format knows of one."""
    hardware = next(iter(run.hardware.values()), None)
    known = {"python_version": run.python, "system": platform.system()}
    if hardware is None:
        return known
    processor = {"node": hardware.name, "processor": hardware.machine, "machine": hardware.machine}
    return {**known, **processor, "cpu": {"brand_raw": hardware.cpu, "count": hardware.cores}}


def _epochs_s(row: Row) -> list[float]:
    """Median seconds per inference of each epoch in which the cell itself was timed."""
    rounds = row.result.latency_rounds
    return [nanoseconds / 1e9 for nanoseconds in rounds.epochs_ns] if rounds is not None else []


def _benchmark(row: Row, seconds: Sequence[float]) -> dict[str, Any]:
    cell = row.result.cell
    return {
        "group": f"{cell.model}/{RuntimeName.parse(cell.runtime).runtime}",
        "name": cell.id,
        "fullname": cell.id,
        "params": {"model": cell.model, "recipe": cell.recipe, "runtime": cell.runtime, "target": cell.target},
        "param": cell.id,
        "extra_info": {"cell": cell.id, "verdict": row.verdict},
        "options": {"disable_gc": False, "timer": "worker", "min_rounds": len(seconds), "warmup": True},
        "stats": _stats(seconds),
    }


def _stats(seconds: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(seconds)
    mean = statistics.fmean(ordered)
    spread = statistics.stdev(ordered) if len(ordered) > 1 else 0.0
    low, middle, high = statistics.quantiles(ordered, n=4) if len(ordered) > 1 else ordered * 3
    reach = 1.5 * (high - low)
    inside = [value for value in ordered if low - reach <= value <= high + reach]
    far = sum(not low - reach <= value <= high + reach for value in ordered)
    deviating = sum(abs(value - mean) > spread for value in ordered)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": spread,
        "rounds": len(ordered),
        "median": middle,
        "iqr": high - low,
        "q1": low,
        "q3": high,
        "iqr_outliers": far,
        "stddev_outliers": deviating,
        "outliers": f"{deviating};{far}",
        "ld15iqr": inside[0],
        "hd15iqr": inside[-1],
        "ops": 1 / mean,
        "total": sum(ordered),
        "data": list(seconds),
        "iterations": 1,
    }
