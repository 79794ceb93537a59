"""Score test and interval for the difference of two accuracies on the same samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.measurement import Interval
from harness.core.tensors import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """How *n* samples changed between the reference and the current model."""

    n: int
    negative: int
    """Reference right, current wrong."""
    positive: int
    """Reference wrong, current right."""

    def __post_init__(self) -> None:
        if self.n <= 0 or self.negative < 0 or self.positive < 0 or self.negative + self.positive > self.n:
            raise ValueError(f"not a paired table: n={self.n}, negative={self.negative}, positive={self.positive}")

    @classmethod
    def of(cls, reference: Array, current: Array) -> Flips:
        """From correctness of each sample, bool (n,), by the reference and by the current model."""
        return cls(
            n=len(reference),
            negative=int((reference & ~current).sum()),
            positive=int((~reference & current).sum()),
        )

    @property
    def drop(self) -> float:
        """Accuracy lost, as a fraction; negative when accuracy was won."""
        return (self.negative - self.positive) / self.n


def score(flips: Flips, drop: float) -> float:
    """Tango's z for the hypothesis that the true drop is *drop* (strictly between -1 and 1).

    Restricted estimate of the flip probability from T. Tango, Statistics in Medicine 17 (1998) 891-908, eq. (5)-(6),
    written with b = negative flips, c = positive flips. Positive z: the data lie above the hypothesis.
    """
    n, b, c = flips.n, flips.negative, flips.positive
    linear = (2 * n - b + c) * drop - (b + c)
    constant = -c * drop * (1 - drop)
    root = math.sqrt(max(linear * linear - 8 * n * constant, 0.0))
    # q and q + drop are probabilities; rounding may leave the root a hair below that.
    q = max((-linear + root) / (4 * n), 0.0, -drop)
    variance = n * (2 * q + drop * (1 - drop))
    gap = b - c - n * drop
    if variance <= 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


def drop_interval(flips: Flips, z: float) -> Interval:
    """The drops that the score test does not reject at *z*: its two-sided interval."""
    from scipy.optimize import brentq

    edge = 1 - 1e-12

    def crossing(target: float) -> float:
        def gap(drop: float) -> float:
            value = score(flips, drop)
            return max(min(value, 1e6), -1e6) - target

        if gap(-edge) <= 0:
            return -1.0
        if gap(edge) >= 0:
            return 1.0
        return float(brentq(gap, -edge, edge, xtol=1e-10))

    return (crossing(z), crossing(-z))


def deciding_n(flips: Flips, limit: float) -> int | None:
    """Samples that would decide a budget *limit* with power 0.8 at one-sided 0.05, if nothing was lost; None when n/a.

    n = f (z_.95 + z_.80)^2 / limit^2 with f the share of samples that flip (normal approximation of the paired test);
    at least one flip is assumed, so that a run without flips does not claim that no sample is needed, and never fewer
    than z_.95^2 (1 - limit) / limit, which the score test asks for when no sample flips at all.
    """
    return samples_needed(max(flips.negative + flips.positive, 1) / flips.n, limit)


def samples_needed(share: float, limit: float) -> int | None:
    """``deciding_n`` for a *share* of samples that flips; None when *limit* allows no drop."""
    if limit <= 0:
        return None
    return math.ceil(max(share * (1.6449 + 0.8416) ** 2 / limit**2, 1.6449**2 * (1 - limit) / limit))


def mcnemar_p(flips: Flips) -> float:
    """Two-sided p-value of McNemar's exact test that as many samples were lost as won; 1 when nothing flipped.

    To be printed, not gated on: with enough samples it rejects a difference that a budget allows.
    """
    from scipy.stats import binomtest

    flipped = flips.negative + flips.positive
    return float(binomtest(min(flips.negative, flips.positive), flipped).pvalue) if flipped else 1.0
