"""Whether rounds say enough about a metric's limit: ratios, times of one artifact, and percentiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.context import Context
from harness.core.finding import Verdict
from harness.core.limits import Limit, parse_limit
from harness.core.metric import Rule
from harness.core.metrics import METRICS
from harness.core.noise import UNCALIBRATED_SPREAD, NoiseProfile
from harness.core.timing import Timing
from harness.judge.latency import Look, absolute_evidence, ratio_evidence, tail_look, why_throttled
from harness.judge.rules import take_look
from tests.core.records import noise_profile, power_point, rounds, timed_alone, timing

PASS, OVER, OPEN, REPORTED = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE, Verdict.REPORTED
RATIO, ABSOLUTE, P90, P99 = "latency_ratio", "latency", "latency_p90", "latency_p99"
QUIET = noise_profile(absolute_spread=1.03)
NOISY = noise_profile(absolute_spread=1.2)
HOT = Context(seconds=9.0, throttled=True, load1=1.8)
COOL = Context(seconds=9.0, throttled=False)


def limit(metric: str, text: str | None) -> Limit | None:
    return None if text is None else parse_limit(metric, text, METRICS[metric].units)


def taken(metric: str, text: str | None, timed: Timing, calibrated: NoiseProfile | None = None) -> Look:
    return take_look(METRICS[metric], limit(metric, text), timed, calibrated)


@pytest.mark.parametrize(
    ("ratios", "limit", "verdict", "finished"),
    [
        pytest.param([0.83], "1.05 x", PASS, True, id="faster, up to .8383"),
        pytest.param([0.84], "1.05 x", OPEN, False, id="faster, up to .8484, which is not a quarter below"),
        pytest.param([0.84] * 2, "1.05 x", PASS, True, id="faster, confirmed"),
        pytest.param([1.0], "1.05 x", OPEN, False, id="as fast, once"),
        pytest.param([1.0] * 2, "1.05 x", PASS, True, id="as fast, confirmed"),
        pytest.param([1.03] * 2, "1.05 x", PASS, True, id="up to 1.0403"),
        pytest.param([1.045] * 2, "1.05 x", OPEN, False, id="up to 1.0555"),
        pytest.param([1.2], "1.05 x", OPEN, False, id="slower, once"),
        pytest.param([1.2, 1.2], "1.05 x", OVER, True, id="slower, confirmed"),
        pytest.param([1.2, 1.0], "1.05 x", OPEN, False, id="slower, not confirmed"),
        pytest.param([1.0, 1.2], "1.05 x", OPEN, False, id="as fast, not confirmed"),
        pytest.param([1.2] + [1.0] * 6, "1.05 x", OPEN, False, id="slower in one of seven"),
        pytest.param([1.2] + [1.0] * 7, "1.05 x", PASS, True, id="slower in one of eight"),
        pytest.param([1.0] + [1.2] * 6, "1.05 x", OPEN, False, id="as fast in one of seven"),
        pytest.param([1.0] + [1.2] * 7, "1.05 x", OVER, True, id="as fast in one of eight"),
        pytest.param([1.0] * 2 + [1.2] * 7, "1.05 x", OPEN, True, id="as fast in two of nine"),
        pytest.param([1.05] * 8, "1.05 x", OPEN, False, id="on the limit"),
        pytest.param([1.05] * 9, "1.05 x", OPEN, True, id="on the limit, to the end"),
        pytest.param([9.0], None, REPORTED, True, id="nothing demanded"),
    ],
)
def test_a_ratio(ratios: list[float], limit: str | None, verdict: Verdict, finished: bool) -> None:
    found = taken(RATIO, limit, timing(*map(rounds, ratios)))

    assert (found.verdict, found.finished) == (verdict, finished), found.reason


@pytest.mark.parametrize("calibrated", [None, QUIET, NOISY], ids=["uncalibrated", "quiet", "noisy"])
def test_a_ratio_needs_no_calibration(calibrated: NoiseProfile | None) -> None:
    assert taken(RATIO, "1.05 x", timing(rounds(1.1), rounds(1.1)), calibrated).verdict is OVER


@pytest.mark.parametrize(
    ("ms", "calibrated", "verdict", "finished"),
    [
        pytest.param([0.79], None, PASS, True, id="within, up to .7979"),
        pytest.param([0.8], None, OPEN, False, id="within, up to .808, which is not a quarter below"),
        pytest.param([0.98], None, OPEN, False, id="up to .9898, once"),
        pytest.param([0.98] * 2, None, PASS, True, id="up to .9898, confirmed"),
        pytest.param([1.0] * 2, None, OPEN, False, id="on the limit"),
        pytest.param([1.2], None, OPEN, False, id="1.2 x, where 1.4 x is noise, once"),
        pytest.param([1.2] * 2, None, OPEN, True, id="1.2 x, where 1.4 x is noise"),
        pytest.param([1.38] * 2, None, OPEN, True, id="up to 1.394"),
        pytest.param([1.4] * 2, None, OPEN, False, id="across 1.4"),
        pytest.param([1.42, 1.42], None, OVER, True, id="from 1.406 on, confirmed"),
        pytest.param([1.42], None, OPEN, False, id="from 1.406 on, once"),
        pytest.param([1.5, 1.0], None, OPEN, False, id="not confirmed"),
        pytest.param([1.2, 1.2], NOISY, OPEN, False, id="across a noisy machine's 1.2"),
        pytest.param([1.22, 1.22], NOISY, OVER, True, id="beyond a noisy machine's 1.2"),
        pytest.param([1.05, 1.05], QUIET, OVER, True, id="beyond a quiet machine's 1.03"),
        pytest.param([1.015, 1.015], QUIET, OPEN, True, id="within a quiet machine's 1.03"),
    ],
)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside another"])
def test_a_time_against_a_time(
    ms: list[float], calibrated: NoiseProfile | None, verdict: Verdict, finished: bool, alone: bool
) -> None:
    """A reference that was timed beside it does not enter."""
    timed = (timed_alone if alone else timing)(*[rounds(one) for one in ms])

    found = taken(ABSOLUTE, "1 ms", timed, calibrated)

    assert (found.verdict, found.finished) == (verdict, finished), found.reason


def test_an_uncalibrated_machine_is_taken_for_a_shared_one() -> None:
    assert UNCALIBRATED_SPREAD == 1.4
    assert "(1.40 x)" in taken(ABSOLUTE, "1 ms", timed_alone(rounds(1.2), rounds(1.2))).reason
    assert "(1.20 x)" in taken(ABSOLUTE, "1 ms", timed_alone(rounds(1.15), rounds(1.15)), NOISY).reason


def test_a_time_is_judged_as_a_ratio_to_its_limit() -> None:
    found = absolute_evidence(timed_alone(rounds(1.2), rounds(0.9)), 2e6)

    assert found.pair_medians == pytest.approx((0.6, 0.45))
    assert (found.pairs, found.rounds) == (2, 28)


def test_all_times_equal_to_the_limit_are_within() -> None:
    equal = [rounds(1.0, 1.0, 1.0)] * 2
    within = Look(verdict=PASS, finished=True, ratio=1.0, interval=(1.0, 1.0))

    for calibrated in (None, QUIET):
        assert taken(ABSOLUTE, "1 ms", timed_alone(*equal), calibrated) == within
    assert taken(RATIO, "1 x", timing(*equal)) == within


@pytest.mark.parametrize("metric", [RATIO, ABSOLUTE])
@pytest.mark.parametrize("ratio", [0.1, 1.0, 10.0])
def test_one_round_decides_nothing(metric: str, ratio: float) -> None:
    found = taken(metric, "1 x" if metric == RATIO else "1 ms", timing(rounds(ratio)[:1]))

    assert (found.verdict, found.finished) == (OPEN, False)


@pytest.mark.parametrize("metric", [RATIO, ABSOLUTE, P90])
@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_time_that_is_no_time_is_refused(metric: str, bad: float) -> None:
    spoilt = timing(((bad, 1e6), *rounds(0.5)[1:]))

    with pytest.raises(ValueError, match="a measured time is not positive"):
        taken(metric, "1 x" if metric == RATIO else "1 ms", spoilt)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_one_inference_that_took_no_time_spoils_a_percentile(bad: float) -> None:
    """It moves no epoch's median, and would count as one that is within the limit."""
    times = np.full(459, 1e6)
    times[100] = bad

    with pytest.raises(ValueError, match="a measured time is not positive"):
        tail_look(timing(rounds(1.0), candidate_ns=times), 99, 2e6, quiet=True)


def inferences(n: int, exceeding: int, processes: int = 1, **changed: Any) -> Timing:
    """*n* inferences of which *exceeding* take longer than 2 ms."""
    times = np.concatenate([np.full(exceeding, 3e6), np.full(n - exceeding, 1e6)])
    return timed_alone(*[rounds(1.0)] * processes, candidate_ns=times, **changed)


@pytest.mark.parametrize(
    ("metric", "n", "exceeding", "processes", "quiet", "verdict", "finished", "says"),
    [
        pytest.param(P90, 44, 0, 2, False, PASS, True, "", id="p90, least n, on any machine"),
        pytest.param(P90, 43, 0, 1, True, OPEN, False, "0 of 43 inferences exceed the limit; 44 would", id="one less"),
        pytest.param(P90, 64, 1, 2, False, PASS, True, "", id="p90, one beyond, least n"),
        pytest.param(P90, 63, 1, 1, True, OPEN, False, "1 of 63 inferences exceed the limit; 64 would", id="and less"),
        pytest.param(P99, 459, 0, 2, False, PASS, True, "", id="p99, least n"),
        pytest.param(P99, 458, 0, 1, True, OPEN, False, "459 would decide at that number", id="p99, one less"),
        pytest.param(
            P99, 458, 0, 9, True, OPEN, True, "459 would decide at that number", id="p99, one less, at the end"
        ),
        pytest.param(P90, 1000, 100, 2, True, OPEN, False, "100 of 1000", id="on the limit"),
        pytest.param(P90, 1000, 150, 1, True, OPEN, False, "one process awaits a second", id="beyond, one process"),
        pytest.param(P90, 1000, 150, 2, True, OVER, True, "", id="beyond, two processes"),
        pytest.param(P90, 1000, 150, 1, False, OPEN, True, "tails fail nothing", id="beyond, not quiet"),
        pytest.param(P90, 1000, 150, 9, False, OPEN, True, "tails fail nothing", id="beyond to the end, not quiet"),
        pytest.param(P90, 1000, 1000, 2, True, OVER, True, "", id="all beyond"),
    ],
)
def test_a_percentile(
    metric: str, n: int, exceeding: int, processes: int, quiet: bool, verdict: Verdict, finished: bool, says: str
) -> None:
    found = taken(metric, "2 ms", inferences(n, exceeding, processes), QUIET if quiet else NOISY)

    assert (found.verdict, found.finished) == (verdict, finished), found.reason
    assert says in found.reason
    assert bool(found.reason) == (verdict is OPEN)


@pytest.mark.parametrize(
    ("calibrated", "verdict"),
    [
        pytest.param(None, OPEN, id="never calibrated"),
        pytest.param(NOISY, OPEN, id="calibrated as noisy"),
        pytest.param(noise_profile(power=(power_point(0.0, 200, failed=1),)), OPEN, id="with a false alarm"),
        pytest.param(QUIET, OVER, id="calibrated as quiet"),
    ],
)
def test_tails_fail_on_quiet_machines_only(calibrated: NoiseProfile | None, verdict: Verdict) -> None:
    assert taken(P90, "2 ms", inferences(1000, 150, 2), calibrated).verdict is verdict


@pytest.mark.parametrize(
    ("ns", "processes", "verdict", "says"),
    [
        pytest.param(1.6e6, 1, PASS, "", id="within by a quarter: one process tells"),
        pytest.param(np.nextafter(1.6e6, 2e6), 1, OPEN, "one process awaits a second", id="a hair less, one process"),
        pytest.param(np.nextafter(1.6e6, 2e6), 2, PASS, "", id="a hair less, two processes"),
        pytest.param(2e6, 1, OPEN, "one process awaits a second", id="on the limit, one process"),
        pytest.param(2e6, 2, PASS, "", id="on the limit, which does not exceed it"),
        pytest.param(np.nextafter(2e6, 3e6), 2, OVER, "", id="a hair beyond"),
    ],
)
def test_how_far_within_one_process_tells(ns: float, processes: int, verdict: Verdict, says: str) -> None:
    timed = timing(*[rounds(2.0)] * processes, candidate_ns=np.full(44, ns))

    found = taken(P90, "2 ms", timed, QUIET)

    assert (found.verdict, found.finished) == (verdict, verdict is not OPEN), found.reason
    assert says in found.reason


@pytest.mark.parametrize(
    ("a_quarter_below", "verdict"), [pytest.param(0, PASS, id="none"), pytest.param(1, OPEN, id="one")]
)
def test_all_that_lies_just_below_the_limit_is_counted_for_one_process(a_quarter_below: int, verdict: Verdict) -> None:
    """Of 44 inferences none may exceed what is a quarter below."""
    times = np.full(44, 1e6)
    times[:a_quarter_below] = 1.7e6

    assert taken(P90, "2 ms", timed_alone(rounds(1.0), candidate_ns=times), QUIET).verdict is verdict


@pytest.mark.parametrize(("processes", "finished"), [(1, False), (2, True)])
def test_a_tail_beyond_awaits_a_second_process(processes: int, finished: bool) -> None:
    assert taken(P90, "2 ms", inferences(1000, 150, processes), QUIET).finished is finished


@pytest.mark.parametrize(("metric", "text"), [(RATIO, "1.05 x"), (ABSOLUTE, "1 ms"), (P90, "2 ms")])
@pytest.mark.parametrize("ratio", [0.5, 5.0], ids=["within", "beyond"])
def test_a_throttled_processor_concludes_nothing(metric: str, text: str, ratio: float) -> None:
    timed = [rounds(ratio)] * 2

    found = taken(metric, text, timing(*timed, context=HOT), QUIET)

    assert (found.verdict, found.finished) == (OPEN, True)
    assert found.reason == "the processor was throttled while it was timed (load 1.8, throttled)"
    assert taken(metric, None, timing(*timed, context=HOT), QUIET).verdict is REPORTED
    for context in (COOL, Context(seconds=9.0), None):
        assert taken(metric, text, timing(*timed, context=context), QUIET).verdict is (PASS if ratio < 1 else OVER)


@pytest.mark.parametrize(
    ("context", "why"),
    [
        pytest.param(None, "", id="no context"),
        pytest.param(Context(seconds=1.0), "", id="not readable"),
        pytest.param(COOL, "", id="not throttled"),
        pytest.param(HOT, "the processor was throttled while it was timed (load 1.8, throttled)", id="throttled"),
    ],
)
def test_why_throttled(context: Context | None, why: str) -> None:
    assert why_throttled(context) == why


def test_a_figure_that_is_no_time_asks_for_no_further_round() -> None:
    assert taken("size", "1 kB", timing(rounds(1.0))) == Look(verdict=Verdict.REPORTED, finished=True)


def test_every_time_has_a_rule() -> None:
    timed = {metric.rule for metric in METRICS.values() if metric.name.startswith("latency")}

    assert timed == {Rule.RATIO, Rule.ABSOLUTE, Rule.TAIL}


def test_the_evidence_of_hand_made_rounds() -> None:
    """Records' rounds have the interval they say, however many pairs of them there are."""
    for pairs in range(1, 10):
        found = ratio_evidence([rounds(1.12, 1.09, 1.15)] * pairs)
        assert (found.ratio, *found.interval) == pytest.approx((1.12, 1.09, 1.15))
