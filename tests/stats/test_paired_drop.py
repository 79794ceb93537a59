"""Tango's score test: against a numeric optimum, by symmetry, by hand, and by simulation."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.stats.paired_drop import Flips, deciding_n, drop_interval, score

Z = 1.6448536269514722
"""One-sided 0.05."""


@st.composite
def tables(draw: st.DrawFn) -> Flips:
    n = draw(st.integers(1, 3000))
    negative = draw(st.integers(0, n))
    return Flips(n=n, negative=negative, positive=draw(st.integers(0, n - negative)))


def numeric_score(flips: Flips, drop: float) -> float:
    """The same test with the restricted likelihood maximised by bisection of its derivative.

    P(negative flip) = q + drop, P(positive flip) = q, P(no flip) = 1 - 2q - drop. The log-likelihood is concave in q, so
    its derivative falls from the lower end of what q can be to the upper one.
    """
    n, b, c = flips.n, flips.negative, flips.positive
    low, high = max(0.0, -drop), (1 - drop) / 2

    def slope(q: float) -> float:
        parts = ((b, q + drop, 1.0), (c, q, 1.0), (n - b - c, 1 - 2 * q - drop, -2.0))
        return sum(count * sign / max(share, 1e-300) for count, share, sign in parts if count)

    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    q = (low + high) / 2
    return (b - c - n * drop) / math.sqrt(n * (2 * q + drop * (1 - drop)))


@settings(deadline=None, database=None, derandomize=True, max_examples=150)
@given(tables(), st.floats(-0.95, 0.95))
def test_score_is_that_of_the_restricted_maximum_likelihood(flips: Flips, drop: float) -> None:
    assume(abs(drop) > 1e-4)

    assert score(flips, drop) == pytest.approx(numeric_score(flips, drop), rel=1e-6, abs=1e-6)


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(tables(), st.floats(-0.99, 0.99))
def test_exchanging_the_models_turns_the_sign(flips: Flips, drop: float) -> None:
    turned = Flips(n=flips.n, negative=flips.positive, positive=flips.negative)

    assert score(turned, -drop) == pytest.approx(-score(flips, drop), rel=1e-7, abs=1e-7)


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(tables(), st.floats(-0.99, 0.99), st.floats(0.2, 3.0))
def test_the_interval_holds_exactly_the_drops_that_are_not_rejected(flips: Flips, limit: float, z: float) -> None:
    low, high = drop_interval(flips, z)
    value = score(flips, limit)
    assume(abs(abs(value) - z) > 1e-6)

    assert low <= flips.drop <= high
    assert (limit < low) == (value > z), "fail: the whole interval lies above the limit"
    assert (limit > high) == (value < -z), "pass: the whole interval lies below the limit"


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(tables(), st.floats(-0.99, 0.98), st.floats(0.001, 0.5))
def test_the_score_falls_as_the_hypothesis_rises(flips: Flips, drop: float, step: float) -> None:
    assert score(flips, min(drop + step, 0.999)) <= score(flips, drop) + 1e-9


@pytest.mark.parametrize(
    ("negative", "positive"), [pytest.param(b, b, id=f"{b} each way") for b in (0, 1, 10, 50, 250)]
)
def test_as_many_lost_as_won_is_a_drop_of_nothing(negative: int, positive: int) -> None:
    flips = Flips(n=500, negative=negative, positive=positive)
    low, high = drop_interval(flips, Z)

    assert flips.drop == 0.0
    assert score(flips, 0.0) == 0.0
    assert low == pytest.approx(-high, abs=1e-9)
    assert low < 0 < high, "no flip is no proof that nothing was lost"


@pytest.mark.parametrize("n", [1, 10, 269, 270, 271, 100_000])
def test_no_flip_at_all_by_hand(n: int) -> None:
    """With b = c = 0 the score is -sqrt(n D / (1 - D)), so the interval ends at z^2 / (n + z^2)."""
    flips = Flips(n=n, negative=0, positive=0)

    assert score(flips, 0.01) == pytest.approx(-math.sqrt(n * 0.01 / 0.99))
    assert drop_interval(flips, Z) == pytest.approx((-(Z**2) / (n + Z**2), Z**2 / (n + Z**2)), abs=1e-9)


def test_mcnemar_at_a_drop_of_nothing() -> None:
    """At D = 0 the score test is McNemar's: (b - c) / sqrt(b + c)."""
    assert score(Flips(n=1000, negative=30, positive=14), 0.0) == pytest.approx(16 / math.sqrt(44))


@pytest.mark.parametrize(
    ("flips", "interval"),
    [
        pytest.param(Flips(n=20, negative=20, positive=0), (None, 1.0), id="all lost"),
        pytest.param(Flips(n=20, negative=0, positive=20), (-1.0, None), id="all won"),
        pytest.param(Flips(n=1, negative=1, positive=0), (None, 1.0), id="one sample, lost"),
        pytest.param(Flips(n=1, negative=0, positive=1), (-1.0, None), id="one sample, won"),
    ],
)
def test_the_interval_stays_within_what_a_drop_can_be(
    flips: Flips, interval: tuple[float | None, float | None]
) -> None:
    found = drop_interval(flips, Z)

    assert -1.0 <= found[0] < found[1] <= 1.0
    for end, expected in zip(found, interval, strict=True):
        assert expected is None or end == expected


@pytest.mark.parametrize(
    ("n", "negative", "positive"),
    [
        pytest.param(0, 0, 0, id="no sample"),
        pytest.param(-1, 0, 0, id="negative n"),
        pytest.param(10, -1, 0, id="negative flips below zero"),
        pytest.param(10, 0, -1, id="positive flips below zero"),
        pytest.param(10, 6, 5, id="more flips than samples"),
    ],
)
def test_what_is_no_paired_table_is_refused(n: int, negative: int, positive: int) -> None:
    with pytest.raises(ValueError, match="not a paired table"):
        Flips(n=n, negative=negative, positive=positive)


def share_rejected(
    n: int, flip: float, drop: float, limit: float, seed: int, tables: int = 20_000
) -> tuple[float, float]:
    """Shares of simulated tables whose score fails, and passes, the *limit*, at a true *drop* and flip rate *flip*."""
    shares = [(flip + drop) / 2, (flip - drop) / 2, 1 - flip]
    drawn = Counter(map(tuple, np.random.default_rng(seed).multinomial(n, shares, size=tables)[:, :2].tolist()))
    fails = passes = 0
    for (negative, positive), times in drawn.items():
        value = score(Flips(n=n, negative=negative, positive=positive), limit)
        fails += times * (value > Z)
        passes += times * (value < -Z)
    return fails / tables, passes / tables


@pytest.mark.parametrize(
    ("n", "flip", "limit"),
    [
        pytest.param(500, 0.05, 0.01, id="n=500, 1 pp, 5 % flip"),
        pytest.param(500, 0.10, 0.02, id="n=500, 2 pp, 10 % flip"),
        pytest.param(2000, 0.05, 0.01, id="n=2000, 1 pp, 5 % flip"),
        pytest.param(2000, 0.02, 0.01, id="n=2000, 1 pp, 2 % flip"),
    ],
)
def test_error_at_the_limit_is_the_nominal_one(n: int, flip: float, limit: float) -> None:
    """A true drop exactly at the limit: each wrong decision is taken in 5 % of the cases, give or take 1.2 points.

    The statistic is discrete; three standard errors of 20,000 tables are 0.5 points, the rest is its steps.
    """
    fails, passes = share_rejected(n, flip, limit, limit, seed=n)

    assert abs(fails - 0.05) <= 0.012, f"fails {fails:.4f} of the tables at the limit"
    assert abs(passes - 0.05) <= 0.012, f"passes {passes:.4f} of the tables at the limit"


@pytest.mark.parametrize(
    ("flip", "limit", "n"),
    [
        pytest.param(0.02, 0.01, 1237, id="2 %, 1 pp"),
        pytest.param(0.05, 0.01, 3092, id="5 %, 1 pp"),
        pytest.param(0.10, 0.02, 1546, id="10 %, 2 pp"),
        pytest.param(0.01, 0.005, 2474, id="1 %, 0.5 pp"),
    ],
)
def test_samples_that_decide(flip: float, limit: float, n: int) -> None:
    """The table of docs/statistics.md, and that so many samples have the power that is claimed for them."""
    half = round(10_000 * flip / 2)

    assert deciding_n(Flips(n=10_000, negative=half, positive=half), limit) == n
    assert deciding_n(Flips(n=10_000, negative=2 * half, positive=0), limit) == n, (
        "it asks how many flip, not which way"
    )

    fails, passes = share_rejected(n, flip, 0.0, limit, seed=n)
    assert abs(passes - 0.8) <= 0.05, f"power {passes:.4f} at n = {n}; the formula is a normal approximation"
    assert fails < 0.001


def test_a_loss_of_twice_the_limit_fails() -> None:
    fails, passes = share_rejected(3092, 0.05, 0.02, 0.01, seed=1)

    assert fails >= 0.75, f"fails {fails:.4f}"
    assert passes < 0.001, f"passes {passes:.4f}"


@pytest.mark.parametrize(
    ("flips", "limit", "n"),
    [
        pytest.param(Flips(n=100, negative=2, positive=0), 0.0, None, id="no n shows a drop of 0"),
        pytest.param(Flips(n=100, negative=2, positive=0), -0.1, None, id="below 0"),
        pytest.param(Flips(n=100, negative=0, positive=0), 0.01, 619, id="no flip counts as one"),
        pytest.param(Flips(n=100, negative=1, positive=0), 0.01, 619, id="one flip"),
        pytest.param(Flips(n=267, negative=0, positive=0), 0.01, 268, id="the least n that the score test asks for"),
        pytest.param(Flips(n=10**6, negative=0, positive=0), 0.005, 539, id="the least n for half a point"),
        pytest.param(Flips(n=10, negative=0, positive=0), 1.0, 1, id="everything may be lost"),
    ],
)
def test_samples_that_decide_at_the_edges(flips: Flips, limit: float, n: int | None) -> None:
    assert deciding_n(flips, limit) == n
