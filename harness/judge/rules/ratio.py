"""Times of an artifact in alternation with the reference's."""

from __future__ import annotations

import numpy as np

from harness.core.finding import Rung, Verdict
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.core.noise import NoiseProfile
from harness.core.timing import Timing
from harness.judge.judged import Judged, error
from harness.judge.latency import Look, evidence_of, if_usable, look_at_rounds, say_ratio
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.starts import say_condition
from harness.judge.words import say


def judge(evidence: Evidence) -> Judged:
    """The ratio with its order-statistic interval over all rounds."""
    timing = evidence.timing
    if timing is None:
        return error("was not timed")
    other = timing.of_other()
    if other is None:
        return error("was timed alone, without its reference")
    now = look(evidence.metric, evidence.limit, timing, evidence.noise)
    rounds = evidence_of(timing)
    ratio, interval = now.ratio or rounds.ratio, now.interval or rounds.interval
    ours, theirs = float(np.median(timing.epochs_ns)), float(np.median(other.epochs_ns))
    slower, beside = interval[0] > 1, say_condition(timing, both=True)
    return Judged(
        verdict=now.verdict,
        sentence=f"takes {say_ratio(now, rounds, 'fp32')}; {say(ours, 'ns')} against {say(theirs, 'ns')}{beside})",
        why=now.reason,
        value=ratio,
        interval=interval,
        n=rounds.rounds,
        reference=theirs,
        rung=Rung.REFERENCE_RATIO,
        notes=("changed",) if slower and now.verdict is Verdict.PASS else (),
    )


def look(metric: Metric, limit: Limit | None, timing: Timing, noise: NoiseProfile | None) -> Look:
    """What the rounds say about the limit."""
    return if_usable(limit, timing, lambda demanded: look_at_rounds(timing, demanded))


RATIO = Judgement(judge=judge, look=look, alternates=True)
