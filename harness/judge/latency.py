"""When rounds have said enough about a time, and what they said (rules and figures: docs/statistics.md)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from harness.core.context import Context
from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.measurement import Interval
from harness.core.timing import Timing
from harness.judge.words import say
from harness.stats.intervals import median_interval
from harness.stats.tail import Tail, judge_tail, least_n

ROUNDS_PER_PAIR = 14
MAX_PAIRS = 3
ALPHA = 0.05
CONFIDENCE_PER_LOOK = 1 - ALPHA / MAX_PAIRS
"""Each look, after one, two and three pairs of processes, spends a third of alpha."""

PairRounds = Sequence[tuple[float, float]]
"""Rounds of one pair of processes: (candidate, other) epoch medians in ns per inference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioEvidence:
    """What the rounds say about candidate / other."""

    ratio: float
    interval: Interval
    rounds: int
    pairs: int
    pair_medians: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The state after a pair of processes: measure on, or stop with a verdict."""

    verdict: Verdict
    finished: bool
    reason: str = ""


def ratio_evidence(pairs: Sequence[PairRounds]) -> RatioEvidence:
    """Ratio and order-statistic interval over all rounds.

    Raises:
        ValueError: a pair without rounds, or a time that is not positive and finite.
    """
    if not pairs or not all(pairs):
        raise ValueError("no round was measured")
    for rounds in pairs:
        for sides in rounds:
            if not all(math.isfinite(side) and side > 0 for side in sides):
                raise ValueError(f"a measured time is not positive: {sides}")
    logs = [[math.log(candidate / other) for candidate, other in rounds] for rounds in pairs]
    flat = [value for values in logs for value in values]
    low, high = median_interval(flat, CONFIDENCE_PER_LOOK)
    return RatioEvidence(
        ratio=math.exp(median(flat)),
        interval=(math.exp(low), math.exp(high)),
        rounds=len(flat),
        pairs=len(pairs),
        pair_medians=tuple(math.exp(median(values)) for values in logs),
    )


def say_ratio(evidence: RatioEvidence, than: str) -> str:
    """``1.12 x fp32 [1.09, 1.15] (42 rounds, 3 process pairs``: the bracket is left open for more."""
    low, high = evidence.interval
    pairs = f"{evidence.pairs} process pair{'s' if evidence.pairs > 1 else ''}"
    return f"{say(evidence.ratio, 'ratio')} {than} [{low:.3f}, {high:.3f}] ({evidence.rounds} rounds, {pairs}"


def absolute_evidence(timing: Timing, limit_ns: float) -> RatioEvidence:
    """The candidate's times as multiples of *limit_ns*: a time is judged as a ratio to a constant."""
    return ratio_evidence([[(candidate, limit_ns) for candidate, _ in rounds] for rounds in timing.pairs])


def look(evidence: RatioEvidence, limit: float | None, *, doubt: float = 1.0) -> Look:
    """Decide after the pairs measured so far, for an upper *limit* of the ratio (None: nothing is demanded).

    Pass: the whole interval is below the limit. Over budget: the whole interval is above it, and so are the medians of
    two pairs by themselves: the first finding was confirmed by fresh processes. Inconclusive: the interval spans the
    limit after the last pair, or the pairs contradict each other (their medians lie on both sides and differ by more
    than half of the distance between 1 and the limit).

    Args:
        evidence: of one to three pairs.
        limit: of the ratio.
        doubt: a factor that only noise may have added, of times that nothing was timed beside; noise makes slower, so
            that it only excuses.
    """
    if limit is None:
        return Look(verdict=Verdict.REPORTED, finished=True)
    last = evidence.pairs >= MAX_PAIRS
    low, high = evidence.interval
    medians = evidence.pair_medians
    beyond = limit * doubt
    apart = max(medians) - min(medians) > abs(limit - 1) / 2
    contradict = len(medians) > 1 and min(medians) <= limit < max(medians) and apart
    if high <= limit:
        return Look(verdict=Verdict.PASS, finished=True)
    if contradict:
        reason = f"the process pairs disagree (medians {', '.join(f'{m:.3f}' for m in medians)})"
        return Look(verdict=Verdict.INCONCLUSIVE, finished=last, reason=reason)
    if low > beyond:
        if sum(m > beyond for m in medians) > 1:
            return Look(verdict=Verdict.OVER_BUDGET, finished=True)
        return Look(verdict=Verdict.INCONCLUSIVE, finished=last, reason="one pair of processes awaits a second")
    if limit < low:
        reason = f"beyond the limit, but not by more than fresh processes differ by here ({doubt:.2f} x)"
        return Look(verdict=Verdict.INCONCLUSIVE, finished=last or high <= beyond, reason=reason)
    return Look(verdict=Verdict.INCONCLUSIVE, finished=last, reason="the interval spans the limit")


def unless_throttled(limit: Limit | None, timing: Timing, decide: Callable[[Limit], Look]) -> Look:
    """What *decide* says of *limit*; nothing is demanded without one, and nothing concluded of a throttled processor."""
    if limit is None:
        return Look(verdict=Verdict.REPORTED, finished=True)
    slowed = why_throttled(timing.context)
    if slowed:
        return Look(verdict=Verdict.INCONCLUSIVE, finished=True, reason=slowed)
    return decide(limit)


def look_at_rounds(timing: Timing, limit: Limit | None) -> Look:
    """What alternating rounds say about a *limit* of the ratio; nothing where the processor was throttled.

    Raises:
        ValueError: a time is not positive.
    """
    slowed = why_throttled(timing.context)
    if slowed and limit is not None:
        return Look(verdict=Verdict.INCONCLUSIVE, finished=True, reason=slowed)
    return look(ratio_evidence(timing.pairs), limit.value if limit else None)


def tail_look(timing: Timing, percent: float, limit_ns: float, *, quiet: bool) -> Look:
    """Whether so few single inferences exceed *limit_ns* that the percentile lies within it.

    What exceeds on a machine that is not *quiet* may be the neighbours' doing: then it is inconclusive, as tails are
    for the eye alone there. Staying within is safe to say anywhere: noise only adds.

    Raises:
        ValueError: a time is not positive.
    """
    times = timing.candidate_ns
    if not (times > 0).all():
        raise ValueError("a measured time is not positive")
    exceeding, n, last = int(np.count_nonzero(times > limit_ns)), len(times), len(timing.pairs) >= MAX_PAIRS
    match judge_tail(exceeding, n, percent):
        case Tail.WITHIN:
            return Look(verdict=Verdict.PASS, finished=True)
        case Tail.BEYOND if not quiet:
            reason = "tails fail nothing on a machine that edge-harness calibrate has not found quiet"
            return Look(verdict=Verdict.INCONCLUSIVE, finished=True, reason=reason)
        case Tail.BEYOND if len(timing.pairs) > 1:
            return Look(verdict=Verdict.OVER_BUDGET, finished=True)
        case Tail.BEYOND:
            return Look(verdict=Verdict.INCONCLUSIVE, finished=last, reason="one process awaits a second")
        case _:
            least = least_n(percent, exceeding)
            reason = f"{exceeding} of {n} inferences exceed the limit; {least} would decide at that number"
            return Look(verdict=Verdict.INCONCLUSIVE, finished=last, reason=reason)


def why_throttled(context: Context | None) -> str:
    """Why nothing is concluded from times of a processor that is known to have been throttled meanwhile; else empty."""
    if context is None or not context.throttled:
        return ""
    return f"the processor was throttled while it was timed ({context.words})"
