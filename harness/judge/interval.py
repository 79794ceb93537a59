"""One figure against one limit."""

from __future__ import annotations

import math

from harness.core.finding import Verdict
from harness.core.measurement import Interval


def judge_exact(value: float, limit: float, *, at_most: bool) -> Verdict:
    """A figure without uncertainty; on the limit is within it, NaN and infinity are errors."""
    if not math.isfinite(value):
        return Verdict.ERROR
    within = value <= limit if at_most else value >= limit
    return Verdict.PASS if within else Verdict.OVER_BUDGET


def judge_interval(interval: Interval, limit: float, *, at_most: bool) -> Verdict:
    """A figure known by its interval: it must lie wholly on one side of the limit, else inconclusive."""
    low, high = interval
    if math.isnan(low) or math.isnan(high) or low > high:
        return Verdict.ERROR
    good, bad = (high <= limit, low > limit) if at_most else (low >= limit, high < limit)
    if good:
        return Verdict.PASS
    return Verdict.OVER_BUDGET if bad else Verdict.INCONCLUSIVE


def why_open(verdict: Verdict) -> str:
    """What to say of an interval that decided nothing; empty for any other verdict."""
    return "the interval spans the limit" if verdict is Verdict.INCONCLUSIVE else ""
