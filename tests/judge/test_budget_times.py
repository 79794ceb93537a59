"""Times against their budgets: the sentence, the figures beside the verdict, and rounds that fit no figure."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.core.context import Context
from harness.core.finding import Finding, Rung, Verdict
from harness.core.measurement import Interval, Measurement
from harness.core.noise import NoiseProfile
from harness.core.timing import NOT_TIMED, Files, Placing, Timing, Timings
from harness.judge.budget import judge_budget
from tests.core.records import (
    case,
    cell,
    figure,
    measurement,
    noise_profile,
    result,
    rounds,
    start,
    timed_alone,
    timing,
)

PASS, OVER, OPEN, ERROR, REPORTED = (
    Verdict.PASS,
    Verdict.OVER_BUDGET,
    Verdict.INCONCLUSIVE,
    Verdict.ERROR,
    Verdict.REPORTED,
)
COLD, CACHED = Files.COLD, Files.CACHED
P50, RATIO, P90 = "latency_p50_ns_per_inference", "latency_ratio", "latency_p90_ns_per_inference"


def started(*pairs: tuple[Files, Files]) -> Timing:
    """Pairs of processes that all load in 1 ms, from files in these states."""
    why = {Files.CACHED: "the system keeps them"}
    starts = tuple(tuple(start(1e6, files, why.get(files, "")) for files in pair) for pair in pairs)
    return timing(*[rounds(1.0)] * len(pairs), starts=starts)


def figures(timed: Timing) -> list[Measurement]:
    """What the meter would tell of these rounds."""
    p50 = float(np.median(timed.epochs_ns))
    times = timed.candidate_ns
    return [
        measurement(P50, p50, "ns", len(times), (0.99 * p50, 1.01 * p50)),
        measurement(P90, float(np.percentile(times, 90)), "ns", len(times)),
        *([measurement(RATIO, 1.0, n=14)] if timed.paired else []),
        measurement("load_ns", 1e6, "ns", 5, (0.99e6, 1.01e6)),
        measurement("load_ratio", 1.0, n=5),
        measurement("first_inference_ratio", 1.0, n=5),
    ]


def judged(metric: str, limit: str | None, timed: Timing, calibrated: NoiseProfile | None = None) -> Finding:
    return judge_budget(case(metric, limit), result(*figures(timed)), timed=Timings(own=timed), noise=calibrated)


@pytest.mark.parametrize(
    ("metric", "limit", "timed", "calibrated", "reason"),
    [
        pytest.param(
            "latency_ratio",
            "1.05 x",
            timing(*[rounds(1.12, 1.09, 1.15)] * 3),
            None,
            "latency over budget: int8_static on onnxruntime takes 1.120 x fp32 [1.090, 1.150] "
            "(42 rounds, 3 process pairs; 1.12 ms against 1 ms), limit 1.05 x",
            id="a ratio, over",
        ),
        pytest.param(
            "latency_ratio",
            "1.05 x",
            timing(rounds(0.5, other_ns=4000.0)),
            None,
            "latency within budget: int8_static on onnxruntime takes 0.500 x fp32 [0.495, 0.505] "
            "(14 rounds, 1 process pair; 2 us against 4 us), limit 1.05 x",
            id="a ratio, within",
        ),
        pytest.param(
            "latency_ratio",
            "1.05 x",
            timing(rounds(1.2), rounds(1.0)),
            None,
            "latency inconclusive: int8_static on onnxruntime takes 1.100 x fp32 [0.000, inf] "
            "(28 rounds, 2 process pairs, median of their medians; 1.099 ms against 1 ms), limit 1.05 x; "
            "the process pairs disagree (medians 1.200, 1.000)",
            id="a ratio, contradicted",
        ),
        pytest.param(
            "latency_ratio",
            "1.05 x",
            timing(rounds(1.0), *[rounds(1.2)] * 6, rounds(1.3)),
            None,
            "latency over budget: int8_static on onnxruntime takes 1.200 x fp32 [1.200, 1.200] "
            "(112 rounds, 8 process pairs, median of their medians; 1.2 ms against 1 ms), limit 1.05 x",
            id="a ratio, over in all but one",
        ),
        pytest.param(
            "latency_ratio",
            "1.05 x",
            timing(*[rounds(1.2)] * 7, placing=Placing.FREE),
            None,
            "latency over budget: int8_static on onnxruntime takes 1.188 x fp32 [1.188, 1.188] (98 rounds, 7 process "
            "pairs, fastest rounds of either side, which the system placed; 1.2 ms against 1 ms), limit 1.05 x",
            id="a ratio of sides that the system placed",
        ),
        pytest.param(
            "latency_ratio",
            "1.05 x",
            timing(*[rounds(0.5)] * 9, placing=Placing.APART),
            None,
            "latency inconclusive: int8_static on onnxruntime takes 0.500 x fp32 [0.495, 0.505] (126 rounds, 9 process "
            "pairs; 500 us against 1 ms), limit 1.05 x; the two sides were never timed on the same CPU",
            id="a ratio of sides that were apart",
        ),
        pytest.param(
            "latency_ratio",
            "1.05 x",
            timing(rounds(1.0)),
            None,
            "latency inconclusive: int8_static on onnxruntime takes 1.000 x fp32 [0.990, 1.010] "
            "(14 rounds, 1 process pair; 1 ms against 1 ms), limit 1.05 x; one pair of processes awaits a second",
            id="a ratio, within, once",
        ),
        pytest.param(
            "latency_ratio",
            None,
            timing(rounds(1.2)),
            None,
            "latency reported: int8_static on onnxruntime takes 1.200 x fp32 [1.188, 1.212] "
            "(14 rounds, 1 process pair; 1.2 ms against 1 ms)",
            id="a ratio, reported",
        ),
        pytest.param(
            "latency",
            "1 ms",
            timed_alone(rounds(1.2), rounds(1.2)),
            None,
            "latency inconclusive: int8_static on onnxruntime takes 1.2 ms [1.188 ms, 1.212 ms] (28 rounds, 2 processes), "
            "limit 1 ms; beyond the limit, but not by more than fresh processes differ by here (1.40 x)",
            id="a time, within doubt",
        ),
        pytest.param(
            "latency",
            "1 ms",
            timing(rounds(1.2), rounds(1.2)),
            noise_profile(absolute_spread=1.1),
            "latency over budget: int8_static on onnxruntime takes 1.2 ms [1.188 ms, 1.212 ms] "
            "(28 rounds, 2 processes), limit 1 ms",
            id="a time, over",
        ),
        pytest.param(
            "load",
            "2 ms",
            started(*[(COLD, CACHED)] * 5),
            None,
            "load within budget: int8_static on onnxruntime takes 1 ms [990 us, 1.01 ms] "
            "(5 rounds, 5 processes, files cold), limit 2 ms",
            id="loading of cold files, however the reference's are",
        ),
        pytest.param(
            "load",
            "2 ms",
            started(*[(CACHED, CACHED)] * 5),
            None,
            "load within budget: int8_static on onnxruntime takes 1 ms [990 us, 1.01 ms] "
            "(5 rounds, 5 processes, files cached: the system keeps them), limit 2 ms",
            id="loading where the system drops nothing",
        ),
        pytest.param(
            "load",
            "2 ms",
            started(*[(COLD, COLD)] * 4, (CACHED, COLD)),
            None,
            "load inconclusive: int8_static on onnxruntime takes 1 ms [990 us, 1.01 ms] (5 rounds, 5 processes, files "
            "cold or files cached: the system keeps them), limit 2 ms; the processes did not start alike, files cold or "
            "files cached: the system keeps them",
            id="loading of cold files but once",
        ),
        pytest.param(
            "load_ratio",
            "1.5 x",
            started(*[(COLD, COLD)] * 5),
            None,
            "load within budget: int8_static on onnxruntime takes 1.000 x fp32 [1.000, 1.000] "
            "(5 rounds, 5 process pairs; 1 ms against 1 ms, files cold), limit 1.5 x",
            id="a ratio of loading",
        ),
        pytest.param(
            "first_inference_ratio",
            "1.5 x",
            started(*[(COLD, CACHED)] * 5),
            None,
            "first inference inconclusive: int8_static on onnxruntime takes 1.000 x fp32 [1.000, 1.000] (5 rounds, 5 process "
            "pairs; 2 ms against 2 ms, files cold or files cached: the system keeps them), limit 1.5 x; the processes did "
            "not start alike, files cold or files cached: the system keeps them",
            id="a ratio of sides that did not start alike",
        ),
        pytest.param(
            "load_ratio",
            None,
            started((COLD, CACHED)),
            None,
            "load reported: int8_static on onnxruntime takes 1.000 x fp32 [0.000, inf] (1 rounds, 1 process pair; 1 ms "
            "against 1 ms, files cold or files cached: the system keeps them)",
            id="of these it is reported that they were not alike",
        ),
        pytest.param(
            "latency_ratio",
            "1.05 x",
            started(*[(COLD, CACHED)] * 2),
            None,
            "latency within budget: int8_static on onnxruntime takes 1.000 x fp32 [0.990, 1.010] "
            "(28 rounds, 2 process pairs; 1 ms against 1 ms), limit 1.05 x",
            id="inferences after starts that were not alike",
        ),
        pytest.param(
            "latency_p90",
            "2 ms",
            timed_alone(rounds(1.0), candidate_ns=np.array([3e6] * 2 + [1e6] * 110)),
            None,
            "latency p90 within budget: int8_static on onnxruntime has a p90 of 1 ms "
            "(n = 112; 2 take longer than the limit, 0.22 % to 6.30 %), limit 2 ms",
            id="a percentile, within",
        ),
        pytest.param(
            "latency_p90",
            "2 ms",
            timed_alone(rounds(1.0), rounds(1.0), candidate_ns=np.array([3e6] * 50 + [1e6] * 174)),
            noise_profile(),
            "latency p90 over budget: int8_static on onnxruntime has a p90 of 3 ms "
            "(n = 224; 50 take longer than the limit, 17.04 % to 28.35 %), limit 2 ms",
            id="a percentile, over",
        ),
        pytest.param(
            "latency_p90",
            None,
            timed_alone(rounds(1.0)),
            None,
            "latency p90 reported: int8_static on onnxruntime has a p90 of 1.01 ms (n = 112)",
            id="a percentile, reported",
        ),
    ],
)
def test_a_line_needs_no_other_file(
    metric: str, limit: str | None, timed: Timing, calibrated: NoiseProfile | None, reason: str
) -> None:
    assert judged(metric, limit, timed, calibrated).reason == reason


def test_what_stands_beside_a_ratio() -> None:
    found = judged("latency_ratio", "1.05 x", timing(*[rounds(1.12, 1.09, 1.15)] * 3))

    assert found.verdict is OVER
    assert found.value == pytest.approx(1.12)
    assert found.interval == pytest.approx((1.09, 1.15))
    assert (found.n, found.limit, found.reference, found.unit) == (42, 1.05, 1e6, "ratio")
    assert found.rung == Rung.REFERENCE_RATIO


@pytest.mark.parametrize(
    ("pairs", "placing", "value", "interval"),
    [
        pytest.param([1.0, 1.3, *[1.2] * 6], Placing.TOGETHER, 1.2, (1.2, 1.2), id="pairs disagree: their medians"),
        pytest.param([1.0, 1.3], Placing.TOGETHER, 1.15, None, id="two pairs disagree: nothing finite"),
        pytest.param([1.2] * 7, Placing.FREE, 1.188, (1.188, 1.188), id="placed: fast levels"),
        pytest.param([1.2] * 6, Placing.FREE, 1.2, (1.188, 1.212), id="placed, too few: rounds"),
        pytest.param([1.2] * 9, Placing.APART, 1.2, (1.188, 1.212), id="apart: rounds"),
    ],
)
def test_beside_a_ratio_stands_what_was_compared_with_the_limit(
    pairs: list[float], placing: Placing, value: float, interval: Interval | None
) -> None:
    found = judged("latency_ratio", "1.05 x", timing(*map(rounds, pairs), placing=placing))

    assert found.value == pytest.approx(value)
    assert found.interval == (None if interval is None else pytest.approx(interval))
    assert found.n == 14 * len(pairs)


def test_what_stands_beside_a_time() -> None:
    found = judged("latency", "2 ms", timed_alone(rounds(1.2)))

    assert (found.verdict, found.value, found.n, found.limit, found.unit) == (PASS, 1.2e6, 112, 2e6, "ns")
    assert found.interval == pytest.approx((1.188e6, 1.212e6))
    assert (found.reference, found.rung) == (None, Rung.ABSOLUTE)


def test_what_stands_beside_a_percentile() -> None:
    found = judged("latency_p90", "2 ms", timed_alone(rounds(1.0)))

    assert (found.verdict, found.value, found.n, found.limit, found.unit) == (PASS, 1.01e6, 112, 2e6, "ns")
    assert (found.interval, found.rung) == (None, Rung.ABSOLUTE)


@pytest.mark.parametrize(
    ("ratio", "limit", "notes"),
    [
        pytest.param(1.03, "1.05 x", ("changed",), id="slower within the limit: said, never failed"),
        pytest.param(1.005, "1.05 x", (), id="not told apart from 1"),
        pytest.param(0.5, "1.05 x", (), id="faster: what one expects"),
        pytest.param(1.2, "1.05 x", (), id="over: the verdict says it"),
        pytest.param(1.2, None, (), id="reported"),
    ],
)
@pytest.mark.parametrize(("pairs", "placing"), [(2, Placing.TOGETHER), (7, Placing.FREE)], ids=["together", "placed"])
def test_slower_within_the_limit_is_noted(
    ratio: float, limit: str | None, notes: tuple[str, ...], pairs: int, placing: Placing
) -> None:
    """By what was compared with the limit: of sides that the system placed, their fast levels."""
    assert judged("latency_ratio", limit, timing(*[rounds(ratio)] * pairs, placing=placing)).notes == notes


def test_placed_sides_that_differ_by_their_rounds_alone_are_not_slower() -> None:
    """Most rounds of the candidate were on the slow CPU; its fast ones are as fast as the other side's."""
    unlucky = rounds(1.0, 1.0, 1.0)[:2] + rounds(1.3, 1.3, 1.3)[2:]

    found = judged("latency_ratio", "1.05 x", timing(*[unlucky] * 7, placing=Placing.FREE))

    assert (found.verdict, found.value, found.notes) == (PASS, 1.0, ())


def test_equal_times_are_not_slower() -> None:
    found = judged("latency_ratio", "1 x", timing(*[rounds(1.0, 1.0, 1.0)] * 2))

    assert (found.verdict, found.interval, found.notes) == (PASS, (1.0, 1.0), ())


def test_a_time_on_the_limit_is_not_counted_as_longer() -> None:
    found = judged("latency_p90", "2 ms", timed_alone(rounds(2.0), candidate_ns=np.full(44, 2e6)))

    assert "0 take longer than the limit" in found.reason


@pytest.mark.parametrize("limit", ["1.05 x", None])
def test_a_ratio_timed_alone_is_an_error(limit: str | None) -> None:
    """Rounds of the candidate alone can't have given the figure, and its other side of 0 ns is no time."""
    alone = timed_alone(rounds(1.0))

    found = judge_budget(case("latency_ratio", limit), result(measurement(RATIO, 1.0, n=14)), timed=Timings(own=alone))

    assert found.verdict is ERROR
    assert "int8_static on onnxruntime was timed alone, without its reference" in found.reason
    assert (found.value, found.phase) == (None, "measure")


@pytest.mark.parametrize(
    ("metric", "limit", "name"),
    [("latency_ratio", "1.05 x", RATIO), ("latency", "1 ms", P50), ("latency_p90", "2 ms", P90)],
)
@pytest.mark.parametrize("timed", [NOT_TIMED, Timings(against_baseline=timing(rounds(1.0)))], ids=["none", "another's"])
@pytest.mark.parametrize("limited", [True, False], ids=["limit", "report"])
def test_a_figure_without_its_rounds_is_an_error(
    metric: str, limit: str, name: str, timed: Timings, limited: bool
) -> None:
    found = judge_budget(
        case(metric, limit if limited else None), result(measurement(name, 0.5, "ns", 500, (0.4, 0.6))), timed=timed
    )

    assert found.verdict is ERROR
    assert "int8_static on onnxruntime was not timed" in found.reason


def test_rounds_without_a_figure_are_an_error() -> None:
    found = judge_budget(case("latency_ratio", "1.05 x"), result(), timed=Timings(own=timing(rounds(0.5))))

    assert found.verdict is ERROR
    assert "latency_ratio was not measured" in found.reason


@pytest.mark.parametrize("metric", ["latency_ratio", "latency", "latency_p90"])
def test_a_throttled_run_is_inconclusive_and_says_so(metric: str) -> None:
    hot = timing(*[rounds(9.0)] * 2, context=Context(seconds=9.0, throttled=True))
    limit = "1.05 x" if metric == "latency_ratio" else "1 ms"

    found = judged(metric, limit, hot, noise_profile())

    assert found.verdict is OPEN
    assert found.reason.endswith("; the processor was throttled while it was timed (throttled)")
    assert judged(metric, None, hot, noise_profile()).verdict is REPORTED


def test_a_stored_time_is_told_beside() -> None:
    timed = timing(rounds(1.2))

    found = judge_budget(
        case("latency", "2 ms"), result(*figures(timed)), timed=Timings(own=timed), baseline={P50: figure(1.1e6, "ns")}
    )

    assert found.baseline == 1.1e6
    assert "baseline 1.1 ms, limit 2 ms" in found.reason


def test_the_limit_of_another_suite_decides_nothing() -> None:
    """Rounds are judged for each case anew, whoever they were taken for."""
    timed = timing(*[rounds(1.2)] * 2)

    assert judged("latency_ratio", "1.05 x", timed).verdict is OVER
    assert judged("latency_ratio", "1.5 x", timed).verdict is PASS
    assert judged("latency_ratio", None, timed).verdict is REPORTED


def test_the_reference_is_judged_by_the_rounds_it_was_timed_in() -> None:
    """Of a ratio it is only reported; its own time has a limit like any other."""
    beside = timing(rounds(0.5)).of_other()
    assert beside is not None
    fp32 = cell("fp32")

    of_time = judge_budget(
        case("latency", "2 ms", of=fp32), result(*figures(beside), of=fp32), timed=Timings(own=beside)
    )
    of_ratio = judge_budget(
        case("latency_ratio", None, of=fp32), result(*figures(beside), of=fp32), timed=Timings(own=beside)
    )

    assert (of_time.verdict, of_time.value) == (PASS, 1e6)
    assert of_ratio.verdict is REPORTED
    assert "fp32 on onnxruntime is the reference" in of_ratio.reason


def test_few_rounds_leave_no_infinite_interval_behind() -> None:
    """Less than seven rounds say nothing; a report's JSON could not hold their interval."""
    found = judged("latency_ratio", "1.05 x", timing(rounds(1.0)[:6]))

    assert (found.verdict, found.interval) == (OPEN, None)
    assert "[0.000, inf] (6 rounds, 1 process pair" in found.reason
    assert found.value is not None
    assert math.isfinite(found.value)
