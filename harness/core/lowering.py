"""What a runtime is asked to make of an interchange file, and what it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.recipe import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """What the artifact is to be."""

    precision: Precision
    calibration: Array
    """Samples (n, ...) to choose ranges with; of two or more, whatever the precision."""
    provider: str = ""
    """Of the runtime's; what it builds for matters only where the provider says so."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The options that decide what an artifact holds, each with its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """What was made, inside the folder that was given."""

    main: Path
    """The file that is loaded; the others beside it belong to it."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """Plain values for the provenance. ``placement``, where only the tools of the build can tell it: operators by
    provider and name, ``{"xnnpack": {"conv2d": 5}}``."""
    unshipped: tuple[str, ...] = ()
    """Files in the folder that are no part of what is shipped: for the audit of what is, they count for no size."""
