"""What is known of one cell after it was measured, or why it could not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.environment import Environment
from harness.core.measurement import Measurement
from harness.core.names import Cell
from harness.core.samples import Samples

MEASURED = "measured"
NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSummary:
    """What a report says of an artifact."""

    sha256: str
    size_bytes: int
    gzip_bytes: int
    weights: Mapping[str, int]
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """One row of a report."""

    cell: Cell
    status: str = NOT_RUN
    """measured, unsupported, unavailable, error(stage) or not_run."""
    reason: str = ""
    artifact: ArtifactSummary | None = None
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
    samples: Samples | None = None
    environment: Environment | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain values that the engine or a meter tells beside the figures: placement, latency rounds."""
