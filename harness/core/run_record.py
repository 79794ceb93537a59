"""Everything a run leaves behind: the content of ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.environment import Hardware
from harness.core.finding import Finding
from harness.core.result import CellResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """When, where and how a run was made."""

    id: str
    started: str
    finished: str
    command: tuple[str, ...]
    commit: str = ""
    dirty: bool = False
    """Whether the work tree differed from the commit."""
    hardware: Mapping[str, Hardware]
    """By target."""
    python: str
    versions: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    noise: Mapping[str, str] = field(default_factory=dict)
    """What latency verdicts are worth, in words, by target; a target whose hardware was never calibrated is missing."""
    exit_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run, its cells and its findings."""

    run: RunInfo
    cells: tuple[CellResult, ...]
    findings: tuple[Finding, ...]
