"""Intervals: of a median, from order statistics and without a distribution; of a share, exact."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.core.measurement import Interval


def median_interval(values: Sequence[float], confidence: float) -> Interval:
    """Interval that holds the median of *values* with at least *confidence*; infinite ends when n is too small.

    The sign test's interval (Conover, Practical Nonparametric Statistics, 3.2), by ``scipy.stats.quantile_test``.
    """
    from scipy.stats import quantile_test

    if not values:
        return (-math.inf, math.inf)
    found = quantile_test(values, q=0, p=0.5).confidence_interval(confidence_level=confidence)
    low, high = float(found.low), float(found.high)
    return (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)


def proportion_interval(successes: int, n: int, confidence: float) -> Interval:
    """Clopper-Pearson interval of ``successes / n``, by ``scipy.stats.binomtest``.

    Raises:
        ValueError: n is not positive, or successes are outside 0..n.
    """
    from scipy.stats import binomtest

    found = binomtest(successes, n).proportion_ci(confidence_level=confidence, method="exact")
    return (float(found.low), float(found.high))
