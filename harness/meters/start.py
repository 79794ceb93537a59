"""How long an artifact takes until its first answer."""

from __future__ import annotations

import numpy as np

from harness.core.figures import FIRST_INFERENCE, FIRST_INFERENCE_RATIO, LOAD, LOAD_RATIO
from harness.core.measurement import Measurement
from harness.core.probe_session import ProbeSession
from harness.core.timing import Span, Timing
from harness.judge.latency import CONFIDENCE_OVER_PAIRS, evidence_of
from harness.stats.intervals import median_interval

TIMED = ((Span.LOAD, LOAD, LOAD_RATIO), (Span.FIRST_INFERENCE, FIRST_INFERENCE, FIRST_INFERENCE_RATIO))


def start_measurements(session: ProbeSession) -> list[Measurement]:
    """Loading, and the first inference, which may compile: each measured once, in a fresh process."""
    return [LOAD.measured(session.load_ns), FIRST_INFERENCE.measured(session.first_ns)]


def timed_start_measurements(timing: Timing) -> list[Measurement]:
    """Loading and the first inference over fresh processes, with their ratios to the reference's; none where nobody asked.

    Raises:
        ValueError: a time is not positive.
    """
    measured = []
    for span, figure, ratio in TIMED:
        times = timing.of(span)
        if times is None:
            continue
        epochs = times.epochs_ns
        interval = median_interval(epochs, CONFIDENCE_OVER_PAIRS)
        measured.append(figure.measured(float(np.median(epochs)), n=len(epochs), interval=interval))
        if times.paired:
            evidence = evidence_of(times)
            measured.append(ratio.measured(evidence.ratio, n=evidence.rounds, interval=evidence.interval))
    return measured
