"""When interleaved rounds have said enough: every branch of the decision, and times that are no times."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.core.finding import Verdict
from harness.judge.latency import (
    ALPHA,
    CONFIDENCE_PER_LOOK,
    MAX_PAIRS,
    ROUNDS_PER_PAIR,
    RatioEvidence,
    look,
    ratio_evidence,
)
from harness.stats.intervals import median_interval

PASS, OVER, OPEN, REPORTED = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE, Verdict.REPORTED
EPSILON = 1e-12


def evidence(low: float, high: float, *medians: float) -> RatioEvidence:
    pairs = len(medians)
    return RatioEvidence(
        ratio=(low * high) ** 0.5, interval=(low, high), rounds=14 * pairs, pairs=pairs, pair_medians=medians
    )


@pytest.mark.parametrize(
    ("seen", "limit", "verdict", "finished", "says"),
    [
        pytest.param(evidence(1.0, 1.04, 1.02), 1.05, PASS, True, "", id="below"),
        pytest.param(evidence(1.0, 1.05, 1.02), 1.05, PASS, True, "", id="up to the limit"),
        pytest.param(evidence(1.0, 1.05 + EPSILON, 1.02), 1.05, OPEN, False, "spans", id="a hair beyond"),
        pytest.param(evidence(1.0, 1.1, 1.04, 1.04), 1.05, OPEN, False, "spans", id="spans after two pairs"),
        pytest.param(evidence(1.0, 1.1, 1.04, 1.04, 1.04), 1.05, OPEN, True, "spans", id="spans after the last pair"),
        pytest.param(evidence(1.05, 1.1, 1.07, 1.07), 1.05, OPEN, False, "spans", id="from the limit on"),
        pytest.param(evidence(1.05 + EPSILON, 1.1, 1.07), 1.05, OPEN, False, "awaits a second", id="above, once"),
        pytest.param(evidence(1.05 + EPSILON, 1.1, 1.07, 1.07), 1.05, OVER, True, "", id="above, confirmed"),
        pytest.param(evidence(1.06, 1.1, 1.07, 1.07, 1.07), 1.05, OVER, True, "", id="above after three"),
        pytest.param(evidence(1.06, 1.2, 1.04, 1.10), 1.05, OPEN, False, "disagree", id="second pair contradicts"),
        pytest.param(evidence(1.06, 1.2, 1.04, 1.10, 1.1), 1.05, OPEN, True, "disagree", id="contradicts to the end"),
        pytest.param(evidence(1.06, 1.2, 1.05, 1.10), 1.05, OPEN, False, "1.050, 1.100", id="one pair on the limit"),
        pytest.param(evidence(1.06, 1.2, 1.051, 1.10), 1.05, OVER, True, "", id="both pairs beyond, far apart"),
        pytest.param(evidence(1.06, 1.2, 1.04, 1.06), 1.05, OPEN, False, "awaits", id="a second pair within the limit"),
        pytest.param(evidence(1.06, 1.2, 1.05, 1.06), 1.05, OPEN, False, "awaits", id="a second pair on the limit"),
        pytest.param(evidence(1.06, 1.2, 1.04, 1.06, 1.06), 1.05, OVER, True, "", id="apart by less than half of it"),
        pytest.param(evidence(1.06, 1.2, 1.04, 1.04, 1.06), 1.05, OPEN, True, "awaits", id="one of three beyond"),
        pytest.param(evidence(1.06, 1.2, 1.2, 1.1, 1.04), 1.05, OPEN, True, "disagree", id="the third contradicts"),
        pytest.param(evidence(1.51, 1.7, 1.375, 1.625), 1.5, OPEN, False, "awaits", id="apart by just half of it"),
        pytest.param(evidence(1.51, 1.7, 1.375, 1.626), 1.5, OPEN, False, "disagree", id="apart by a little more"),
        pytest.param(evidence(0.9, 1.1, 1.0, 1.05), 1.05, OPEN, False, "spans", id="far apart, neither beyond"),
        pytest.param(evidence(0.9, 1.04, 1.0, 1.10), 1.05, PASS, True, "", id="wholly below although one pair is not"),
        pytest.param(evidence(0.5, 0.6, 0.55), 1.05, PASS, True, "", id="much faster"),
        pytest.param(evidence(0.5, 0.6, 0.55, 0.55), 0.5, OPEN, False, "spans", id="limit below 1, from it on"),
        pytest.param(evidence(0.51, 0.6, 0.55, 0.55), 0.5, OVER, True, "", id="limit below 1, beyond"),
        pytest.param(evidence(1.0, 1.0, 1.0), 1.0, PASS, True, "", id="equal at a limit of 1"),
        pytest.param(evidence(0.99, 1.01, 0.999, 1.001), 1.0, OPEN, False, "disagree", id="limit of 1, either side"),
        pytest.param(evidence(0.0, math.inf, 1.0), 1.05, OPEN, False, "spans", id="nothing known"),
        pytest.param(evidence(0.0, math.inf, 1.0, 1.0, 1.0), 1.05, OPEN, True, "spans", id="nothing known, ever"),
        pytest.param(evidence(2.0, 3.0, 2.5), 0.0, OPEN, False, "awaits", id="a limit of 0"),
        pytest.param(evidence(9.0, 9.9, 9.5), None, REPORTED, True, "", id="nothing demanded"),
    ],
)
def test_look(seen: RatioEvidence, limit: float | None, verdict: Verdict, finished: bool, says: str) -> None:
    found = look(seen, limit)

    assert (found.verdict, found.finished) == (verdict, finished)
    assert says in found.reason
    assert bool(found.reason) == (verdict is OPEN), "what is left open says why"


@pytest.mark.parametrize(
    ("seen", "doubt", "verdict", "finished", "says"),
    [
        pytest.param(
            evidence(0.9, 1.0, 0.95), 1.4, PASS, True, "", id="up to the limit: doubt excuses, it accuses not"
        ),
        pytest.param(evidence(0.9, 1.0 + EPSILON, 0.95), 1.4, OPEN, False, "the interval spans", id="a hair beyond"),
        pytest.param(evidence(1.0, 1.2, 1.1), 1.4, OPEN, False, "the interval spans", id="from the limit on"),
        pytest.param(
            evidence(1.0 + EPSILON, 1.4, 1.2), 1.4, OPEN, True, "not by more than fresh processes", id="within doubt"
        ),
        pytest.param(
            evidence(1.1, 1.4 + EPSILON, 1.2), 1.4, OPEN, False, "not by more than", id="up to a hair beyond doubt"
        ),
        pytest.param(
            evidence(1.1, 1.5, 1.2, 1.2, 1.2),
            1.4,
            OPEN,
            True,
            "not by more than",
            id="beyond doubt in part, to the end",
        ),
        pytest.param(evidence(1.4, 1.5, 1.45, 1.45), 1.4, OPEN, False, "(1.40 x)", id="from doubt on"),
        pytest.param(evidence(1.4 + EPSILON, 1.5, 1.45), 1.4, OPEN, False, "awaits a second", id="beyond doubt, once"),
        pytest.param(evidence(1.4 + EPSILON, 1.5, 1.45, 1.45), 1.4, OVER, True, "", id="beyond doubt, confirmed"),
        pytest.param(
            evidence(1.41, 1.6, 1.55, 1.4), 1.4, OPEN, False, "awaits a second", id="the second pair on doubt itself"
        ),
        pytest.param(evidence(1.41, 1.6, 1.55, 1.39, 1.5), 1.4, OVER, True, "", id="two of three beyond doubt"),
        pytest.param(evidence(1.41, 1.6, 1.55, 0.99), 1.4, OPEN, False, "disagree", id="the second pair contradicts"),
        pytest.param(evidence(1.1, 1.2, 1.15, 1.15), 1.0, OVER, True, "", id="no doubt"),
        pytest.param(evidence(9.0, 9.9, 9.5, 9.5), math.inf, OPEN, True, "(inf x)", id="nothing but doubt"),
        pytest.param(evidence(0.5, 0.6, 0.55), math.inf, PASS, True, "", id="within, whatever the doubt"),
    ],
)
def test_doubt_excuses_what_noise_may_have_added(
    seen: RatioEvidence, doubt: float, verdict: Verdict, finished: bool, says: str
) -> None:
    found = look(seen, 1.0, doubt=doubt)

    assert (found.verdict, found.finished) == (verdict, finished), found.reason
    assert says in found.reason
    assert bool(found.reason) == (verdict is OPEN)


@pytest.mark.parametrize("low", [0.9, 1.0, 1.01, 1.2, 1.5])
@pytest.mark.parametrize("width", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_more_doubt_never_turns_a_verdict_against_the_artifact(low: float, width: float, pairs: int) -> None:
    seen = evidence(low, low + width, *[low + width / 2] * pairs)
    verdicts = [look(seen, 1.0, doubt=doubt).verdict for doubt in (1.0, 1.05, 1.4, 10.0)]

    assert verdicts == sorted(verdicts, key=[OVER, OPEN, PASS].index)
    assert PASS not in verdicts or set(verdicts) == {PASS}, "doubt makes no pass either"


@pytest.mark.parametrize("pairs", [1, 2, 3])
@pytest.mark.parametrize("limit", [0.5, 1.0, 1.05])
@pytest.mark.parametrize("ratio", [0.4, 0.5, 1.0, 1.05, 1.2])
def test_the_last_look_finishes(ratio: float, limit: float, pairs: int) -> None:
    found = look(evidence(ratio * 0.99, ratio * 1.01, *[ratio] * pairs), limit)

    assert found.finished or pairs < MAX_PAIRS


def rounds(ratio: float, n: int = ROUNDS_PER_PAIR, spread: float = 0.01) -> list[tuple[float, float]]:
    """*n* rounds around *ratio*, symmetric, so that their median is exactly it where n is odd."""
    return [(1000.0 * ratio * math.exp(spread * (2 * i / max(n - 1, 1) - 1)), 1000.0) for i in range(n)]


def test_evidence_of_one_pair() -> None:
    found = ratio_evidence([rounds(1.2, 15)])

    assert found.ratio == pytest.approx(1.2)
    assert found.pair_medians == pytest.approx((1.2,))
    assert (found.rounds, found.pairs) == (15, 1)
    logs = [math.log(ours / theirs) for ours, theirs in rounds(1.2, 15)]
    assert tuple(map(math.log, found.interval)) == pytest.approx(median_interval(logs, 1 - 0.05 / 3))
    assert found.interval[0] < 1.2 < found.interval[1]


def test_evidence_of_three_pairs_takes_all_rounds() -> None:
    found = ratio_evidence([rounds(1.0, 15), rounds(1.1, 15), rounds(1.2, 15)])

    assert found.ratio == pytest.approx(1.1)
    assert found.pair_medians == pytest.approx((1.0, 1.1, 1.2))
    assert (found.rounds, found.pairs) == (45, 3)


def test_each_look_spends_its_share_of_alpha() -> None:
    assert pytest.approx(ALPHA) == MAX_PAIRS * (1 - CONFIDENCE_PER_LOOK)


def test_exchanging_the_sides_inverts_the_ratio() -> None:
    found = ratio_evidence([rounds(1.25, 15)])
    turned = ratio_evidence([[(theirs, ours) for ours, theirs in rounds(1.25, 15)]])

    assert turned.ratio == pytest.approx(1 / found.ratio)
    assert turned.interval == pytest.approx((1 / found.interval[1], 1 / found.interval[0]))


@pytest.mark.parametrize(
    ("time", "limit", "verdict"),
    [
        pytest.param(1000.0, 1.0, PASS, id="at a limit of 1"),
        pytest.param(1000.0, 1.05, PASS, id="below the limit"),
        pytest.param(1.0, 0.99, OPEN, id="above the limit, once"),
    ],
)
def test_all_times_equal(time: float, limit: float, verdict: Verdict) -> None:
    """A difference of exactly 0.0 in every round is evidence, not its absence."""
    found = ratio_evidence([[(time, time)] * ROUNDS_PER_PAIR])

    assert (found.ratio, found.interval) == (1.0, (1.0, 1.0))
    assert look(found, limit).verdict is verdict


@pytest.mark.parametrize("n", [1, 2, 6])
def test_too_few_rounds_decide_nothing(n: int) -> None:
    for ratio in (0.1, 1.0, 10.0):
        found = ratio_evidence([rounds(ratio, n)])
        assert found.interval == (0.0, math.inf)
        assert look(found, 1.05).verdict is OPEN


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", [0, 1], ids=["candidate", "reference"])
@pytest.mark.parametrize("pair", [0, 1], ids=["first pair", "second pair"])
def test_a_time_that_is_no_time_is_refused(bad: float, side: int, pair: int) -> None:
    pairs: list[Any] = [rounds(1.0), rounds(1.0)]
    pairs[pair][7] = (bad, 1000.0) if side == 0 else (1000.0, bad)

    with pytest.raises(ValueError, match="a measured time is not positive"):
        ratio_evidence(pairs)


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([], id="no pair"),
        pytest.param([[]], id="a pair without rounds"),
        pytest.param([rounds(1.2), []], id="a second pair that confirms nothing"),
        pytest.param([[], rounds(1.2)], id="a first pair without rounds"),
    ],
)
def test_no_rounds_are_refused(pairs: Any) -> None:
    with pytest.raises(ValueError, match="no round was measured"):
        ratio_evidence(pairs)
