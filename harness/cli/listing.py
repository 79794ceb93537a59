"""``edge-harness list KIND``: the names that a suite can write."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import ContractError

Row = tuple[str, ...]


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    listing = commands.add_parser("list", help="models, recipes, runtimes, metrics and datasets that a suite can name")
    listing.add_argument("kind", choices=tuple(KINDS))
    listing.add_argument("--conftest", type=Path, metavar="FILE", help="also what this file registers")
    listing.set_defaults(run=_list)


def _list(options: argparse.Namespace) -> int:
    from harness.pipeline.catalog import load_catalog
    from harness.reporting.screen import terminal_width
    from harness.reporting.text_table import TextTable, wrapped

    load_catalog()
    if options.conftest is not None:
        _read(options.conftest)
    headers, rows_of = KINDS[options.kind]
    rows = tuple(rows_of())
    print(wrapped(TextTable(headers=headers, rows=rows, left=range(len(headers))), terminal_width()))
    return 0


def _read(path: Path) -> None:
    """Run the registrations in *path*.

    Raises:
        ContractError: it can't be read.
    """
    import runpy
    import sys

    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(str(path))
    except Exception as err:  # whatever the user's file raises is told as its own
        raise ContractError(f"{path} can't be read: {type(err).__name__}: {err}") from err


def _models() -> list[Row]:
    from harness.registries import models

    return [(one.name, one.framework, one.dataset, one.metric) for one in models]


def _recipes() -> list[Row]:
    from harness.registries import steps

    return [(family.name, _method(family), _ranges(family.ranges)) for family in steps]


def _method(family: Any) -> str:
    smallest = {name: low for name, (low, _) in family.ranges.items()}
    return str(family.make(_example(family), smallest).method)


def _example(family: Any) -> str:
    """A name of the family, with its smallest numbers."""
    return str(family.plain_name).format(**{name: low for name, (low, _) in family.ranges.items()})


def _ranges(ranges: Any) -> str:
    return ", ".join(f"{name} {low} to {high}" for name, (low, high) in ranges.items()) or "-"


def _runtimes() -> list[Row]:
    from harness.registries import runtimes

    return [
        (
            one.name,
            ", ".join(provider.name for provider in one.providers),
            ", ".join(f"{option.name}={'|'.join(option.values)}" for option in one.options) or "-",
        )
        for one in runtimes
    ]


def _metrics() -> list[Row]:
    from harness.core.metrics import METRICS

    return [
        (
            metric.name,
            "at most" if metric.at_most else "at least",
            ", ".join(metric.units),
            metric.change.name if metric.change is not None else "-",
        )
        for metric in METRICS.values()
    ]


def _datasets() -> list[Row]:
    from harness.registries import datasets

    return [(one.name, str(one.samples or "-"), str(one.source)) for one in datasets]


KINDS: dict[str, tuple[Row, Callable[[], list[Row]]]] = {
    "models": (("model", "framework", "data set", "task metric"), _models),
    "recipes": (("step (chain them with +)", "method", "numbers"), _recipes),
    "runtimes": (("runtime", "providers", "options"), _runtimes),
    "metrics": (("metric", "limit", "units", "against a baseline"), _metrics),
    "datasets": (("data set", "samples", "registered at"), _datasets),
}
"""Headers and rows by kind."""
