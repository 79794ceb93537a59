"""Limits on flips, in points and as a multiple of the errors: every rule on both sides of its limit."""

from __future__ import annotations

import math

import pytest

from harness.core.finding import Verdict
from harness.core.limits import Limit, parse_limit
from harness.core.metrics import METRICS
from harness.judge.flips import judge_flips, say_flips, say_needed
from harness.stats.paired_drop import Flips

PASS, OVER, OPEN = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE


def limit(text: str) -> Limit:
    return parse_limit("accuracy_drop", text, METRICS["accuracy_drop"].units)


@pytest.mark.parametrize(
    ("n", "negative", "positive", "allowed", "verdict", "why"),
    [
        pytest.param(10_000, 100, 100, "1 pp", PASS, "", id="nothing lost"),
        pytest.param(268, 0, 0, "1 pp", PASS, "", id="no flip, least n: 2.7055 / 270.7 = .009994"),
        pytest.param(267, 0, 0, "1 pp", OPEN, "about 268 samples would decide", id="no flip, one sample less: .01003"),
        pytest.param(360, 2, 2, "1 pp", OPEN, "about 687 samples would decide", id="a small set can't tell"),
        pytest.param(10_000, 150, 50, "1 pp", OPEN, "the change lies too near the limit", id="on the limit"),
        pytest.param(10_000, 200, 50, "1 pp", OVER, "", id="lost"),
        pytest.param(1, 0, 0, "1 pp", OPEN, "about 61827 samples would decide", id="one sample, kept"),
        pytest.param(1, 1, 0, "1 pp", OPEN, "about 61827 samples would decide", id="one sample, lost"),
        pytest.param(2, 2, 0, "1 pp", OPEN, "about 61827 samples would decide", id="two samples, both lost"),
        pytest.param(3, 3, 0, "1 pp", OVER, "", id="three samples, all lost"),
        pytest.param(3, 0, 3, "1 pp", PASS, "", id="three samples, all won"),
        pytest.param(1000, 0, 0, "0 pp", OPEN, "no number of samples shows that nothing at all was lost", id="limit 0"),
        pytest.param(1000, 0, 30, "0 pp", PASS, "", id="improved, limit of 0"),
        pytest.param(1000, 30, 0, "0 pp", OVER, "", id="worse, limit of 0"),
        pytest.param(100, 100, 0, "100 pp", PASS, "", id="all lost, all allowed"),
    ],
)
def test_points(n: int, negative: int, positive: int, allowed: str, verdict: Verdict, why: str) -> None:
    flips = Flips(n=n, negative=negative, positive=positive)

    found, (low, high), said = judge_flips(flips, 0, limit(allowed))

    assert (found, said) == (verdict, why)
    assert low <= flips.drop <= high


@pytest.mark.parametrize("both_wrong", [0, 50, 700])
def test_what_both_get_wrong_does_not_enter_a_limit_in_points(both_wrong: int) -> None:
    flips = Flips(n=1000, negative=20, positive=5)

    assert judge_flips(flips, both_wrong, limit("1 pp")) == judge_flips(flips, 0, limit("1 pp"))


@pytest.mark.parametrize(
    ("negative", "positive", "both_wrong", "allowed", "verdict", "why"),
    [
        pytest.param(1, 1, 2, "1.5 x error", OPEN, "about 9894 samples would decide", id="as many of 1000, too few"),
        pytest.param(5, 5, 45, "1.5 x error", PASS, "", id="as many errors, others"),
        pytest.param(19, 5, 45, "1.5 x error", PASS, "", id="1.28 x, up to 1.4966"),
        pytest.param(20, 5, 45, "1.5 x error", OPEN, "the change lies too near the limit", id="1.30 x, up to 1.5226"),
        pytest.param(30, 5, 45, "1.5 x error", OPEN, "the change lies too near the limit", id="1.50 x, on the limit"),
        pytest.param(43, 5, 45, "1.5 x error", OPEN, "the change lies too near the limit", id="1.76 x, from 1.4964"),
        pytest.param(44, 5, 45, "1.5 x error", OVER, "", id="1.78 x, from 1.5123"),
        pytest.param(0, 0, 50, "1.5 x error", PASS, "", id="no flip"),
        pytest.param(0, 0, 50, "1 x error", OPEN, "no number of samples shows", id="no error more, no flip"),
        pytest.param(0, 10, 50, "1 x error", PASS, "", id="no error more, some won"),
        pytest.param(10, 0, 50, "1 x error", OVER, "", id="no error more, some lost"),
        pytest.param(0, 50, 0, "1.5 x error", PASS, "", id="perfect now"),
        pytest.param(0, 0, 0, "1.5 x error", OPEN, "samples would decide", id="neither makes an error"),
        pytest.param(1, 0, 0, "1.5 x error", OPEN, "samples would decide", id="the reference makes none, 1 lost"),
        pytest.param(5, 0, 0, "1.5 x error", OVER, "", id="the reference makes none, 5 lost: from 1.848"),
        pytest.param(1000, 0, 0, "1.5 x error", OVER, "", id="all lost"),
        pytest.param(0, 0, 1000, "1.5 x error", PASS, "", id="both always wrong"),
    ],
)
def test_a_multiple_of_the_errors(
    negative: int, positive: int, both_wrong: int, allowed: str, verdict: Verdict, why: str
) -> None:
    flips = Flips(n=1000, negative=negative, positive=positive)

    found, (low, high), said = judge_flips(flips, both_wrong, limit(allowed))

    assert found is verdict
    assert why in said
    assert bool(said) == (verdict is OPEN), "what is left open says what would decide"
    if positive + both_wrong:
        assert low <= (negative + both_wrong) / (positive + both_wrong) <= high
    else:
        assert high == math.inf


def test_a_small_error_rate_is_guarded_where_points_are_not() -> None:
    """99.5 % to 98.5 % is one point, and three times the errors."""
    flips = Flips(n=10_000, negative=100, positive=0)

    assert judge_flips(flips, 50, limit("2 pp"))[0] is PASS
    assert judge_flips(flips, 50, limit("1.5 x error"))[0] is OVER


@pytest.mark.parametrize(
    ("needed", "n", "said"),
    [
        pytest.param(None, 100, "no number of samples shows that nothing at all was lost", id="none is enough"),
        pytest.param(99, 100, "the change lies too near the limit", id="there are more"),
        pytest.param(100, 100, "the change lies too near the limit", id="there are as many"),
        pytest.param(101, 100, "about 101 samples would decide", id="one is missing"),
    ],
)
def test_say_needed(needed: int | None, n: int, said: str) -> None:
    assert say_needed(needed, n) == said


@pytest.mark.parametrize(
    ("flips", "both_wrong", "interval", "of_errors", "said"),
    [
        pytest.param(
            Flips(n=800, negative=20, positive=5),
            30,
            (0.0079, 0.0314),
            False,
            "drop 1.88 pp [0.79 pp, 3.14 pp] (n = 800; 20 samples lost, 5 won; McNemar p = 0.0041)",
            id="points",
        ),
        pytest.param(
            Flips(n=800, negative=20, positive=5),
            25,
            (1.2, 1.9),
            True,
            "1.500 x its errors [1.200 x, 1.900 x] (n = 800; 20 samples lost, 5 won; McNemar p = 0.0041)",
            id="errors",
        ),
        pytest.param(
            Flips(n=800, negative=20, positive=0),
            0,
            (9.0, math.inf),
            True,
            "errors where it makes none [9.000 x, inf x] (n = 800; 20 samples lost, 0 won; McNemar p = 1.9e-06)",
            id="errors, the reference makes none",
        ),
        pytest.param(
            Flips(n=800, negative=0, positive=0),
            0,
            (0.0, math.inf),
            True,
            "no error on either side [0.000 x, inf x] (n = 800; 0 samples lost, 0 won; McNemar p = 1)",
            id="no errors at all",
        ),
        pytest.param(
            Flips(n=800, negative=0, positive=4),
            0,
            (0.0, 0.5),
            True,
            "0.000 x its errors [0.000 x, 0.500 x] (n = 800; 0 samples lost, 4 won; McNemar p = 0.12)",
            id="no errors any more",
        ),
        pytest.param(
            Flips(n=800, negative=0, positive=4),
            0,
            None,
            False,
            "drop -0.50 pp (n = 800; 0 samples lost, 4 won; McNemar p = 0.12)",
            id="points won, without an interval",
        ),
    ],
)
def test_say_flips(
    flips: Flips, both_wrong: int, interval: tuple[float, float] | None, of_errors: bool, said: str
) -> None:
    assert say_flips(flips, both_wrong, interval, of_errors=of_errors) == said
