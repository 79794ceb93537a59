"""The process's registries, emptied of what tests registered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from harness.core.figure import figures
from harness.core.metric import Metric
from harness.core.metrics import changes
from harness.core.metrics import metrics as gate_metrics
from harness.core.registry import Registered, Registry
from harness.meters import latency
from harness.pipeline.catalog import load_catalog
from harness.pipeline.resolved import forget_resolved
from harness.registries import (
    datasets,
    exporters,
    frameworks,
    given_files,
    meters,
    models,
    runtimes,
    steps,
    targets,
    task_metrics,
)

REGISTRIES: tuple[Registry[Any], ...] = (
    *(models, datasets, task_metrics, steps, given_files, frameworks, exporters, runtimes, targets),
    *(figures, changes, gate_metrics, meters),
)


def of_task_metric(entry: Registered) -> bool:
    """Whether *entry*, a figure or what budgets say of it, came with a task metric, that ships or of an example: it follows
    its unit and title.
    """
    module = entry.source.module
    return module.startswith("harness.task_metrics.") or not module.startswith("harness.")


def core_metrics() -> dict[str, Metric]:
    """The metrics of ``core``, by name, whether or not task metrics have brought theirs."""
    return {name: metric for name, metric in gate_metrics.entries.items() if not of_task_metric(metric)}


@contextmanager
def only_shipped() -> Iterator[None]:
    """Registries that hold what ships, inside the block; afterwards what they held before."""
    load_catalog()
    forget_resolved()
    tables: list[dict[str, Any]] = [registry._entries for registry in REGISTRIES]
    with ExitStack() as stack:
        for name in ("LEAST_WARM_NS", "LEAST_EPOCH_NS"):  # quick projects shorten them in this process
            stack.callback(setattr, latency, name, getattr(latency, name))
        for table in tables:
            stack.callback(_restore, table, dict(table))
            for name, entry in list(table.items()):
                if not entry.source.module.startswith("harness."):
                    del table[name]
        stack.callback(forget_resolved)
        yield


def _restore(table: dict[Any, Any], held: dict[Any, Any]) -> None:
    table.clear()
    table.update(held)
