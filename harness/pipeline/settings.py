"""What a run may use: folders, limits, threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a run keeps things and how long it waits."""

    cache: Path
    scratch: Path
    """A folder for this run alone: worker logs, evaluation data."""
    threads: int = 1
    """Threads of every engine, unless a cell's runtime says ``threads=n``."""
    jobs: int = 2
    """Build processes and probes in parallel."""
    evaluation_jobs: int = 1
    """Workers that evaluate one cell's samples side by side."""
    reuse_s: float = 0.0
    """How old predictions and reference outputs of an earlier run on this machine may be to stand for new ones; 0: all are new."""
    worker_timeout_s: float = 300.0
    """Longest time for one worker operation."""
    build_timeout_s: float = 1200.0
    """Longest silence of a build process between two events."""
    memory_limit_bytes: int = 0
    """What a worker or build process may allocate; 0: as much as there is."""


def default_cache() -> Path:
    """The artifact cache when none is given: ``EDGE_HARNESS_CACHE``, or the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get("EDGE_HARNESS_CACHE")
    return Path(named).expanduser() if named else user_cache_path("edge-harness")
