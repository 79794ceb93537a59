"""When interleaved rounds have said enough: every branch of the decision, and times that are no times."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.core.finding import Verdict
from harness.core.limits import parse_limit
from harness.core.measurement import Interval
from harness.core.metrics import METRICS
from harness.core.timing import Placing
from harness.judge.latency import (
    CONFIDENCE,
    FAST_LEAST_PAIRS,
    LEAST_PAIRS,
    MAX_PAIRS,
    ROUNDS_PER_PAIR,
    SURE,
    RatioEvidence,
    evidence_of,
    look,
    look_at_rounds,
    ratio_evidence,
)
from harness.stats.intervals import median_interval
from tests.core.records import timing

PASS, OVER, OPEN, REPORTED = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE, Verdict.REPORTED
TOGETHER, FREE, APART = Placing.TOGETHER, Placing.FREE, Placing.APART
EPSILON = 1e-12
UNKNOWN: Interval = (0.0, math.inf)


def evidence(
    low: float,
    high: float,
    *medians: float,
    over_pairs: Interval = UNKNOWN,
    placing: Placing = TOGETHER,
    fast: Interval = UNKNOWN,
) -> RatioEvidence:
    return RatioEvidence(
        ratio=(low * high) ** 0.5,
        interval=(low, high),
        rounds=14 * len(medians),
        pair_medians=medians,
        over_pairs=over_pairs,
        placing=placing,
        fast=fast,
    )


def agreeing(low: float, high: float, pairs: int) -> RatioEvidence:
    """*pairs* whose medians lie in the middle of low..high."""
    return evidence(low, high, *[(low + high) / 2] * pairs)


def disagreeing(low: float, high: float, pairs: int, *, rounds: Interval = (0.9, 1.2)) -> RatioEvidence:
    """*pairs* on both sides of 1.05: the median of their medians lies in low..high, that of all their *rounds* elsewhere."""
    return evidence(*rounds, 1.04, *[1.06] * (pairs - 1), over_pairs=(low, high))


def placed(low: float, high: float, pairs: int, placing: Placing = FREE) -> RatioEvidence:
    """*pairs* that the system placed, with fast levels of low..high, while their rounds all say 1.2."""
    return evidence(1.19, 1.21, *[1.2] * pairs, over_pairs=(1.19, 1.21), placing=placing, fast=(low, high))


@pytest.mark.parametrize(
    ("seen", "limit", "verdict", "finished", "says"),
    [
        pytest.param(evidence(0.9, 1.0, 0.95), 1.25, PASS, True, "", id="one pair, within by a quarter"),
        pytest.param(evidence(0.9, 1.0 + EPSILON, 0.95), 1.25, OPEN, False, "awaits a second", id="a hair less"),
        pytest.param(evidence(1.0, 1.04, 1.02), 1.05, OPEN, False, "awaits a second", id="one pair, below"),
        pytest.param(evidence(1.06, 1.1, 1.07), 1.05, OPEN, False, "awaits a second", id="one pair, above"),
        pytest.param(evidence(9.0, 9.9, 9.5), 1.05, OPEN, False, "awaits a second", id="one pair, far above"),
        pytest.param(evidence(*UNKNOWN, 1.0), 1.05, OPEN, False, "awaits a second", id="one pair, nothing known"),
        pytest.param(
            evidence(0.35, 0.4, 0.38), 0.5, PASS, True, "", id="one pair, a limit below 1, within by a quarter"
        ),
        pytest.param(evidence(2.0, 3.0, 2.5), 0.0, OPEN, False, "awaits a second", id="one pair, a limit of 0"),
        pytest.param(agreeing(1.0, 1.04, 2), 1.05, PASS, True, "", id="two pairs, below"),
        pytest.param(agreeing(1.0, 1.05, 2), 1.05, PASS, True, "", id="two pairs, up to the limit"),
        pytest.param(agreeing(1.0, 1.05 + EPSILON, 2), 1.05, OPEN, False, "spans", id="two pairs, a hair beyond"),
        pytest.param(agreeing(1.05, 1.1, 2), 1.05, OPEN, False, "spans", id="two pairs, from the limit on"),
        pytest.param(agreeing(1.05 + EPSILON, 1.1, 2), 1.05, OVER, True, "", id="two pairs, a hair above"),
        pytest.param(agreeing(0.51, 0.6, 2), 0.5, OVER, True, "", id="two pairs, a limit below 1, beyond"),
        pytest.param(agreeing(0.5, 0.6, 2), 0.5, OPEN, False, "spans", id="two pairs, a limit below 1, from it on"),
        pytest.param(agreeing(2.0, 3.0, 2), 0.0, OVER, True, "", id="two pairs, a limit of 0"),
        pytest.param(agreeing(1.0, 1.0, 2), 1.0, PASS, True, "", id="two pairs, equal at a limit of 1"),
        pytest.param(agreeing(1.0, 1.06, MAX_PAIRS - 1), 1.05, OPEN, False, "spans", id="before the last pair"),
        pytest.param(agreeing(1.0, 1.06, MAX_PAIRS), 1.05, OPEN, True, "spans", id="after the last pair"),
        pytest.param(evidence(*UNKNOWN, 1.0, 1.0), 1.05, OPEN, False, "spans", id="two pairs, nothing known"),
        pytest.param(evidence(*UNKNOWN, *[1.0] * 9), 1.05, OPEN, True, "spans", id="nothing known, ever"),
        pytest.param(evidence(1.0, 1.04, 1.04, 1.05), 1.05, PASS, True, "", id="on the limit agrees with below"),
        pytest.param(evidence(1.06, 1.2, 1.05, 1.1), 1.05, OPEN, False, "1.050, 1.100", id="and not with above"),
        pytest.param(
            evidence(1.06, 1.2, 1.04, 1.1), 1.05, OPEN, False, "disagree", id="a second pair contradicts a fail"
        ),
        pytest.param(
            evidence(0.9, 1.04, 1.0, 1.1), 1.05, OPEN, False, "disagree", id="a second pair contradicts a pass"
        ),
        pytest.param(evidence(1.06, 1.2, 1.051, 1.3), 1.05, OVER, True, "", id="both beyond, however far apart"),
        pytest.param(evidence(0.9, 1.04, 0.5, 1.05), 1.05, PASS, True, "", id="both within, however far apart"),
        pytest.param(disagreeing(1.04, 1.06, 7), 1.05, OPEN, False, "disagree", id="pairs that disagree, spanning"),
        pytest.param(disagreeing(1.0, 1.05, 8), 1.05, PASS, True, "", id="pairs that disagree, up to the limit"),
        pytest.param(disagreeing(1.0, 1.05 + EPSILON, 8), 1.05, OPEN, False, "disagree", id="a hair beyond it"),
        pytest.param(
            disagreeing(1.05, 1.06, 8), 1.05, OPEN, False, "disagree", id="pairs that disagree, from the limit on"
        ),
        pytest.param(disagreeing(1.05 + EPSILON, 1.06, 8), 1.05, OVER, True, "", id="pairs that disagree, above"),
        pytest.param(disagreeing(1.04, 1.06, 9), 1.05, OPEN, True, "disagree", id="they disagree to the end"),
        pytest.param(
            disagreeing(*UNKNOWN, 4, rounds=(1.0, 1.04)),
            1.05,
            OPEN,
            False,
            "disagree",
            id="their rounds excuse nothing",
        ),
        pytest.param(
            disagreeing(*UNKNOWN, 4, rounds=(1.06, 1.1)), 1.05, OPEN, False, "disagree", id="their rounds accuse nobody"
        ),
        pytest.param(placed(0.5, 0.6, 1), 1.05, OPEN, False, "7 pairs are awaited", id="placed, one pair"),
        pytest.param(placed(0.5, 0.6, 6), 1.05, OPEN, False, "7 pairs are awaited", id="placed, six pairs"),
        pytest.param(placed(1.0, 1.05, 7), 1.05, PASS, True, "", id="placed, fast levels up to the limit"),
        pytest.param(
            placed(1.0, 1.05 + EPSILON, 7), 1.05, OPEN, False, "spans", id="placed, fast levels a hair beyond"
        ),
        pytest.param(placed(1.05, 1.1, 8), 1.05, OPEN, False, "spans", id="placed, fast levels from the limit on"),
        pytest.param(placed(1.05 + EPSILON, 1.1, 7), 1.05, OVER, True, "", id="placed, fast levels above"),
        pytest.param(placed(1.0, 1.1, 9), 1.05, OPEN, True, "spans", id="placed, fast levels span to the end"),
        pytest.param(placed(0.5, 0.6, 1, APART), 1.05, OPEN, False, "never timed on the same CPU", id="apart"),
        pytest.param(placed(0.5, 0.6, 8, APART), 1.05, OPEN, False, "never timed on the same CPU", id="apart so far"),
        pytest.param(placed(0.5, 0.6, 9, APART), 2.0, OPEN, True, "never timed on the same CPU", id="apart to the end"),
        pytest.param(
            placed(9.0, 9.1, 9, APART), 1.05, OPEN, True, "never timed on the same CPU", id="apart and beyond"
        ),
        pytest.param(evidence(9.0, 9.9, 9.5), None, REPORTED, True, "", id="nothing demanded"),
        pytest.param(placed(9.0, 9.1, 1), None, REPORTED, True, "", id="nothing demanded, placed"),
        pytest.param(placed(9.0, 9.1, 1, APART), None, REPORTED, True, "", id="nothing demanded, apart"),
    ],
)
def test_look(seen: RatioEvidence, limit: float | None, verdict: Verdict, finished: bool, says: str) -> None:
    found = look(seen, limit)

    assert (found.verdict, found.finished) == (verdict, finished), found.reason
    assert says in found.reason
    assert bool(found.reason) == (verdict is OPEN), "what is left open says why"


@pytest.mark.parametrize(
    ("seen", "ratio", "interval", "by"),
    [
        pytest.param(agreeing(1.0, 1.21, 2), 1.1, (1.0, 1.21), "", id="pairs agree: all rounds"),
        pytest.param(evidence(0.35, 0.4, 0.38), 0.14**0.5, (0.35, 0.4), "", id="one pair: its rounds"),
        pytest.param(
            evidence(0.9, 1.2, 1.0, 1.04, 1.06, 1.08, 1.1, over_pairs=(1.0, 1.1)),
            1.06,
            (1.0, 1.1),
            "median of their medians",
            id="pairs disagree: their medians",
        ),
        pytest.param(
            placed(1.0, 1.21, 7),
            1.1,
            (1.0, 1.21),
            "fastest rounds of either side, which the system placed",
            id="placed: the middle of the fast levels",
        ),
        pytest.param(placed(1.0, 1.21, 6), (1.19 * 1.21) ** 0.5, (1.19, 1.21), "", id="placed, too few: the rounds"),
        pytest.param(placed(1.0, 1.21, 7, APART), (1.19 * 1.21) ** 0.5, (1.19, 1.21), "", id="apart: the rounds"),
    ],
)
def test_what_was_compared_with_the_limit(seen: RatioEvidence, ratio: float, interval: Interval, by: str) -> None:
    found = look(seen, 1.05)

    assert found.ratio == pytest.approx(ratio)
    assert found.interval == pytest.approx(interval)
    assert found.by == by


def test_where_nothing_is_demanded_no_ratio_is_compared() -> None:
    found = look(agreeing(1.0, 1.1, 2), None)

    assert (found.ratio, found.interval, found.by) == (None, None, "")


@pytest.mark.parametrize(
    ("seen", "doubt", "verdict", "finished", "says"),
    [
        pytest.param(evidence(0.7, 0.8, 0.75), 1.4, PASS, True, "", id="one process, within by a quarter"),
        pytest.param(evidence(0.7, 0.8, 0.75), math.inf, PASS, True, "", id="within, whatever the doubt"),
        pytest.param(evidence(0.9, 1.0, 0.95), 1.4, OPEN, False, "awaits a second", id="one process, up to the limit"),
        pytest.param(evidence(1.1, 1.2, 1.15), 1.4, OPEN, False, "awaits a second", id="one process, within doubt"),
        pytest.param(evidence(1.5, 1.6, 1.55), 1.4, OPEN, False, "awaits a second", id="one process, beyond doubt"),
        pytest.param(agreeing(0.9, 1.0, 2), 1.4, PASS, True, "", id="up to the limit: doubt excuses, it accuses not"),
        pytest.param(agreeing(0.9, 1.0 + EPSILON, 2), 1.4, OPEN, False, "the interval spans", id="a hair beyond"),
        pytest.param(agreeing(1.0, 1.2, 2), 1.4, OPEN, False, "the interval spans", id="from the limit on"),
        pytest.param(
            agreeing(1.0 + EPSILON, 1.4, 2), 1.4, OPEN, True, "not by more than fresh processes", id="within doubt"
        ),
        pytest.param(
            agreeing(1.1, 1.4 + EPSILON, 2), 1.4, OPEN, False, "not by more than", id="up to a hair beyond doubt"
        ),
        pytest.param(agreeing(1.1, 1.5, 9), 1.4, OPEN, True, "not by more than", id="beyond doubt in part, to the end"),
        pytest.param(agreeing(1.4, 1.5, 2), 1.4, OPEN, False, "(1.40 x)", id="from doubt on"),
        pytest.param(agreeing(1.4 + EPSILON, 1.5, 2), 1.4, OVER, True, "", id="beyond doubt"),
        pytest.param(
            evidence(1.41, 1.6, 1.55, 1.4), 1.4, OPEN, False, "disagree", id="the second pair on doubt itself"
        ),
        pytest.param(evidence(1.41, 1.6, 1.55, 0.99), 1.4, OPEN, False, "disagree", id="the second pair contradicts"),
        pytest.param(
            evidence(1.2, 1.6, 1.3, *[1.5] * 7, over_pairs=(1.4 + EPSILON, 1.5)),
            1.4,
            OVER,
            True,
            "",
            id="all but one of eight beyond doubt",
        ),
        pytest.param(
            evidence(1.2, 1.6, 1.3, *[1.5] * 7, over_pairs=(1.4, 1.5)),
            1.4,
            OPEN,
            False,
            "not by more than",
            id="of eight that disagree, from doubt on",
        ),
        pytest.param(
            evidence(0.9, 1.2, 0.98, *[1.1] * 7, over_pairs=(1.0 + EPSILON, 1.4)),
            1.4,
            OPEN,
            True,
            "not by more than",
            id="of eight that disagree, within doubt",
        ),
        pytest.param(agreeing(1.1, 1.2, 2), 1.0, OVER, True, "", id="no doubt"),
        pytest.param(agreeing(9.0, 9.9, 2), math.inf, OPEN, True, "(inf x)", id="nothing but doubt"),
    ],
)
def test_doubt_excuses_what_noise_may_have_added(
    seen: RatioEvidence, doubt: float, verdict: Verdict, finished: bool, says: str
) -> None:
    found = look(seen, 1.0, doubt=doubt)

    assert (found.verdict, found.finished) == (verdict, finished), found.reason
    assert says in found.reason
    assert bool(found.reason) == (verdict is OPEN)


@pytest.mark.parametrize("low", [0.7, 0.9, 1.0, 1.01, 1.2, 1.5])
@pytest.mark.parametrize("width", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("pairs", [1, 2, 8, 9])
@pytest.mark.parametrize("agree", [True, False], ids=["agreeing", "disagreeing"])
def test_more_doubt_never_turns_a_verdict_against_the_artifact(
    low: float, width: float, pairs: int, agree: bool
) -> None:
    high = low + width
    medians = [low + width / 2] * pairs if agree else [low, *[high] * (pairs - 1)]
    seen = evidence(low, high, *medians, over_pairs=(low, high))
    verdicts = [look(seen, 1.0, doubt=doubt).verdict for doubt in (1.0, 1.05, 1.4, 10.0)]

    assert verdicts == sorted(verdicts, key=[OVER, OPEN, PASS].index)
    assert PASS not in verdicts or set(verdicts) == {PASS}, "doubt makes no pass either"


@pytest.mark.parametrize("placing", list(Placing))
@pytest.mark.parametrize("pairs", range(1, MAX_PAIRS + 1))
@pytest.mark.parametrize("limit", [0.5, 1.0, 1.05])
@pytest.mark.parametrize("ratio", [0.4, 0.5, 1.0, 1.05, 1.2])
def test_the_last_look_finishes(ratio: float, limit: float, pairs: int, placing: Placing) -> None:
    ends = (ratio * 0.99, ratio * 1.01)
    found = look(evidence(*ends, *[ratio] * pairs, placing=placing, fast=ends), limit)

    assert found.finished or pairs < MAX_PAIRS
    if found.finished and pairs < LEAST_PAIRS:
        assert found.verdict is PASS
        assert ends[1] * SURE <= limit, "one pair concludes nothing else"
    assert placing is not APART or found.verdict is OPEN
    assert placing is not FREE or pairs >= FAST_LEAST_PAIRS or found.verdict is OPEN


def rounds(ratio: float, n: int = ROUNDS_PER_PAIR, spread: float = 0.01) -> list[tuple[float, float]]:
    """*n* rounds around *ratio*, symmetric, so that their median is exactly it where n is odd."""
    return [(1000.0 * ratio * math.exp(spread * (2 * i / max(n - 1, 1) - 1)), 1000.0) for i in range(n)]


def test_evidence_of_one_pair() -> None:
    found = ratio_evidence([rounds(1.2, 15)])

    assert found.ratio == pytest.approx(1.2)
    assert found.pair_medians == pytest.approx((1.2,))
    assert (found.rounds, found.pairs) == (15, 1)
    logs = [math.log(ours / theirs) for ours, theirs in rounds(1.2, 15)]
    assert tuple(map(math.log, found.interval)) == pytest.approx(median_interval(logs, CONFIDENCE))
    assert found.interval[0] < 1.2 < found.interval[1]
    assert (found.over_pairs, found.fast, found.placing) == (UNKNOWN, UNKNOWN, TOGETHER)


def test_evidence_of_three_pairs_takes_all_rounds() -> None:
    found = ratio_evidence([rounds(1.0, 15), rounds(1.1, 15), rounds(1.2, 15)])

    assert found.ratio == pytest.approx(1.1)
    assert found.pair_medians == pytest.approx((1.0, 1.1, 1.2))
    assert (found.rounds, found.pairs) == (45, 3)


@pytest.mark.parametrize(
    ("ratios", "over_pairs"),
    [
        pytest.param([1.1, 1.0, 1.2, 1.3], UNKNOWN, id="four: nothing"),
        pytest.param([1.1, 1.0, 1.2, 1.4, 1.3], (1.0, 1.4), id="five: all they span"),
        pytest.param([1.1, 1.0, 1.2, 1.4, 1.3, 1.6, 1.5], (1.0, 1.6), id="seven: all they span"),
        pytest.param([1.1, 1.0, 1.2, 1.4, 1.3, 1.6, 1.5, 1.7], (1.1, 1.6), id="eight: all but one at each end"),
        pytest.param([1.1, 1.0, 1.2, 1.4, 1.3, 1.6, 1.5, 1.7, 1.8], (1.1, 1.7), id="nine: all but one at each end"),
    ],
)
def test_the_interval_over_pairs_is_one_of_their_medians(ratios: list[float], over_pairs: Interval) -> None:
    assert ratio_evidence([rounds(ratio, 15) for ratio in ratios]).over_pairs == pytest.approx(over_pairs)


SLOW_CPU = 1.8
"""Times the time that the fast CPU takes."""


def where_the_system_put_them(ratio: float, ours: str, theirs: str) -> list[list[tuple[float, float]]]:
    """A pair for each letter, which says where a side sat: on the (f)ast CPU, on the (s)low one, or (h)alf of the time."""
    factors = {"f": [1.0] * 14, "s": [SLOW_CPU] * 14, "h": [1.0] * 7 + [SLOW_CPU] * 7}
    return [
        [(1000.0 * ratio * our, 1000.0 * their) for our, their in zip(factors[one], factors[other], strict=True)]
        for one, other in zip(ours, theirs, strict=True)
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "fast"),
    [
        pytest.param("fffffff", "fffffff", (1.1, 1.1), id="both on the fast CPU"),
        pytest.param("sffssfs", "fsshfsf", (1.1, 1.1), id="each on both"),
        pytest.param("hssssss", "ffffffh", (1.1, 1.1 * SLOW_CPU), id="the candidate fast in one pair alone"),
        pytest.param("fffffff", "sssshss", (1.1 / SLOW_CPU, 1.1), id="the other side fast in one pair alone"),
        pytest.param("sssssss", "fffffff", (1.1 * SLOW_CPU, 1.1 * SLOW_CPU), id="never on the same: nothing tells"),
        pytest.param("ffffff", "ffffff", UNKNOWN, id="six pairs: too few"),
    ],
)
def test_fast_levels_show_what_the_sides_cost_themselves(ours: str, theirs: str, fast: Interval) -> None:
    pairs = where_the_system_put_them(1.1, ours, theirs)

    assert ratio_evidence(pairs, placing=FREE).fast == pytest.approx(fast)
    assert ratio_evidence(pairs, placing=APART).fast == UNKNOWN
    assert ratio_evidence(pairs).fast == UNKNOWN, "sides that were moved are compared round by round"


@pytest.mark.parametrize(
    ("lucky", "level"),
    [
        pytest.param(4, 1.0, id="4 of 84: less than a twentieth"),
        pytest.param(6, 0.5, id="6 of 84: more"),
    ],
)
def test_a_few_lucky_rounds_are_no_level(lucky: int, level: float) -> None:
    """Two pairs have lucky rounds; 84 rounds are left, and those of one of the two, when the other is left out."""
    pairs = where_the_system_put_them(1.0, "fffffff", "fffffff")
    for number in (0, 6):
        pairs[number][:lucky] = [(500.0, 1000.0)] * lucky
    found = ratio_evidence(pairs, placing=FREE).fast

    assert found[1] == pytest.approx(level)


@pytest.mark.parametrize("placing", list(Placing))
def test_the_placing_of_a_timing_enters_its_evidence(placing: Placing) -> None:
    timed = timing(*[tuple(rounds(1.0))] * 7, placing=placing)

    assert evidence_of(timed).placing is placing
    assert (evidence_of(timed).fast == UNKNOWN) == (placing is not FREE)


@pytest.mark.parametrize(("placing", "verdict"), [(TOGETHER, PASS), (FREE, PASS), (APART, OPEN)])
def test_rounds_are_looked_at_by_where_they_were_timed(placing: Placing, verdict: Verdict) -> None:
    limit = parse_limit("latency_ratio", "1.05 x", METRICS["latency_ratio"].units)
    timed = timing(*[tuple(rounds(1.0))] * 7, placing=placing)

    assert look_at_rounds(timed, limit).verdict is verdict
    assert look_at_rounds(timed, None).verdict is REPORTED


def test_exchanging_the_sides_inverts_the_ratio() -> None:
    found = ratio_evidence([rounds(1.25, 15)])
    turned = ratio_evidence([[(theirs, ours) for ours, theirs in rounds(1.25, 15)]])

    assert turned.ratio == pytest.approx(1 / found.ratio)
    assert turned.interval == pytest.approx((1 / found.interval[1], 1 / found.interval[0]))


@pytest.mark.parametrize(
    ("time", "limit", "pairs", "verdict"),
    [
        pytest.param(1000.0, 1.25, 1, PASS, id="within by a quarter, once"),
        pytest.param(1000.0, 1.0, 1, OPEN, id="at a limit of 1, once"),
        pytest.param(1000.0, 1.0, 2, PASS, id="at a limit of 1"),
        pytest.param(1000.0, 1.05, 2, PASS, id="below the limit"),
        pytest.param(1.0, 0.99, 1, OPEN, id="above the limit, once"),
        pytest.param(1.0, 0.99, 2, OVER, id="above the limit"),
    ],
)
def test_all_times_equal(time: float, limit: float, pairs: int, verdict: Verdict) -> None:
    """A difference of exactly 0.0 in every round is evidence, not its absence."""
    found = ratio_evidence([[(time, time)] * ROUNDS_PER_PAIR] * pairs)

    assert (found.ratio, found.interval) == (1.0, (1.0, 1.0))
    assert look(found, limit).verdict is verdict


@pytest.mark.parametrize(
    ("rounds_of_pairs", "known"),
    [
        pytest.param([1], False, id="one"),
        pytest.param([7], False, id="seven"),
        pytest.param([8], True, id="eight"),
        pytest.param([1, 1], False, id="one in each of two pairs"),
        pytest.param([3, 4], False, id="seven in two pairs"),
        pytest.param([4, 4], True, id="eight in two pairs"),
        pytest.param([1] * 4, False, id="one in each of four pairs"),
        pytest.param([1] * 5, True, id="one in each of five pairs: as sure as of medians"),
        pytest.param([1, 1, 1, 1, 2], False, id="two in one of five pairs"),
    ],
)
def test_too_few_rounds_decide_nothing(rounds_of_pairs: list[int], known: bool) -> None:
    for ratio in (0.1, 1.0, 10.0):
        found = ratio_evidence([rounds(ratio, n) for n in rounds_of_pairs])
        assert (found.interval != UNKNOWN) == known
        assert known or look(found, 1.05).verdict is OPEN


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
