"""What is known of one cell after it was measured, or why it could not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.artifact import Operators, Provenance
from harness.core.context import Context
from harness.core.environment import Environment
from harness.core.measurement import Measurement
from harness.core.names import Cell
from harness.core.samples import Samples
from harness.core.timing import Rounds, Start

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
    largest_kernels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the largest kernels by dtype."""
    provenance: Provenance = field(default_factory=Provenance)


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
class Placement:
    """Who took the operators of a cell."""

    provider: str
    """The cell's: it is meant to take all of them."""
    operators: Operators = field(default_factory=dict)
    """Empty where the engine doesn't tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRounds:
    """Epoch medians of everything that was timed of a cell, in ns per inference."""

    pairs: tuple[Rounds, ...]
    """By pair of processes: (cell, its reference), the latter 0 where the cell was timed alone."""
    iterations_per_epoch: int
    against_baseline: tuple[Rounds, ...] = ()
    """The same beside the artifact of the baseline; empty where that was not needed."""
    starts: tuple[tuple[Start, ...], ...] = ()
    """How the processes of each of ``pairs`` started, the cell's first; empty where nothing asked for it."""
    starts_against_baseline: tuple[tuple[Start, ...], ...] = ()

    @property
    def epochs_ns(self) -> list[float]:
        """The cell's own epochs."""
        return [candidate for rounds in self.pairs for candidate, _ in rounds]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """One row of a report."""

    cell: Cell
    status: str = NOT_RUN
    """measured, unsupported, unavailable, error(phase) or not_run."""
    reason: str = ""
    artifact: ArtifactSummary | None = None
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
    samples: Samples | None = None
    classes: tuple[ClassFlips, ...] = ()
    """By label; empty when the labels are no classes."""
    environment: Environment | None = None
    latency_context: Context | None = None
    """What the machine did while latency was measured."""
    placement: Placement | None = None
    """None until the cell was probed."""
    evaluation_batch: int | None = None
    """Samples that were predicted at a time."""
    reused: Mapping[str, float] = field(default_factory=dict)
    """How many seconds old ``predictions`` and ``reference`` outputs are that an earlier run made; empty: this one made both."""
    latency_rounds: LatencyRounds | None = None
    control: str = ""
    """The recipe that ``accuracy_gain`` is measured against."""
    calibration_draws: Mapping[str, float] = field(default_factory=dict)
    """Accuracies by recipe, each with another draw of calibration samples."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the engine tells of itself; plain values that nothing here reads."""
