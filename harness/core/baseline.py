"""A stored, reviewed figure of an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.environment import Environment
from harness.core.measurement import Interval
from harness.core.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFigure:
    """One figure with everything that decides whether today's can be compared with it."""

    value: float
    unit: str
    n: int
    interval: Interval | None
    environment: Environment | None
    artifact_sha256: str
    artifact_key: str = ""
    """Cache key of the artifact; stored only for times."""
    commit: str
    date: str
    reason: str
    """Why it was accepted, in the words of whoever did."""
    samples: Samples | None = None
    """Only for accuracy."""
    condition: str = ""
    """What held while it was measured; see ``Measurement``."""


CellBaseline = Mapping[str, BaselineFigure]
"""Figures of one cell by measurement name."""
