"""What the harness itself costs with many cells.

python -m benchmarks.scale resolve
python -m benchmarks.scale report

``resolve``: names looked up, obstacles found and cache keys made; nothing is built.
``report``: a run of so many cells with 8 findings each, rendered in every format of a report folder and for a terminal.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice, product
from pathlib import Path
from typing import TypeVar

from tabulate import tabulate

from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.metrics import METRICS
from harness.core.names import Cell
from harness.core.result import MEASURED, CellResult
from harness.core.run_record import RunInfo, RunRecord
from harness.pipeline.catalog import load_catalog
from harness.pipeline.keys import keys_of
from harness.pipeline.plan import obstacle
from harness.pipeline.references import Reference
from harness.pipeline.resolved import forget_resolved, resolve
from harness.registries import models, runtimes
from harness.reporting.document import Document
from harness.reporting.writers import WRITERS

SIZES = (1_000, 3_000, 10_000)
MODELS = ("digits_cnn", "digits_keras_cnn")
HASH = "0" * 64
REPORTED = ("markdown", "csv", "json", "terminal")
JUDGED = (
    *("accuracy_drop", "worst_class_drop", "negative_flips", "agreement"),
    *("size_ratio", "weights_ratio", "latency_ratio", "memory_ratio"),
)
Value = TypeVar("Value")


def cells(count: int) -> list[Cell]:
    """*count* different cells on every shipped runtime; the recipes of half of them have a transform."""
    names = [runtime.name for runtime in runtimes]
    found = list(islice((Cell(model=m, recipe=r, runtime=n) for r, m, n in product(_recipes(), MODELS, names)), count))
    assert len(found) == count, f"there are {len(found)} cells only"
    return found


def _recipes() -> Iterator[str]:
    """Different recipes, as many as anybody wants."""
    for number in range(1_000):
        yield f"int8_static_n{number + 1}"
        yield f"prune{number % 99 + 1}+int8_static_n{number + 1}"


def resolving(count: int) -> dict[str, float]:
    """Seconds by what was done, for *count* cells."""
    every = cells(count)
    forget_resolved()
    reference = Reference(
        model="digits_cnn",
        folder=Path(),
        weights_sha256=HASH,
        fingerprint=HASH,
        dataset_sha256=HASH,
        calibration_sha256=HASH,
        train_sha256=HASH,
        student_fingerprint=HASH,
        signature=models.get("digits_cnn").signature,
    )
    resolved, resolve_s = _timed(lambda: [resolve(cell) for cell in every])
    buildable, obstacle_s = _timed(lambda: [cell for cell in resolved if obstacle(cell) is None])
    keyed, keys_s = _timed(lambda: [keys_of(cell, reference) for cell in buildable])
    return {
        "cells": count,
        "buildable": len(keyed),
        "resolve": resolve_s,
        "obstacles": obstacle_s,
        "keys": keys_s,
        "seconds": resolve_s + obstacle_s + keys_s,
    }


def reporting(count: int) -> dict[str, float]:
    """Seconds by format, for *count* cells with 8 findings each, and the most memory that this process took so far."""
    record = _run_of(count)
    document, document_s = _timed(lambda: Document.of(record))
    seconds = {form: _timed(lambda form=form: WRITERS[form](document))[1] for form in REPORTED}
    return {
        "cells": count,
        "findings": len(record.findings),
        "document": document_s,
        **seconds,
        "seconds": document_s + sum(seconds.values()),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def _run_of(count: int) -> RunRecord:
    """A run of *count* measured cells, every verdict among its findings."""
    results = [_measured(cell) for cell in cells(count)]
    verdicts = cycle(Verdict)
    findings = tuple(_finding(one.cell, metric, next(verdicts)) for one in results for metric in JUDGED)
    run = RunInfo(id="scale", started="", finished="", command=(), hardware={}, python="")
    return RunRecord(run=run, cells=tuple(results), findings=findings)


def _measured(cell: Cell) -> CellResult:
    measurements = {metric: METRICS[metric].figure.measured(0.987654321) for metric in JUDGED}
    return CellResult(cell=cell, status=MEASURED, measurements={one.name: one for one in measurements.values()})


def _finding(cell: Cell, metric: str, verdict: Verdict) -> Finding:
    reason = f"{metric} {verdict}: {cell.recipe} on {cell.runtime} has 0.988 [0.981, 0.992] (n = 1000), limit 1.1 x"
    return Finding(
        cell=cell.id, metric=metric, against=BUDGET, verdict=verdict, reason=reason, value=0.987654321, limit=1.1
    )


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


COMMANDS: dict[str, Callable[[int], dict[str, float]]] = {"resolve": resolving, "report": reporting}
"""From the name of a command to what it measures with so many cells."""


def table(command: str, sizes: Sequence[int]) -> str:
    """What *command* measured with each of *sizes*, a row for each."""
    rows = [COMMANDS[command](size) for size in sizes]
    return tabulate([[f"{value:.4g}" for value in row.values()] for row in rows], headers=list(rows[0]))


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--cells", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    load_catalog()
    print(table(options.command, options.cells))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
