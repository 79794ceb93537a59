"""What is known of one cell after it was measured, or why it could not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.context import Context
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
    key: str = ""
    """Its address in the artifact cache."""
    size_bytes: int
    gzip_bytes: int
    weights: Mapping[str, int]
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFlips:
    """How the samples of one class changed between the reference and the artifact."""

    label: str
    n: int
    negative: int
    """Reference right, artifact wrong."""
    positive: int
    """Reference wrong, artifact right."""


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
    classes: tuple[ClassFlips, ...] = ()
    """By label; empty when the labels are no classes."""
    environment: Environment | None = None
    latency_context: Context | None = None
    """What the machine did while latency was measured."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain values that the engine or a meter tells beside the figures: placement, latency rounds."""
