"""Exact interval of a share of samples."""

from __future__ import annotations

from harness.core.measurement import Interval


def proportion_interval(successes: int, n: int, confidence: float) -> Interval:
    """Clopper-Pearson interval of ``successes / n``, by ``scipy.stats.binomtest``.

    Raises:
        ValueError: n is not positive, or successes are outside 0..n.
    """
    from scipy.stats import binomtest

    found = binomtest(successes, n).proportion_ci(confidence_level=confidence, method="exact")
    return (float(found.low), float(found.high))
