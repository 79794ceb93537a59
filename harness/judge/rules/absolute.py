"""Times of an artifact against a time."""

from __future__ import annotations

from harness.core.finding import Rung
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.core.noise import NoiseProfile, absolute_spread
from harness.core.timing import Timing
from harness.judge.judged import Judged, error
from harness.judge.latency import Look, absolute_evidence, if_usable
from harness.judge.latency import look as look_at
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.starts import say_condition
from harness.judge.unholdable import no_time
from harness.judge.words import say, say_interval


def judge(evidence: Evidence) -> Judged:
    """The median of all rounds; fails only beyond what the machine is known to vary by."""
    timing, figure = evidence.timing, evidence.figure
    if timing is None:
        return error("was not timed")
    now = look(evidence.metric, evidence.limit, timing, evidence.noise)
    shown = f" {say_interval(figure.interval, 'ns')}" if figure.interval is not None else ""
    rounds, processes = sum(map(len, timing.pairs)), len(timing.pairs)
    fresh = f"{processes} process{'es' if processes > 1 else ''}"
    return Judged(
        verdict=now.verdict,
        sentence=f"takes {say(figure.value, 'ns')}{shown} ({rounds} rounds, {fresh}{say_condition(timing, both=False)})",
        why=now.reason,
        value=figure.value,
        interval=figure.interval,
        n=figure.n,
        rung=Rung.ABSOLUTE,
    )


def look(metric: Metric, limit: Limit | None, timing: Timing, noise: NoiseProfile | None) -> Look:
    """The limit as a ratio to a constant: noise makes slower, so that it only excuses."""
    return if_usable(
        limit,
        timing,
        lambda demanded: look_at(absolute_evidence(timing, demanded.value), 1.0, doubt=absolute_spread(noise)),
    )


ABSOLUTE = Judgement(judge=judge, undecidable=no_time, look=look)
