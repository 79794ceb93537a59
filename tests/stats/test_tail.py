"""The binomial rule for tail percentiles, against the figures of its publication."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy.stats import norm

from harness.stats.tail import Tail, judge_tail, least_n

SMALLEST = [
    (90, 0, 44),
    (90, 1, 64),
    (95, 0, 90),
    (95, 1, 130),
    (99, 0, 459),
    (99, 1, 662),
    (99.9, 0, 4603),
    (99.9, 1, 6636),
]


@pytest.mark.parametrize(("percent", "exceeding", "n"), SMALLEST)
def test_the_smallest_n_that_shows_a_percentile_within(percent: float, exceeding: int, n: int) -> None:
    assert judge_tail(exceeding, n, percent) is Tail.WITHIN
    assert judge_tail(exceeding, n - 1, percent) is Tail.UNDECIDED
    assert least_n(percent, exceeding) == n


@pytest.mark.parametrize(
    ("exceeding", "expected"),
    [
        pytest.param(50, Tail.WITHIN, id="half as many as at the limit"),
        pytest.param(100, Tail.UNDECIDED, id="as many as at the limit"),
        pytest.param(150, Tail.BEYOND, id="half more than at the limit"),
        pytest.param(1000, Tail.BEYOND, id="all of them"),
    ],
)
def test_p90_of_a_thousand_samples(exceeding: int, expected: Tail) -> None:
    assert judge_tail(exceeding, 1000, 90) is expected


@pytest.mark.parametrize(("exceeding", "n"), [(0, 0), (-1, 10), (11, 10)])
def test_impossible_counts_are_refused(exceeding: int, n: int) -> None:
    with pytest.raises(ValueError, match="samples"):
        judge_tail(exceeding, n, 90)


@pytest.mark.parametrize(
    ("percent", "exceeding", "confidence", "n"),
    [
        # With none exceeding: the first n with (percent / 100)^n < 1 - confidence.
        pytest.param(50, 0, 0.99, 7, id="median: 2^-7 < .01"),
        pytest.param(50, 0, 0.74, 2, id="2^-2 < .26"),
        pytest.param(50, 0, 0.76, 3, id="2^-2 > .24"),
        pytest.param(0.5, 0, 0.99, 1, id="one sample is enough: .005 < .01"),
        pytest.param(50, 1, 0.99, 11, id="(1 + 11) / 2^11 < .01"),
        pytest.param(90, 0, 0.95, 29, id="p90 at 95 %"),
        pytest.param(99, 0, 0.95, 299, id="p99 at 95 %"),
    ],
)
def test_the_smallest_n_by_hand(percent: float, exceeding: int, confidence: float, n: int) -> None:
    assert least_n(percent, exceeding, confidence) == n


@pytest.mark.parametrize("percent", [50, 90, 99])
def test_the_smallest_n_grows_with_the_samples_beyond(percent: float) -> None:
    found = [least_n(percent, exceeding) for exceeding in range(20)]

    assert found == sorted(set(found))
    for exceeding, n in enumerate(found):
        assert judge_tail(exceeding, n, percent) is Tail.WITHIN
        assert judge_tail(exceeding, n - 1, percent) is not Tail.WITHIN


@pytest.mark.parametrize(
    ("percent", "exceeding", "confidence"),
    [
        pytest.param(0, 0, 0.99, id="p0"),
        pytest.param(100, 0, 0.99, id="no n shows the maximum"),
        pytest.param(101, 0, 0.99, id="above p100"),
        pytest.param(math.nan, 0, 0.99, id="NaN"),
        pytest.param(90, -1, 0.99, id="fewer than none"),
        pytest.param(90, 0, 1.0, id="no n is certain"),
        pytest.param(90, 0, 0.0, id="no confidence"),
    ],
)
def test_what_has_no_smallest_n_is_refused(percent: float, exceeding: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no n"):
        least_n(percent, exceeding, confidence)


@pytest.mark.parametrize(
    ("percent", "n"),
    [
        pytest.param(90, 44, id="p90, the smallest n"),
        pytest.param(90, 1000, id="p90"),
        pytest.param(95, 500, id="p95"),
        pytest.param(99, 459, id="p99, the smallest n"),
        pytest.param(99, 1000, id="p99"),
    ],
)
def test_error_at_the_limit_is_at_most_the_nominal_one(percent: float, n: int) -> None:
    """A percentile exactly at the limit: each wrong decision in at most 1 % of 5,000 samples of skewed latencies.

    Three standard errors are 0.42 points. Counts are whole, so that 1 % is seldom used up.
    """
    limit = math.exp(norm.ppf(percent / 100))
    drawn = np.random.default_rng(n).lognormal(size=(5000, n))
    verdicts: Counter[Tail] = Counter()
    for exceeding, times in Counter((drawn > limit).sum(axis=1).tolist()).items():
        verdicts[judge_tail(exceeding, n, percent)] += times

    for wrong in (Tail.WITHIN, Tail.BEYOND):
        assert 0 < verdicts[wrong] / 5000 <= 0.01 + 0.0042, f"{wrong} in {verdicts[wrong] / 5000:.4f} of the samples"
