"""What a runtime is asked to build from an interchange file, and what it built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.artifact import Operators
from harness.core.data import Array
from harness.core.recipe import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """What the artifact is to be."""

    precision: Precision
    calibration: Array
    """Samples (n, ...) to choose quantization ranges with; at least two, whatever the precision."""
    provider: str = ""
    """Name of the provider; matters only for providers with ``builds=True``."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Values of the options with ``builds=True``, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """The files that ``lower`` wrote into the folder it was given."""

    main: Path
    """The file that is loaded; the others beside it belong to it."""
    placement: Operators = field(default_factory=dict)
    """Where only the tools of the build can tell it."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain values for the provenance."""
    unshipped: tuple[str, ...] = ()
    """Files that are not shipped: the audit reads them, and they count for no size."""
