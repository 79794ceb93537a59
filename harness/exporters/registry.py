"""The exporters, by framework and format."""

from __future__ import annotations

from collections.abc import Iterable

from harness.core.contracts import Exporter
from harness.errors import DuplicateName

_exporters: dict[tuple[str, str], Exporter] = {}


def add_exporter(exporter: Exporter) -> None:
    """Register *exporter* for its framework and format.

    Raises:
        DuplicateName: another one is registered for both.
    """
    key = (exporter.framework, exporter.format)
    held = _exporters.get(key)
    if held is not None and held.source.path != exporter.source.path:
        raise DuplicateName(f"two exporters from {key[0]} to {key[1]}: at {held.source} and at {exporter.source}.")
    _exporters[key] = exporter


def find_exporter(framework: str, formats: Iterable[str]) -> Exporter | None:
    """The exporter from *framework* to the first of *formats* that there is one to; None when there is none."""
    return next((_exporters[framework, one] for one in formats if (framework, one) in _exporters), None)


def formats_from(framework: str) -> list[str]:
    """The formats that *framework* can be exported to."""
    return sorted(format for source, format in _exporters if source == framework)


def all_exporters() -> list[Exporter]:
    """Every registered exporter."""
    return [_exporters[key] for key in sorted(_exporters)]
