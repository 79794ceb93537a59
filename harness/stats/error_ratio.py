"""Score test and interval for the ratio of two error rates on the same samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.measurement import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Which of *n* samples the reference, the current model, or both got wrong."""

    n: int
    negative: int
    """Reference right, current wrong."""
    positive: int
    """Reference wrong, current right."""
    both_wrong: int

    def __post_init__(self) -> None:
        counts = (self.negative, self.positive, self.both_wrong)
        if self.n <= 0 or min(counts) < 0 or sum(counts) > self.n:
            raise ValueError(
                f"not a paired table: n={self.n}, negative={self.negative}, positive={self.positive}, "
                f"both_wrong={self.both_wrong}"
            )

    @property
    def current(self) -> int:
        """Errors of the current model."""
        return self.negative + self.both_wrong

    @property
    def reference(self) -> int:
        """Errors of the reference."""
        return self.positive + self.both_wrong

    @property
    def ratio(self) -> float:
        """Errors of the current model per error of the reference; infinite or NaN when the reference makes none."""
        if self.reference == 0:
            return math.inf if self.current else math.nan
        return self.current / self.reference


def ratio_score(errors: Errors, theta: float) -> float:
    """The z for the hypothesis that the current error rate is *theta* times that of the reference.

    N.-S. Tang, M.-L. Tang and I. S. F. Chan, Statistics in Medicine 22 (2003) 1217-1233, written with errors instead of
    responses. Positive z: the data lie above the hypothesis. Samples that both get right don't enter.

    Raises:
        ValueError: theta is not positive and finite.
    """
    if not 0 < theta < math.inf:
        raise ValueError(f"a ratio must be positive and finite, not {theta}")
    b, c, d = errors.negative, errors.positive, errors.both_wrong
    if theta < 1:
        # The same hypothesis with the models exchanged; it spares a second form of the roots.
        return -_score_from_one_up(c, b, d, 1 / theta)
    return _score_from_one_up(b, c, d, theta)


def ratio_interval(errors: Errors, z: float) -> Interval:
    """The ratios that the score test does not reject at *z*: its two-sided interval, from 0 to infinity without errors.

    The lower end is 0 when the current model makes no error, the upper one infinite when the reference makes none.
    """
    from scipy.optimize import brentq

    # Ends that are neither 0 nor infinite lie between n (z^2 + 2) and its inverse, far inside of e^60.
    edge = 60.0

    def crossing(target: float) -> float:
        def gap(logarithm: float) -> float:
            value = ratio_score(errors, math.exp(logarithm))
            return max(min(value, 1e6), -1e6) - target

        if gap(-edge) <= 0:
            return 0.0
        if gap(edge) >= 0:
            return math.inf
        return math.exp(brentq(gap, -edge, edge, xtol=1e-10))

    return (crossing(z), crossing(-z))


def deciding_n_ratio(errors: Errors, theta: float) -> int | None:
    """Samples that would decide a budget *theta* with power 0.8 at one-sided 0.05, if both made as many errors.

    n = ((z_.95 s_0 + z_.80 s_1) / (e (theta - 1)))^2, a normal approximation: e the reference's error rate, s_1 the
    standard deviation per sample with as many flips each way, s_0 the one that the score test then estimates. With
    few flips s_0 is much the larger: s_1 alone would leave a power below 0.5. At least one error and one flip are
    assumed, so that a run without them does not claim that no sample is needed. None for theta up to 1.
    """
    if theta <= 1:
        return None
    wrong = max(errors.reference, 1)
    # Each way; as many as observed, but the reference can't have lost more errors than it made.
    flips = min(max(errors.negative + errors.positive, 1) / 2, wrong)
    gap = wrong * (theta - 1)
    tested = _variance(flips, flips, wrong - flips, theta)
    true = 2 * theta * flips + wrong * (1 - wrong / errors.n) * (theta - 1) ** 2
    return math.ceil(errors.n * ((1.6449 * math.sqrt(tested) + 0.8416 * math.sqrt(true)) / gap) ** 2)


def _score_from_one_up(b: int, c: int, d: int, theta: float) -> float:
    variance = _variance(b, c, d, theta)
    # Only without a flip at a ratio of 1, and without an error at any: then there is no gap either.
    return (b + d - theta * (c + d)) / math.sqrt(variance) if variance > 0 else 0.0


def _variance(b: float, c: float, d: float, theta: float) -> float:
    """Variance of b + d - theta (c + d) under the hypothesis, *theta* at least 1; the counts may be expected ones.

    q is the restricted estimate of c: the larger root of
    (1 + theta) q^2 + ((c + d) (theta^2 - 1) - (b + c)) q - c (theta - 1) (b + c + d) = 0.
    """
    wrong = b + c + d
    linear = (c + d) * (theta * theta - 1) - (b + c)
    root = math.sqrt(linear * linear + 4 * (theta * theta - 1) * c * wrong)
    # Two forms of one root: root - linear loses its digits when linear is large and positive.
    q = 2 * c * (theta - 1) * wrong / (linear + root) if linear > 0 else (root - linear) / (2 * (1 + theta))
    return (1 + theta) * q + (theta - 1) * wrong
