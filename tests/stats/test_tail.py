"""The binomial rule for tail percentiles, against the figures of its publication."""

import pytest

from harness.stats.tail import Tail, judge_tail

SMALLEST = [(90, 0, 44), (90, 1, 64), (95, 0, 90), (95, 1, 130), (99, 0, 459), (99, 1, 662), (99.9, 0, 4603)]


@pytest.mark.parametrize(("percent", "exceeding", "n"), SMALLEST)
def test_the_smallest_n_that_shows_a_percentile_within(percent: float, exceeding: int, n: int) -> None:
    assert judge_tail(exceeding, n, percent) is Tail.WITHIN
    assert judge_tail(exceeding, n - 1, percent) is Tail.UNDECIDED


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
