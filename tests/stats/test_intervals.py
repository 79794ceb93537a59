"""Intervals of a median and of a proportion: by hand, by exact probability, by simulation, at their edges."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy.stats import binom

from harness.stats.intervals import median_interval, proportion_interval

INF = math.inf


@pytest.mark.parametrize(
    ("n", "confidence", "low", "high"),
    [
        # Ranks r and n + 1 - r with r the largest for which 2 P(B < r) <= 1 - confidence, B ~ Bin(n, 1/2).
        pytest.param(5, 0.95, None, None, id="5 values can't give 95 %"),
        pytest.param(6, 0.95, 1, 6, id="6 values: 2 / 2^6 = .031 <= .05"),
        pytest.param(8, 0.95, 1, 8, id="8 values: 2 (1 + 8) / 2^8 = .07 > .05"),
        pytest.param(9, 0.95, 2, 8, id="9 values: 2 (1 + 9) / 2^9 = .039 <= .05"),
        pytest.param(14, 1 - 0.05 / 3, 3, 12, id="14 rounds: 2 (1 + 14 + 91) / 2^14 = .0129 <= .0167"),
        pytest.param(42, 1 - 0.05 / 3, 13, 30, id="42 rounds"),
    ],
)
def test_ends_are_these_order_statistics(n: int, confidence: float, low: int | None, high: int | None) -> None:
    values = [float(rank) for rank in range(1, n + 1)]
    random.Random(n).shuffle(values)

    assert median_interval(values, confidence) == (low or -INF, high or INF)


@pytest.mark.parametrize(
    ("values", "interval"),
    [
        pytest.param([], (-INF, INF), id="nothing"),
        pytest.param([1.0], (-INF, INF), id="one value"),
        pytest.param([2.0] * 14, (2.0, 2.0), id="all equal"),
        pytest.param([0.0] * 14, (0.0, 0.0), id="all exactly 0"),
        pytest.param([1.0] * 12 + [9.0] * 2, (1.0, 1.0), id="two outliers"),
    ],
)
def test_edges(values: list[float], interval: tuple[float, float]) -> None:
    assert median_interval(values, 0.95) == interval


@pytest.mark.parametrize("confidence", [0.9, 0.95, 1 - 0.05 / 3, 0.99])
def test_coverage_is_never_below_what_is_said(confidence: float) -> None:
    """Exactly: the interval of ranks l..h holds the median with P(l <= B < h), B ~ Bin(n, 1/2)."""
    for n in range(1, 44):
        low, high = median_interval([float(rank) for rank in range(1, n + 1)], confidence)
        below = binom.cdf(low - 1, n, 0.5) if math.isfinite(low) else 0.0
        above = binom.sf(high - 1, n, 0.5) if math.isfinite(high) else 0.0
        assert 1 - below - above >= confidence, f"n = {n}: [{low}, {high}]"


def test_coverage_in_simulation_whatever_the_distribution() -> None:
    """300 samples of 14 skewed values: 98.71 % hold the median exactly, give or take three standard errors of 0.65 %."""
    drawn = np.random.default_rng(7).lognormal(0.0, 1.5, size=(300, 14))
    held = 0
    for row in drawn.tolist():
        low, high = median_interval(row, 1 - 0.05 / 3)
        held += low <= 1.0 <= high

    assert held / len(drawn) >= 0.9871 - 3 * 0.0065, f"{held / len(drawn):.4f} hold the median"


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # With no success the upper end solves (1 - p)^n = 0.025; with all of them the lower end solves p^n = 0.025.
        pytest.param(0, 10, 0.0, 1 - 0.025 ** (1 / 10), id="none of 10"),
        pytest.param(10, 10, 0.025 ** (1 / 10), 1.0, id="all of 10"),
        pytest.param(0, 1, 0.0, 0.975, id="none of 1"),
        pytest.param(1, 1, 0.025, 1.0, id="all of 1"),
        pytest.param(5, 10, 0.18708602844739855, 0.8129139715526015, id="half of 10"),
        pytest.param(360, 360, 0.025 ** (1 / 360), 1.0, id="all of 360 is no proof of all"),
    ],
)
def test_proportion(successes: int, n: int, low: float, high: float) -> None:
    found = proportion_interval(successes, n, 0.95)

    assert found == pytest.approx((low, high), abs=1e-9)
    assert found[0] == 0.0 or successes > 0
    assert all(type(end) is float for end in found)


@pytest.mark.parametrize(
    ("successes", "n"),
    [
        pytest.param(0, 0, id="no sample"),
        pytest.param(0, -1, id="n negative"),
        pytest.param(-1, 10, id="successes negative"),
        pytest.param(11, 10, id="more successes than samples"),
    ],
)
def test_what_is_no_proportion_is_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="must"):
        proportion_interval(successes, n, 0.95)
