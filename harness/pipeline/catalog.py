"""Everything that ships, registered by one call; no engine is imported."""

from __future__ import annotations

import functools
from importlib import import_module
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
NAMED = (
    "harness.zoo.digits",
    "harness.zoo.models",
    "harness.targets.local",
    "harness.meters.shipped",
)
"""Modules that register what ships, of rooms that also hold modules that load a library when they are imported."""
FILES = ("task_metrics/*.py", "recipes/*.py", "frameworks/*.py", "exporters/*.py", "runtimes/*/runtime.py")
"""The other modules that register what ships, found by their place: a new file there needs no entry anywhere."""


def load_catalog() -> None:
    """Fill the registries with what ships; safe to call again."""
    for module in shipped_modules():
        import_module(module)


@functools.cache
def shipped_modules(package: Path = PACKAGE) -> tuple[str, ...]:
    """Names of the modules that register something, in a fixed order."""
    files = [file for pattern in FILES for file in sorted(package.glob(pattern)) if file.stem != "__init__"]
    return (*NAMED, *(".".join([package.name, *file.relative_to(package).with_suffix("").parts]) for file in files))
