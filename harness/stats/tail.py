"""Tail percentiles: whether enough samples say that a percentile lies within a limit."""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum

CONFIDENCE = 0.99


class Tail(StrEnum):
    """What the samples say about a percentile and a limit."""

    WITHIN = "within"
    BEYOND = "beyond"
    UNDECIDED = "undecided"


def judge_tail(exceeding: int, n: int, percent: float, confidence: float = CONFIDENCE) -> Tail:
    """Whether percentile *percent* lies within a limit that *exceeding* of *n* samples are above.

    The binomial rule of MLPerf's early stopping (Reddi et al., MLPerf Inference, 2020): within, when so few exceeding
    samples would be unlikely if the percentile were at the limit; beyond, when so many would be.

    Raises:
        ValueError: n is not positive, or *exceeding* is outside 0..n.
    """
    from scipy.stats import binom

    if n <= 0 or not 0 <= exceeding <= n:
        raise ValueError(f"{exceeding} of {n} samples")
    share = 1 - percent / 100
    if binom.cdf(exceeding, n, share) < 1 - confidence:
        return Tail.WITHIN
    if binom.sf(exceeding - 1, n, share) < 1 - confidence:
        return Tail.BEYOND
    return Tail.UNDECIDED


def least_n(percent: float, exceeding: int = 0, confidence: float = CONFIDENCE) -> int:
    """The smallest n at which *exceeding* samples above the limit still show the percentile within it.

    Raises:
        ValueError: percent is not between 0 and 100, confidence not between 0 and 1, or *exceeding* is negative.
    """
    if not 0 < percent < 100 or not 0 < confidence < 1 or exceeding < 0:
        raise ValueError(f"no n for {exceeding} samples above p{percent:g} at confidence {confidence:g}")

    def within(n: int) -> bool:
        return judge_tail(exceeding, n, percent, confidence) is Tail.WITHIN

    beyond = exceeding + 1
    while not within(beyond):
        beyond *= 2
    return bisect_left(range(beyond), True, lo=exceeding + 1, key=within)
