"""The process's registries, emptied of what tests registered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from harness.core.figure import figures
from harness.core.metrics import changes
from harness.core.metrics import metrics as gate_metrics
from harness.core.registry import Registry
from harness.exporters import registry as exporters
from harness.frameworks.registry import frameworks
from harness.meters import latency
from harness.meters.registry import meters
from harness.pipeline.catalog import load_catalog
from harness.pipeline.resolved import forget_resolved
from harness.recipes.registry import steps
from harness.runtimes.registry import runtimes
from harness.targets.registry import targets
from harness.zoo.registry import datasets, metrics, models

REGISTRIES: tuple[Registry[Any], ...] = (
    *(models, datasets, metrics, steps, frameworks, runtimes, targets),
    *(figures, changes, gate_metrics, meters),
)


@contextmanager
def only_shipped() -> Iterator[None]:
    """Registries that hold what ships, inside the block; afterwards what they held before."""
    load_catalog()
    forget_resolved()
    tables: list[dict[Any, Any]] = [*(registry._entries for registry in REGISTRIES), exporters._exporters]
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
