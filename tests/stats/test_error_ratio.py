"""The score test for a ratio of error rates: against a numeric optimum, by symmetry, by hand, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.stats.error_ratio import Errors, deciding_n_ratio, ratio_interval, ratio_score

Z = 1.6448536269514722
"""One-sided 0.05."""
INF = math.inf


@st.composite
def tables(draw: st.DrawFn) -> Errors:
    n = draw(st.integers(1, 3000))
    negative = draw(st.integers(0, n))
    positive = draw(st.integers(0, n - negative))
    return Errors(n=n, negative=negative, positive=positive, both_wrong=draw(st.integers(0, n - negative - positive)))


thetas = st.floats(-4.0, 4.0).map(math.exp)


def numeric_score(errors: Errors, theta: float) -> float:
    """The same test with the restricted likelihood maximised by bisection of its derivative.

    P(positive flip) = q, P(both wrong) = (s - (1 + theta) q) / theta, P(negative flip) = ((theta - 1) s + q) / theta.
    The hypothesis says nothing of samples that both get right, so s is the share of all others. The log-likelihood is
    concave in q, so its derivative falls from the lower end of what q can be to the upper one.
    """
    n, b, c, d = errors.n, errors.negative, errors.positive, errors.both_wrong
    s = (b + c + d) / n
    low, high = max(0.0, (1 - theta) * s), s / (1 + theta)

    def slope(q: float) -> float:
        parts = ((b, (theta - 1) * s + q, 1.0), (c, q, 1.0), (d, s - (1 + theta) * q, -(1 + theta)))
        return sum(count * sign / max(share, 1e-300) for count, share, sign in parts if count)

    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    q = (low + high) / 2
    negative, both = ((theta - 1) * s + q) / theta, (s - (1 + theta) * q) / theta
    return (b + d - theta * (c + d)) / math.sqrt(n * (negative + theta**2 * q + (1 - theta) ** 2 * both))


@settings(deadline=None, database=None, derandomize=True, max_examples=150)
@given(tables(), thetas)
def test_score_is_that_of_the_restricted_maximum_likelihood(errors: Errors, theta: float) -> None:
    assume(abs(theta - 1) > 1e-4 and errors.current + errors.reference > 0)

    assert ratio_score(errors, theta) == pytest.approx(numeric_score(errors, theta), rel=1e-6, abs=1e-6)


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(tables(), thetas)
def test_exchanging_the_models_turns_the_sign(errors: Errors, theta: float) -> None:
    turned = Errors(n=errors.n, negative=errors.positive, positive=errors.negative, both_wrong=errors.both_wrong)

    assert ratio_score(turned, 1 / theta) == pytest.approx(-ratio_score(errors, theta), rel=1e-7, abs=1e-7)


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(tables(), thetas, st.integers(1, 10**6))
def test_samples_that_both_get_right_say_nothing(errors: Errors, theta: float, more: int) -> None:
    longer = Errors(n=errors.n + more, negative=errors.negative, positive=errors.positive, both_wrong=errors.both_wrong)

    assert ratio_score(longer, theta) == ratio_score(errors, theta)


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(tables(), thetas, st.floats(0.2, 3.0))
def test_the_interval_holds_exactly_the_ratios_that_are_not_rejected(errors: Errors, limit: float, z: float) -> None:
    low, high = ratio_interval(errors, z)
    value = ratio_score(errors, limit)
    assume(abs(abs(value) - z) > 1e-6)

    assert math.isnan(errors.ratio) or low <= errors.ratio <= high
    assert (limit < low) == (value > z), "fail: the whole interval lies above the limit"
    assert (limit > high) == (value < -z), "pass: the whole interval lies below the limit"


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(tables(), thetas, st.floats(1.001, 10.0))
def test_the_score_falls_as_the_hypothesis_rises(errors: Errors, theta: float, factor: float) -> None:
    assert ratio_score(errors, theta * factor) <= ratio_score(errors, theta) + 1e-9


@pytest.mark.parametrize(
    ("negative", "positive", "both_wrong"),
    [
        pytest.param(0, 0, 1, id="one error, shared"),
        pytest.param(1, 1, 0, id="one error each"),
        pytest.param(10, 10, 40, id="50 errors each"),
        pytest.param(250, 250, 0, id="all of them errors"),
    ],
)
def test_as_many_errors_is_a_ratio_of_one(negative: int, positive: int, both_wrong: int) -> None:
    errors = Errors(n=500, negative=negative, positive=positive, both_wrong=both_wrong)
    low, high = ratio_interval(errors, Z)

    assert errors.ratio == 1.0
    assert ratio_score(errors, 1.0) == 0.0
    assert low == pytest.approx(1 / high, rel=1e-8)
    assert low < 1 < high, "no flip is no proof that the rate is the same"


@pytest.mark.parametrize("both_wrong", [1, 10, 13, 14, 1000])
def test_no_flip_at_all_by_hand(both_wrong: int) -> None:
    """With b = c = 0 the score is -sqrt(d (theta - 1)) above 1 and sqrt(d (1 / theta - 1)) below: ends at 1 + z^2 / d."""
    errors = Errors(n=1000, negative=0, positive=0, both_wrong=both_wrong)
    end = 1 + Z**2 / both_wrong

    assert ratio_score(errors, 1.2) == pytest.approx(-math.sqrt(both_wrong * 0.2))
    assert ratio_score(errors, 0.5) == pytest.approx(math.sqrt(both_wrong))
    assert ratio_interval(errors, Z) == pytest.approx((1 / end, end), rel=1e-8)
    assert (end < 1.2) == (both_wrong > 13), "14 shared errors are the least that show a ratio below 1.2"


def test_mcnemar_at_a_ratio_of_one() -> None:
    """At theta = 1 the score test is McNemar's: (b - c) / sqrt(b + c), whatever both get wrong."""
    assert ratio_score(Errors(n=1000, negative=30, positive=14, both_wrong=7), 1.0) == pytest.approx(16 / math.sqrt(44))


@pytest.mark.parametrize(
    ("negative", "positive", "ratio", "interval"),
    [
        # With errors on one side only, b or c of them, the score is sqrt(b / theta) or -sqrt(c theta).
        pytest.param(0, 0, math.nan, (0.0, INF), id="no error on either side"),
        pytest.param(1, 0, INF, (1 / Z**2, INF), id="the current model makes the only error"),
        pytest.param(9, 0, INF, (9 / Z**2, INF), id="the reference makes none"),
        pytest.param(0, 1, 0.0, (0.0, Z**2), id="the reference makes the only error"),
        pytest.param(0, 9, 0.0, (0.0, Z**2 / 9), id="the current model makes none"),
    ],
)
@pytest.mark.parametrize("n", [9, 10**6])
def test_errors_on_one_side_only(
    n: int, negative: int, positive: int, ratio: float, interval: tuple[float, float]
) -> None:
    errors = Errors(n=n, negative=negative, positive=positive, both_wrong=0)

    assert errors.ratio == pytest.approx(ratio, nan_ok=True)
    assert ratio_interval(errors, Z) == pytest.approx(interval, rel=1e-8)


@pytest.mark.parametrize("theta", [0.01, 1.0, 100.0])
def test_no_error_at_all_decides_nothing(theta: float) -> None:
    assert ratio_score(Errors(n=10**6, negative=0, positive=0, both_wrong=0), theta) == 0.0


def test_ends_far_out_keep_their_digits() -> None:
    errors = Errors(n=10**9, negative=10**8, positive=1, both_wrong=0)

    for end, value in zip(ratio_interval(errors, Z), (Z, -Z), strict=True):
        assert ratio_score(errors, end) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("n", "negative", "positive", "both_wrong"),
    [
        pytest.param(0, 0, 0, 0, id="no sample"),
        pytest.param(-1, 0, 0, 0, id="negative n"),
        pytest.param(10, -1, 0, 5, id="negative flips below zero"),
        pytest.param(10, 0, -1, 5, id="positive flips below zero"),
        pytest.param(10, 5, 5, -1, id="shared errors below zero"),
        pytest.param(10, 4, 4, 3, id="more errors than samples"),
    ],
)
def test_what_is_no_paired_table_is_refused(n: int, negative: int, positive: int, both_wrong: int) -> None:
    with pytest.raises(ValueError, match="not a paired table"):
        Errors(n=n, negative=negative, positive=positive, both_wrong=both_wrong)


@pytest.mark.parametrize("theta", [0.0, -1.2, INF, math.nan])
def test_what_is_no_ratio_is_refused(theta: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        ratio_score(Errors(n=10, negative=1, positive=1, both_wrong=1), theta)


def share_rejected(
    n: int, error: float, shared: float, ratio: float, limit: float, seed: int, tables: int = 20_000
) -> tuple[float, float]:
    """Shares of simulated tables whose score fails, and passes, the *limit*, at a true *ratio*.

    The reference is wrong at a rate of *error*; the current model is too on the share *shared* of these samples.
    """
    both = error * shared
    shares = [ratio * error - both, error - both, both, 1 - (1 + ratio) * error + both]
    fails = passes = 0
    for b, c, d, _ in np.random.default_rng(seed).multinomial(n, shares, size=tables).tolist():
        value = ratio_score(Errors(n=n, negative=b, positive=c, both_wrong=d), limit)
        fails += value > Z
        passes += value < -Z
    return fails / tables, passes / tables


@pytest.mark.parametrize("n", [500, 2000])
@pytest.mark.parametrize("error", [0.05, 0.10])
@pytest.mark.parametrize("limit", [1.2, 2.0])
@pytest.mark.parametrize("shared", [0.5, 0.8, 0.95])
def test_error_at_the_limit_is_the_nominal_one(limit: float, error: float, n: int, shared: float) -> None:
    """A true ratio exactly at the limit: each wrong decision is taken in 5 % of the cases, give or take 1.2 points.

    Three standard errors of 20,000 tables are 0.5 points, and with half or 80 % of the reference's errors shared no
    more is needed. The rest is for 25 errors of which 95 % are shared: with one or two positive flips the score is
    skewed, and a limit of 1.2 fails 6.1 % and passes 4.4 % of the tables.
    """
    fails, passes = share_rejected(n, error, shared, limit, limit, seed=n)
    tolerance = 0.005 if shared < 0.9 else 0.012

    assert abs(fails - 0.05) <= tolerance, f"fails {fails:.4f} of the tables at the limit"
    assert abs(passes - 0.05) <= tolerance, f"passes {passes:.4f} of the tables at the limit"


@pytest.mark.parametrize(
    ("theta", "error", "shared", "n", "most"),
    [
        pytest.param(1.2, 0.05, 0.6, 3065, 0.85, id="1.2, 5 %, 60 % shared"),
        pytest.param(1.2, 0.10, 0.6, 1532, 0.85, id="1.2, 10 %, 60 % shared"),
        pytest.param(1.5, 0.05, 0.8, 425, 0.85, id="1.5, 5 %, 80 % shared"),
        pytest.param(2.0, 0.05, 0.6, 270, 0.85, id="2, 5 %, 60 % shared"),
        pytest.param(2.0, 0.10, 0.8, 95, 0.90, id="2, 10 %, 80 % shared"),
        pytest.param(1.2, 0.05, 0.98, 528, 0.90, id="1.2, 5 %, 98 % shared"),
        pytest.param(1.2, 0.05, 1.0, 406, 0.95, id="1.2, 5 %, all shared"),
        pytest.param(2.0, 0.05, 1.0, 122, 0.95, id="2, 5 %, all shared"),
    ],
)
def test_samples_that_decide(theta: float, error: float, shared: float, n: int, most: float) -> None:
    """So many samples have the power that is claimed for them; more than that when most errors are shared.

    The approximation takes no account of the variance's own scatter, which then works for the test.
    """
    size = 100_000
    wrong = round(size * error)
    both = round(wrong * shared)
    errors = Errors(n=size, negative=wrong - both, positive=wrong - both, both_wrong=both)
    assert deciding_n_ratio(errors, theta) == n

    fails, passes = share_rejected(n, error, shared, 1.0, theta, seed=n)
    assert 0.77 <= passes <= most, f"power {passes:.4f} at n = {n}; the formula is a normal approximation"
    assert fails < 0.001


def test_it_asks_how_many_flip_not_which_way() -> None:
    both_ways = Errors(n=10_000, negative=100, positive=100, both_wrong=400)
    one_way = Errors(n=10_000, negative=200, positive=0, both_wrong=500)

    assert deciding_n_ratio(both_ways, 1.5) == deciding_n_ratio(one_way, 1.5)


def test_half_more_errors_fail_a_limit_of_a_fifth() -> None:
    fails, passes = share_rejected(3065, 0.05, 0.6, 1.5, 1.2, seed=1)

    assert fails >= 0.85, f"fails {fails:.4f}"
    assert passes < 0.001, f"passes {passes:.4f}"


def without_flips(error: float, theta: float) -> int:
    """By hand: the score test estimates (theta - 1) e per sample, and the truth is (theta - 1)^2 e (1 - e)."""
    tested, true = (theta - 1) * error, (theta - 1) ** 2 * error * (1 - error)
    return math.ceil(((1.6449 * math.sqrt(tested) + 0.8416 * math.sqrt(true)) / (error * (theta - 1))) ** 2)


@pytest.mark.parametrize(
    ("errors", "theta", "n"),
    [
        pytest.param(Errors(n=100, negative=2, positive=2, both_wrong=3), 1.0, None, id="no n shows a ratio of 1"),
        pytest.param(Errors(n=100, negative=2, positive=2, both_wrong=3), 0.9, None, id="below 1"),
        pytest.param(
            Errors(n=10**9, negative=0, positive=0, both_wrong=5 * 10**7), 1.2, without_flips(0.05, 1.2), id="no flip"
        ),
        pytest.param(
            Errors(n=10**9, negative=0, positive=0, both_wrong=10**8), 2.0, without_flips(0.1, 2.0), id="no flip, 2"
        ),
    ],
)
def test_samples_that_decide_at_the_edges(errors: Errors, theta: float, n: int | None) -> None:
    assert deciding_n_ratio(errors, theta) == n


@pytest.mark.parametrize(
    ("errors", "same"),
    [
        pytest.param((0, 0, 0), (0, 1, 0), id="no error counts as one, no flip as one"),
        pytest.param((0, 0, 5), (0, 1, 4), id="no flip counts as one"),
        pytest.param((9, 0, 0), (1, 1, 0), id="no more flips than the reference has errors to lose"),
        pytest.param((9, 0, 2), (2, 2, 0), id="likewise"),
    ],
)
def test_what_is_assumed_where_nothing_was_seen(errors: tuple[int, int, int], same: tuple[int, int, int]) -> None:
    found, expected = (
        deciding_n_ratio(Errors(n=100, negative=b, positive=c, both_wrong=d), 1.5) for b, c, d in (errors, same)
    )

    assert found == expected
    assert found is not None and found > 100


@pytest.mark.parametrize("both_wrong", [0, 1])
def test_one_sample_is_never_enough(both_wrong: int) -> None:
    found = deciding_n_ratio(Errors(n=1, negative=0, positive=0, both_wrong=both_wrong), 1.2)

    assert found is not None and found > 1
