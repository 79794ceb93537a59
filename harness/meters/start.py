"""How long an artifact takes until its first answer."""

from __future__ import annotations

from harness.core.figures import FIRST_INFERENCE, LOAD
from harness.core.measurement import Measurement
from harness.core.probe_session import ProbeSession


def start_measurements(session: ProbeSession) -> list[Measurement]:
    """Loading, and the first inference, which may compile: each measured once, in a fresh process."""
    return [LOAD.measured(session.load_ns), FIRST_INFERENCE.measured(session.first_ns)]
