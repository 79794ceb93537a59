"""This machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.core.artifact import Artifact
from harness.core.context import Moment
from harness.core.contracts import Availability, TargetProcess
from harness.core.environment import Hardware
from harness.core.names import LOCAL
from harness.core.packages import installed
from harness.core.source import Source
from harness.registering import target
from harness.targets.agent.children import Child
from harness.targets.agent.machine import survey
from harness.targets.agent.moment import read_moment
from harness.targets.hardware import cpus_from, devices_from, hardware_from, pool_variables


@target
class Local:
    """This machine and this Python: asked directly, workers are this process's children, artifacts stay where they are."""

    name = LOCAL
    source: Source

    @cached_property
    def _survey(self) -> dict[str, Any]:
        return survey()

    def hardware(self) -> Hardware:
        """Its hardware class."""
        return hardware_from(self._survey)

    def cpus(self) -> tuple[int, ...]:
        """Those of the fastest kind that this process may use."""
        return cpus_from(self._survey)

    def devices(self) -> frozenset[str]:
        """What it has beside its CPU."""
        return devices_from(self._survey)

    def installed(self, packages: Sequence[str]) -> Availability:
        """Whether every distribution in *packages* is installed in this Python."""
        return installed(packages)

    def moment(self) -> Moment:
        """What it is doing now."""
        return Moment(**read_moment())

    def put(self, artifact: Artifact) -> str:
        """Where it lies in the cache."""
        return str(artifact.path)

    def cache(self, here: Path) -> str:
        """*here*."""
        return str(here)

    def start(self, program: Path, threads: int) -> TargetProcess:
        """A child of this process, with the Python that runs it."""
        return Child(program.read_text(encoding="utf-8"), str(program), pool_variables(threads))

    def close(self) -> None:
        """Nothing is held."""
