"""One figure against one limit: on the limit is within it, and nothing unreadable passes."""

from __future__ import annotations

import math

import pytest

from harness.core.finding import Verdict
from harness.judge.interval import judge_exact, judge_interval

PASS, OVER, OPEN, ERROR = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE, Verdict.ERROR
INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("value", "limit", "at_most", "at_least"),
    [
        pytest.param(1.0, 1.0, PASS, PASS, id="on the limit"),
        pytest.param(math.nextafter(1.0, 2), 1.0, OVER, PASS, id="the next number above"),
        pytest.param(math.nextafter(1.0, 0), 1.0, PASS, OVER, id="the next number below"),
        pytest.param(79.6, 80.0, PASS, OVER, id="79.6 is not 80"),
        pytest.param(80.4, 80.0, OVER, PASS, id="nor is 80.4"),
        pytest.param(0.0, 0.0, PASS, PASS, id="exactly 0 at 0"),
        pytest.param(-0.0, 0.0, PASS, PASS, id="-0 at 0"),
        pytest.param(0.0, 1.0, PASS, OVER, id="exactly 0 is a figure"),
        pytest.param(5e-324, 0.0, OVER, PASS, id="the least above 0"),
        pytest.param(-1.0, 0.0, PASS, OVER, id="negative"),
        pytest.param(NAN, 1.0, ERROR, ERROR, id="NaN"),
        pytest.param(INF, 1.0, ERROR, ERROR, id="infinity"),
        pytest.param(-INF, 1.0, ERROR, ERROR, id="-infinity"),
        pytest.param(2**53 + 1, 2.0**53, OVER, PASS, id="whole numbers beyond floats"),
    ],
)
def test_exact(value: float, limit: float, at_most: Verdict, at_least: Verdict) -> None:
    assert judge_exact(value, limit, at_most=True) is at_most
    assert judge_exact(value, limit, at_most=False) is at_least


@pytest.mark.parametrize("value", [0.0, 1.0, NAN])
def test_a_limit_that_is_no_number_passes_nothing(value: float) -> None:
    assert judge_exact(value, NAN, at_most=True) is not PASS
    assert judge_interval((value, value), NAN, at_most=True) is not PASS
    assert judge_interval((value, value), NAN, at_most=False) is not PASS


@pytest.mark.parametrize(
    ("interval", "at_most", "at_least"),
    [
        pytest.param((0.8, 0.9), PASS, OVER, id="below"),
        pytest.param((0.8, 1.0), PASS, OPEN, id="up to the limit"),
        pytest.param((0.8, math.nextafter(1.0, 2)), OPEN, OPEN, id="a hair beyond"),
        pytest.param((0.9, 1.1), OPEN, OPEN, id="across"),
        pytest.param((1.0, 1.1), OPEN, PASS, id="from the limit"),
        pytest.param((math.nextafter(1.0, 2), 1.1), OVER, PASS, id="from a hair beyond"),
        pytest.param((1.1, 1.2), OVER, PASS, id="above"),
        pytest.param((1.0, 1.0), PASS, PASS, id="the limit itself"),
        pytest.param((0.8, math.nextafter(1.0, 0)), PASS, OVER, id="up to a hair below"),
        pytest.param((-INF, INF), OPEN, OPEN, id="nothing known"),
        pytest.param((-INF, 0.5), PASS, OVER, id="no lower end"),
        pytest.param((1.5, INF), OVER, PASS, id="no upper end"),
        pytest.param((NAN, 0.5), ERROR, ERROR, id="NaN below"),
        pytest.param((0.5, NAN), ERROR, ERROR, id="NaN above"),
        pytest.param((NAN, NAN), ERROR, ERROR, id="NaN"),
        pytest.param((0.9, 0.8), ERROR, ERROR, id="turned around"),
    ],
)
def test_interval_against_1(interval: tuple[float, float], at_most: Verdict, at_least: Verdict) -> None:
    assert judge_interval(interval, 1.0, at_most=True) is at_most
    assert judge_interval(interval, 1.0, at_most=False) is at_least
