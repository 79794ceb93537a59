"""When interleaved rounds have said enough, and what they said (rules and figures: docs/statistics.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.core.finding import Verdict
from harness.core.measurement import Interval
from harness.stats.median import median_interval

ROUNDS_PER_PAIR = 14
MAX_PAIRS = 3
ALPHA = 0.05
CONFIDENCE_PER_LOOK = 1 - ALPHA / MAX_PAIRS
"""Each look, after one, two and three pairs of processes, spends a third of alpha."""

PairRounds = Sequence[tuple[float, float]]
"""Rounds of one pair of processes: (candidate, reference) epoch medians in ns per inference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioEvidence:
    """What the rounds say about candidate / reference."""

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
    evidence: RatioEvidence
    """What it was taken on; another limit is judged by another look on the same evidence."""
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
    logs = [[math.log(candidate / reference) for candidate, reference in rounds] for rounds in pairs]
    flat = [value for values in logs for value in values]
    low, high = median_interval(flat, CONFIDENCE_PER_LOOK)
    return RatioEvidence(
        ratio=math.exp(median(flat)),
        interval=(math.exp(low), math.exp(high)),
        rounds=len(flat),
        pairs=len(pairs),
        pair_medians=tuple(math.exp(median(values)) for values in logs),
    )


def look(evidence: RatioEvidence, limit: float | None) -> Look:
    """Decide after the pairs measured so far, for an upper *limit* of the ratio (None: nothing is demanded).

    Pass: the whole interval is below the limit. Over budget: the whole interval is above it, and a second fresh pair
    confirmed it. Inconclusive: the interval spans the limit after the last pair, or the pairs of processes contradict
    each other (their medians lie on both sides and differ by more than half of the distance between 1 and the limit).
    """
    if limit is None:
        return Look(verdict=Verdict.REPORTED, finished=True, evidence=evidence)
    last = evidence.pairs >= MAX_PAIRS
    low, high = evidence.interval
    medians = evidence.pair_medians
    spread = max(medians) - min(medians)
    allowed = abs(limit - 1)
    contradict = len(medians) > 1 and min(medians) <= limit < max(medians) and spread > allowed / 2
    if high <= limit:
        return Look(verdict=Verdict.PASS, finished=True, evidence=evidence)
    if contradict:
        reason = f"the process pairs disagree (medians {', '.join(f'{m:.3f}' for m in medians)})"
        return Look(verdict=Verdict.INCONCLUSIVE, finished=last, evidence=evidence, reason=reason)
    if low > limit and evidence.pairs > 1:
        return Look(verdict=Verdict.OVER_BUDGET, finished=True, evidence=evidence)
    reason = "one pair of processes awaits a second" if low > limit else "the interval spans the limit"
    return Look(verdict=Verdict.INCONCLUSIVE, finished=last, evidence=evidence, reason=reason)
