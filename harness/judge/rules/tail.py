"""How many single inferences take longer than the limit."""

from __future__ import annotations

import numpy as np

from harness.core.finding import Rung
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.core.noise import NoiseProfile
from harness.core.timing import Timing
from harness.judge.judged import Judged, error
from harness.judge.latency import Look, if_usable, tail_look
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.unholdable import no_time
from harness.judge.words import say
from harness.stats.intervals import proportion_interval
from harness.stats.tail import least_n

CONFIDENCE = 0.95


def judge(evidence: Evidence) -> Judged:
    """The percentile, and the share of inferences beyond the limit."""
    metric, limit, timing, figure = evidence.metric, evidence.limit, evidence.timing, evidence.figure
    if timing is None:
        return error("was not timed")
    now = look(metric, limit, timing, evidence.noise)
    beyond = ""
    if limit is not None:
        exceeding = int(np.count_nonzero(timing.candidate_ns > limit.value))
        low, high = proportion_interval(exceeding, figure.n, CONFIDENCE)
        beyond = f"; {exceeding} take longer than the limit, {say(low, 'fraction')} to {say(high, 'fraction')}"
    return Judged(
        verdict=now.verdict,
        sentence=f"has a p{metric.percent:g} of {say(figure.value, 'ns')} (n = {figure.n}{beyond})",
        why=now.reason,
        value=figure.value,
        n=figure.n,
        rung=Rung.ABSOLUTE,
    )


def look(metric: Metric, limit: Limit | None, timing: Timing, noise: NoiseProfile | None) -> Look:
    """Whether so few inferences exceed the limit that the percentile lies within it."""
    quiet = noise is not None and noise.quiet
    return if_usable(limit, timing, lambda demanded: tail_look(timing, metric.percent, demanded.value, quiet=quiet))


def least_inferences(metric: Metric, beyond: int) -> int:
    """How many it takes when *beyond* of them exceed the limit."""
    return least_n(metric.percent, beyond)


TAIL = Judgement(judge=judge, undecidable=no_time, look=look, least_inferences=least_inferences)
