"""When rounds have said enough about a time, and what they said (rules and figures: docs/statistics.md)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from harness.core.context import Context
from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.measurement import Interval
from harness.core.timing import Placing, Timing
from harness.judge.starts import why_unlike
from harness.judge.words import say
from harness.stats.intervals import median_interval
from harness.stats.tail import Tail, judge_tail, least_n

ROUNDS_PER_PAIR = 14
LEAST_PAIRS, MAX_PAIRS = 2, 9
CONFIDENCE = 0.99
"""Of the interval over the rounds of pairs that agree, at each look."""
CONFIDENCE_OVER_PAIRS = 0.9
"""Of the interval over the medians of pairs that don't: of five pairs it is all they span, of eight all but one at each end."""
SURE = 1.25
"""What is within the limit by this factor needs no second pair: fresh processes on the same CPUs differ by far less."""
FAST_SHARE, FAST_LEAST_PAIRS = 0.05, 7
"""The fast level of a side is what a twentieth of its rounds does not exceed. With five pairs up to 2.5 % of verdicts were
wrong on a simulated machine whose CPUs change their speed every few seconds, with seven up to 1 %."""

PairRounds = Sequence[tuple[float, float]]
"""Rounds of one pair of processes: (candidate, other) epoch medians in ns per inference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioEvidence:
    """What the rounds say about candidate / other."""

    ratio: float
    """Median over all rounds."""
    interval: Interval
    """Of that median, from order statistics of the rounds."""
    rounds: int
    pair_medians: tuple[float, ...]
    over_pairs: Interval
    """Of the median of the pairs' medians, from their order statistics."""
    placing: Placing = Placing.TOGETHER
    fast: Interval = (0.0, math.inf)
    """The ratio of the sides' fast levels, whichever pair is left out; of sides that the system placed, after seven pairs."""

    @property
    def pairs(self) -> int:
        """Of fresh processes."""
        return len(self.pair_medians)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The state after a pair of processes: measure on, or stop with a verdict."""

    verdict: Verdict
    finished: bool
    reason: str = ""
    ratio: float | None = None
    """What was compared with the limit; None: no ratio was."""
    interval: Interval | None = None
    by: str = ""
    """What decided where it was not the rounds alone, for a sentence."""


def ratio_evidence(pairs: Sequence[PairRounds], *, placing: Placing = Placing.TOGETHER) -> RatioEvidence:
    """Ratio and intervals over the rounds and over the pairs of processes.

    Args:
        pairs: the rounds of each.
        placing: where the sides ran; where the system put them, their fast levels are compared too.

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
    medians = [median(values) for values in logs]
    return RatioEvidence(
        ratio=math.exp(median(flat)),
        interval=_exp(median_interval(flat, CONFIDENCE if len(flat) > len(pairs) else CONFIDENCE_OVER_PAIRS)),
        rounds=len(flat),
        pair_medians=tuple(map(math.exp, medians)),
        over_pairs=_exp(median_interval(medians, CONFIDENCE_OVER_PAIRS)),
        placing=placing,
        fast=_fast(pairs) if placing is Placing.FREE and len(pairs) >= FAST_LEAST_PAIRS else (0.0, math.inf),
    )


def _exp(interval: Interval) -> Interval:
    return (math.exp(interval[0]), math.exp(interval[1]))


def _fast(pairs: Sequence[PairRounds]) -> Interval:
    """From the least to the largest ratio of the sides' fast levels when any one pair is left out.

    Neighbours only slow down: two sides that each were on the fast CPU for some rounds show there what they cost
    themselves, even where their rounds were not alike.
    """
    times = [np.array(rounds) for rounds in pairs]
    ratios = []
    for left_out in range(len(pairs)):
        rest = np.concatenate([rounds for number, rounds in enumerate(times) if number != left_out])
        ours, theirs = np.quantile(rest, FAST_SHARE, axis=0)
        ratios.append(float(ours / theirs))
    return (min(ratios), max(ratios))


def say_ratio(look: Look, evidence: RatioEvidence, than: str) -> str:
    """``1.12 x fp32 [1.09, 1.15] (42 rounds, 3 process pairs``: the bracket is left open for more."""
    ratio = evidence.ratio if look.ratio is None else look.ratio
    low, high = look.interval or evidence.interval
    pairs = f"{evidence.pairs} process pair{'s' if evidence.pairs > 1 else ''}"
    by = f", {look.by}" if look.by else ""
    return f"{say(ratio, 'ratio')} {than} [{low:.3f}, {high:.3f}] ({evidence.rounds} rounds, {pairs}{by}"


def absolute_evidence(timing: Timing, limit_ns: float) -> RatioEvidence:
    """The candidate's times as multiples of *limit_ns*: a time is judged as a ratio to a constant."""
    return ratio_evidence([[(candidate, limit_ns) for candidate, _ in rounds] for rounds in timing.pairs])


def look(evidence: RatioEvidence, limit: float | None, *, doubt: float = 1.0) -> Look:
    """Decide after the pairs measured so far, for an upper *limit* of the ratio (None: nothing is demanded).

    Neither a pass nor a fail rests on one pair of processes, unless the pass is within the limit by the factor ``SURE``.
    While the medians of all pairs lie on one side of the limit, the interval over the rounds decides; where they don't,
    the interval over the pairs. Sides that the system placed are compared by their fast levels, and sides that were never
    on the same CPU not at all. What is open after the last pair is inconclusive.

    Args:
        evidence: of one to nine pairs.
        limit: of the ratio.
        doubt: a factor that only noise may have added, of times that nothing was timed beside; noise makes slower, so
            that it only excuses.
    """
    if limit is None:
        return Look(verdict=Verdict.REPORTED, finished=True)
    beyond = limit * doubt
    undecided = Look(
        verdict=Verdict.INCONCLUSIVE,
        finished=evidence.pairs >= MAX_PAIRS,
        ratio=evidence.ratio,
        interval=evidence.interval,
    )
    if evidence.placing is Placing.APART:
        return replace(undecided, reason="the two sides were never timed on the same CPU")
    if evidence.placing is Placing.FREE:
        return _look_at_fast_levels(undecided, evidence, limit, beyond)
    if evidence.pairs < LEAST_PAIRS:
        if evidence.interval[1] * SURE <= limit:
            return replace(undecided, verdict=Verdict.PASS, finished=True)
        return replace(undecided, reason="one pair of processes awaits a second")
    if len({(one > limit) + (one > beyond) for one in evidence.pair_medians}) == 1:
        return _decided(undecided, limit, beyond)
    medians = ", ".join(f"{one:.3f}" for one in evidence.pair_medians)
    by_pairs = replace(
        undecided,
        ratio=median(evidence.pair_medians),
        interval=evidence.over_pairs,
        by="median of their medians",
        reason=f"the process pairs disagree (medians {medians})",
    )
    return _decided(by_pairs, limit, beyond)


def _look_at_fast_levels(undecided: Look, evidence: RatioEvidence, limit: float, beyond: float) -> Look:
    if evidence.pairs < FAST_LEAST_PAIRS:
        return replace(undecided, reason=f"the system placed the processes: {FAST_LEAST_PAIRS} pairs are awaited")
    ratio = math.sqrt(evidence.fast[0] * evidence.fast[1])
    by = "fastest rounds of either side, which the system placed"
    return _decided(replace(undecided, ratio=ratio, interval=evidence.fast, by=by), limit, beyond)


def _decided(undecided: Look, limit: float, beyond: float) -> Look:
    """*undecided*, with the verdict that its interval gives."""
    low, high = undecided.interval or (0.0, math.inf)
    if high <= limit:
        return replace(undecided, verdict=Verdict.PASS, finished=True, reason="")
    if low > beyond:
        return replace(undecided, verdict=Verdict.OVER_BUDGET, finished=True, reason="")
    if low > limit:
        doubt = f"beyond the limit, but not by more than fresh processes differ by here ({beyond / limit:.2f} x)"
        return replace(undecided, finished=undecided.finished or high <= beyond, reason=doubt)
    return replace(undecided, reason=undecided.reason or "the interval spans the limit")


def if_usable(limit: Limit | None, timing: Timing, decide: Callable[[Limit], Look]) -> Look:
    """What *decide* says of *limit* by the candidate's times; nothing is demanded without one.

    Nothing is concluded of a throttled processor, and of starts that were not alike.
    """
    if limit is None:
        return Look(verdict=Verdict.REPORTED, finished=True)
    return _unusable(timing, both=False) or decide(limit)


def look_at_rounds(timing: Timing, limit: Limit | None) -> Look:
    """What alternating rounds say about a *limit* of the ratio; nothing of a throttled processor or starts unlike.

    Raises:
        ValueError: a time is not positive.
    """
    unusable = _unusable(timing, both=True) if limit is not None else None
    return unusable or look(evidence_of(timing), limit.value if limit else None)


def _unusable(timing: Timing, *, both: bool) -> Look | None:
    """The look at times that nothing is concluded from; None when they can be judged."""
    why = why_throttled(timing.context) or why_unlike(timing, both=both)
    return Look(verdict=Verdict.INCONCLUSIVE, finished=True, reason=why) if why else None


def gives_interval(timing: Timing) -> bool:
    """Whether there are rounds enough for an interval of their median: a stored figure is nothing without one."""
    return all(map(math.isfinite, median_interval(timing.epochs_ns, CONFIDENCE_OVER_PAIRS)))


def evidence_of(timing: Timing) -> RatioEvidence:
    """What the rounds of two sides say.

    Raises:
        ValueError: a time is not positive.
    """
    return ratio_evidence(timing.pairs, placing=timing.placing)


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
    exceeding, n = int(np.count_nonzero(times > limit_ns)), len(times)
    processes, last = len(timing.pairs), len(timing.pairs) >= MAX_PAIRS
    sure = judge_tail(int(np.count_nonzero(times * SURE > limit_ns)), n, percent) is Tail.WITHIN
    waits = Look(verdict=Verdict.INCONCLUSIVE, finished=last, reason="one process awaits a second")
    match judge_tail(exceeding, n, percent):
        case Tail.WITHIN if sure or processes >= LEAST_PAIRS:
            return Look(verdict=Verdict.PASS, finished=True)
        case Tail.WITHIN:
            return waits
        case Tail.BEYOND if not quiet:
            reason = "tails fail nothing on a machine that edge-harness calibrate has not found quiet"
            return Look(verdict=Verdict.INCONCLUSIVE, finished=True, reason=reason)
        case Tail.BEYOND if processes >= LEAST_PAIRS:
            return Look(verdict=Verdict.OVER_BUDGET, finished=True)
        case Tail.BEYOND:
            return waits
        case _:
            least = least_n(percent, exceeding)
            reason = f"{exceeding} of {n} inferences exceed the limit; {least} would decide at that number"
            return Look(verdict=Verdict.INCONCLUSIVE, finished=last, reason=reason)


def why_throttled(context: Context | None) -> str:
    """Why nothing is concluded from times of a processor that is known to have been throttled meanwhile; else empty."""
    if context is None or not context.throttled:
        return ""
    return f"the processor was throttled while it was timed ({context.words})"
