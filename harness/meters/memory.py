"""Memory of the worker's process."""

from __future__ import annotations

from harness.core.figures import MEMORY, MEMORY_IDLE
from harness.core.measurement import Measurement
from harness.core.probe_session import ProbeSession


def memory_measurements(session: ProbeSession) -> list[Measurement]:
    """The peak over the idle level, and that level, at which the engine is imported and nothing loaded."""
    return [MEMORY.measured(session.memory_peak_bytes), MEMORY_IDLE.measured(session.memory_idle_bytes)]
