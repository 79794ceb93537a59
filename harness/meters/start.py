"""How long an artifact takes until its first answer."""

from __future__ import annotations

import math

import numpy as np

from harness.core.figures import FIRST_INFERENCE, FIRST_INFERENCE_RATIO, LOAD, LOAD_RATIO
from harness.core.measurement import Interval, Measurement
from harness.core.probe_session import ProbeSession
from harness.core.timing import Span, Timing
from harness.judge.latency import CONFIDENCE_OVER_PAIRS, evidence_of
from harness.judge.starts import condition
from harness.stats.intervals import median_interval

TIMED = ((Span.LOAD, LOAD, LOAD_RATIO), (Span.FIRST_INFERENCE, FIRST_INFERENCE, FIRST_INFERENCE_RATIO))


def start_measurements(session: ProbeSession) -> list[Measurement]:
    """Loading, of files as they were, and the first inference, which may compile: each measured once, in a fresh process."""
    return [LOAD.measured(session.load_ns), FIRST_INFERENCE.measured(session.first_ns)]


def timed_start_measurements(timing: Timing) -> list[Measurement]:
    """Loading and the first inference over fresh processes, with their ratios to the reference's; none where nobody asked.

    Each with its condition: whether the files were cold.

    Raises:
        ValueError: a time is not positive.
    """
    measured = []
    for span, figure, ratio in TIMED:
        times = timing.of(span)
        if times is None:
            continue
        epochs = times.epochs_ns
        interval, of_it = median_interval(epochs, CONFIDENCE_OVER_PAIRS), condition(times, both=False)
        measured.append(
            figure.measured(float(np.median(epochs)), n=len(epochs), interval=_finite(interval), condition=of_it)
        )
        if times.paired:
            evidence, of_both = evidence_of(times), condition(times, both=True)
            measured.append(
                ratio.measured(
                    evidence.ratio, n=evidence.rounds, interval=_finite(evidence.interval), condition=of_both
                )
            )
    return measured


def _finite(interval: Interval) -> Interval | None:
    """*interval*, which few processes leave without ends; None then: a report could not hold it."""
    return interval if all(map(math.isfinite, interval)) else None
