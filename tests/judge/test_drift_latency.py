"""A latency against its baseline: which rung is taken, why not a better one, and what it says on either side of a limit."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest

from harness.core.context import Context
from harness.core.finding import Finding, Rung, Verdict
from harness.core.measurement import Interval
from harness.core.noise import UNCALIBRATED_RATIO_SPREAD, NoiseProfile
from harness.core.result import CellResult
from harness.core.timing import Placing, Timing, Timings
from harness.judge.changes.timed import is_same_artifact
from harness.judge.drift import judge_drift
from tests.core.records import (
    ARTIFACT,
    case,
    cell,
    environment,
    figure,
    hardware,
    measurement,
    noise_profile,
    power_point,
    result,
    rounds,
    timing,
)

PASS, REGRESSED, OPEN, ERROR = Verdict.PASS, Verdict.REGRESSED, Verdict.INCONCLUSIVE, Verdict.ERROR
REPORTED, NONE, APART, BELOW = (
    Verdict.REPORTED,
    Verdict.NO_BASELINE,
    Verdict.INCOMPARABLE,
    Verdict.BELOW_NOISE_FLOOR,
)
P50, RATIO = "latency_p50_ns_per_inference", "latency_ratio"
OTHER = "b" * 64
NEWER = environment(runtime_versions=(("onnxruntime", "1.24.0"),))
MORE_CORES = environment(hardware=hardware(cores=64))
OTHER_CPU = environment(hardware=hardware(cpu="Another CPU"))
QUIET = noise_profile(absolute_spread=1.03, ratio_spread=1.02)
NOISY = noise_profile(absolute_spread=1.2, ratio_spread=1.1)
BESIDE = timing(rounds(1.0), rounds(1.0))
HOT = Context(seconds=9.0, throttled=True)


def now(
    p50: float = 1000.0,
    interval: Interval | None = None,
    ratio: tuple[float, Interval | None] | None = None,
    **changed: Any,
) -> CellResult:
    """Of another artifact than the baseline's, unless *changed*; *ratio* is that to the reference."""
    figures = [measurement(P50, p50, "ns", 112, interval or (p50, p50))]
    if ratio is not None:
        figures.append(measurement(RATIO, ratio[0], "ratio", 14, ratio[1]))
    return result(*figures, **{"sha256": OTHER, **changed})


def stored(
    p50: float = 1000.0, interval: Interval | None = None, ratio: tuple[float, Interval | None] | None = None, **of: Any
) -> dict[str, Any]:
    held = {P50: figure(p50, "ns", interval=interval or (p50, p50), **of)}
    if ratio is not None:
        held[RATIO] = figure(ratio[0], "ratio", interval=ratio[1], **of)
    return held


def drift(
    today: CellResult,
    baseline: dict[str, Any],
    change: str | None = "1.1 x",
    beside: Timing | None = None,
    calibrated: NoiseProfile | None = None,
    metric: str = "latency",
) -> Finding:
    one = case(metric, None, change, of=today.cell)
    gone = "" if beside or change is None else "the baseline's artifact is not in the cache"
    timed = Timings(against_baseline=beside, why_not_against_baseline=gone)
    finding = judge_drift(one, today, baseline, timed=timed, noise=calibrated)
    assert finding is not None
    json.dumps(msgspec.to_builtins(finding), allow_nan=False)
    assert finding.unit == "ratio"
    return finding


POINT = (1.0, (1.0, 1.0))


@pytest.mark.parametrize(
    ("today", "baseline", "beside", "calibrated", "rung"),
    [
        pytest.param(now(sha256=ARTIFACT), stored(), None, None, Rung.SAME_ARTIFACT, id="the same artifact"),
        pytest.param(
            now(sha256=ARTIFACT, ratio=POINT), stored(ratio=POINT), BESIDE, QUIET, Rung.SAME_ARTIFACT, id="all there is"
        ),
        pytest.param(
            now(sha256=ARTIFACT, environment=NEWER), stored(), BESIDE, None, Rung.PAIRED_ARTIFACT, id="a newer engine"
        ),
        pytest.param(
            now(sha256=ARTIFACT, environment=environment(threads=4)),
            stored(),
            BESIDE,
            None,
            Rung.PAIRED_ARTIFACT,
            id="more threads",
        ),
        pytest.param(now(artifact=None), stored(), BESIDE, None, Rung.PAIRED_ARTIFACT, id="an artifact nobody knows"),
        pytest.param(now(environment=None), stored(), BESIDE, None, Rung.PAIRED_ARTIFACT, id="no environment now"),
        pytest.param(now(), stored(environment=None), BESIDE, None, Rung.PAIRED_ARTIFACT, id="none stored"),
        pytest.param(now(environment=OTHER_CPU), stored(), BESIDE, None, Rung.PAIRED_ARTIFACT, id="another CPU"),
        pytest.param(now(ratio=POINT), stored(ratio=POINT), BESIDE, QUIET, Rung.PAIRED_ARTIFACT, id="before a ratio"),
        pytest.param(now(ratio=POINT), stored(ratio=POINT), None, None, Rung.REFERENCE_RATIO, id="a ratio"),
        pytest.param(
            now(ratio=POINT), stored(ratio=POINT), None, QUIET, Rung.REFERENCE_RATIO, id="a ratio before a time"
        ),
        pytest.param(
            now(ratio=POINT, environment=NEWER), stored(ratio=POINT), None, None, Rung.REFERENCE_RATIO, id="and newer"
        ),
        pytest.param(
            now(ratio=POINT, environment=MORE_CORES), stored(ratio=POINT), None, None, Rung.REFERENCE_RATIO, id="cores"
        ),
        pytest.param(now(), stored(ratio=POINT), None, QUIET, Rung.ABSOLUTE, id="no ratio now"),
        pytest.param(now(ratio=POINT), stored(), None, QUIET, Rung.ABSOLUTE, id="no ratio stored"),
        pytest.param(now(ratio=POINT), stored(ratio=(0.0, None)), None, QUIET, Rung.ABSOLUTE, id="a stored ratio of 0"),
        pytest.param(
            now(ratio=POINT), stored(ratio=(math.nan, None)), None, QUIET, Rung.ABSOLUTE, id="a stored ratio of NaN"
        ),
        pytest.param(
            now(ratio=POINT), stored(ratio=(math.inf, None)), None, QUIET, Rung.ABSOLUTE, id="an infinite stored ratio"
        ),
        pytest.param(
            now(ratio=POINT),
            {**stored(), RATIO: figure(1.0, "ratio", environment=OTHER_CPU)},
            None,
            QUIET,
            Rung.ABSOLUTE,
            id="a ratio from another CPU",
        ),
        pytest.param(
            now(ratio=POINT),
            {**stored(), RATIO: figure(1.0, "ratio", environment=None)},
            None,
            QUIET,
            Rung.ABSOLUTE,
            id="a ratio from who knows where",
        ),
        pytest.param(
            now(environment=NEWER), stored(), None, QUIET, Rung.ABSOLUTE, id="a newer engine, a quiet machine"
        ),
    ],
)
def test_the_best_rung_there_is(
    today: CellResult, baseline: dict[str, Any], beside: Timing | None, calibrated: NoiseProfile | None, rung: Rung
) -> None:
    finding = drift(today, baseline, "1.5 x", beside, calibrated)

    assert finding.rung == rung, finding.reason
    assert finding.verdict is PASS, finding.reason


@pytest.mark.parametrize(
    ("today", "baseline", "calibrated", "says"),
    [
        pytest.param(now(), stored(), None, "hardware: it was not calibrated as quiet", id="never calibrated"),
        pytest.param(now(), stored(), NOISY, "hardware: it was not calibrated as quiet", id="calibrated as noisy"),
        pytest.param(
            now(),
            stored(),
            noise_profile(power=(power_point(0.0, 200, failed=1),)),
            "hardware: it was not calibrated as quiet",
            id="calibrated with a false alarm",
        ),
        pytest.param(
            now(environment=OTHER_CPU),
            stored(),
            QUIET,
            "hardware: Some CPU, 2 cores, x86_64+avx512_vnni; now Another",
            id="CPU",
        ),
        pytest.param(now(environment=MORE_CORES), stored(), QUIET, "now Some CPU, 64 cores", id="cores"),
        pytest.param(
            now(environment=environment(threads=4)), stored(), QUIET, "environment: threads 1, now 4", id="threads"
        ),
        pytest.param(
            now(environment=environment(provider="cuda")), stored(), QUIET, "provider cpu, now cuda", id="provider"
        ),
        pytest.param(now(environment=None), stored(), QUIET, "environment: not recorded", id="no environment"),
        pytest.param(now(), stored(environment=None), QUIET, "environment: not recorded", id="none stored"),
        pytest.param(
            now(ratio=POINT, environment=OTHER_CPU),
            stored(ratio=POINT),
            QUIET,
            "now Another CPU",
            id="a ratio elsewhere",
        ),
        pytest.param(
            now(ratio=POINT, environment=environment(threads=4)),
            stored(ratio=POINT),
            QUIET,
            "environment: threads 1, now 4",
            id="a ratio of more threads",
        ),
    ],
)
def test_what_no_rung_holds_is_incomparable(
    today: CellResult, baseline: dict[str, Any], calibrated: NoiseProfile | None, says: str
) -> None:
    finding = drift(today, baseline, "1.5 x", calibrated=calibrated)

    assert (finding.verdict, finding.rung, finding.value, finding.notes) == (APART, "", None, ())
    assert "can't be compared, incomparable(" in finding.reason
    assert says in finding.reason
    assert finding.reason.endswith("; the baseline's artifact is not in the cache")
    assert finding.baseline == 1000.0


def test_a_change_that_is_only_noted_does_not_ask_for_the_artifact() -> None:
    finding = drift(now(), stored(), None)

    assert finding.verdict is APART
    assert "cache" not in finding.reason


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_baseline_that_no_ratio_can_be_taken_to_is_an_error(bad: float) -> None:
    today, baseline = now(sha256=ARTIFACT, ratio=POINT), stored(bad, (1.0, 1.0), ratio=POINT)

    finding = judge_drift(case("latency", None, "1.1 x"), today, baseline, timed=Timings(against_baseline=BESIDE))

    assert finding is not None
    assert finding.verdict is ERROR
    assert f"the baseline is {bad}" in finding.reason


@pytest.mark.parametrize("metric", ["latency", "latency_ratio"])
def test_without_a_baseline(metric: str) -> None:
    today, other = now(ratio=POINT), {RATIO: figure(1.0, "ratio")}

    finding = judge_drift(case(metric, None, "1.1 x"), today, other)

    assert finding is not None
    assert finding.verdict is NONE
    assert "has none for latency_p50_ns_per_inference" in finding.reason
    assert judge_drift(case(metric, None, None), today, other) is None


@pytest.mark.parametrize(
    ("change", "verdict"), [("1.1 x", PASS), ("1 x", PASS), (None, REPORTED), ("0.999 x", REGRESSED)]
)
def test_the_same_artifact_takes_the_same_time(change: str | None, verdict: Verdict) -> None:
    """However long it took today: what differs is the machine."""
    finding = drift(now(9000.0, sha256=ARTIFACT), stored(), change)

    assert (finding.verdict, finding.value, finding.n) == (verdict, 1.0, 1)
    assert "is the baseline's artifact, byte for byte, on the same version of the engine: 1 x" in finding.reason


@pytest.mark.parametrize(
    ("today", "same"),
    [
        pytest.param(now(sha256=ARTIFACT), True, id="the same"),
        pytest.param(now(sha256=ARTIFACT, environment=OTHER_CPU), True, id="on another machine"),
        pytest.param(now(), False, id="other bytes"),
        pytest.param(now(artifact=None), False, id="no artifact"),
        pytest.param(now(sha256=ARTIFACT, environment=NEWER), False, id="another engine"),
        pytest.param(now(sha256=ARTIFACT, environment=environment(threads=2)), False, id="threads"),
        pytest.param(now(sha256=ARTIFACT, environment=environment(provider="cuda")), False, id="provider"),
        pytest.param(now(sha256=ARTIFACT, environment=environment(options=(("a", "b"),))), False, id="options"),
        pytest.param(now(sha256=ARTIFACT, environment=None), False, id="nothing recorded"),
    ],
)
def test_is_same_artifact(today: CellResult, same: bool) -> None:
    assert is_same_artifact(today, stored()[P50]) is same


@pytest.mark.parametrize(
    ("ratios", "change", "verdict", "notes", "says"),
    [
        pytest.param([1.0] * 2, "1.1 x", PASS, (), "1.000 x the artifact of the baseline [0.990, 1.010]", id="as fast"),
        pytest.param([1.0], "1.1 x", OPEN, (), "; one pair of processes awaits a second", id="as fast, once"),
        pytest.param([0.87], "1.1 x", PASS, ("improved",), "0.870 x", id="up to .8787: faster than a quarter below"),
        pytest.param([0.88], "1.1 x", OPEN, ("improved",), "awaits a second", id="up to .8888: not by as much"),
        pytest.param(
            [1.05] * 2, "1.1 x", PASS, ("changed",), "(28 rounds, 2 process pairs), allowed 1.1 x", id="within"
        ),
        pytest.param(
            [1.2, 1.2], "1.1 x", REGRESSED, ("changed",), "28 rounds, 2 process pairs", id="slower, confirmed"
        ),
        pytest.param([1.2], "1.1 x", OPEN, ("changed",), "; one pair of processes awaits a second", id="slower, once"),
        pytest.param([1.1] * 9, "1.1 x", OPEN, ("changed",), "; the interval spans the limit", id="on the limit"),
        pytest.param(
            [1.2, *[1.0] * 7],
            "1.1 x",
            PASS,
            (),
            "(112 rounds, 8 process pairs, median of their medians)",
            id="one of 8",
        ),
        pytest.param(
            [1.0, *[1.2] * 7],
            "1.1 x",
            REGRESSED,
            ("changed",),
            "median of their medians), allowed",
            id="all but one of 8",
        ),
        pytest.param(
            [0.95] * 2, "0.9 x", REGRESSED, ("improved",), "allowed 0.9 x", id="must be faster, is, too little"
        ),
        pytest.param([1.2] * 2, None, REPORTED, ("changed",), "1.200 x", id="slower, noted only"),
        pytest.param([1.0], None, REPORTED, (), "1.000 x", id="as fast, noted only"),
    ],
)
def test_beside_the_artifact_of_the_baseline(
    ratios: list[float], change: str | None, verdict: Verdict, notes: tuple[str, ...], says: str
) -> None:
    beside = timing(*map(rounds, ratios))

    finding = drift(now(), stored(), change, beside)

    assert (finding.verdict, finding.notes) == (verdict, notes), finding.reason
    assert says in finding.reason
    assert finding.n == 14 * len(ratios)
    assert finding.interval is not None
    assert finding.value is not None
    assert finding.interval[0] <= finding.value <= finding.interval[1]


def test_pairs_that_contradict_each_other_leave_no_infinite_interval_behind() -> None:
    """The medians of two pairs bound nothing; a report's JSON could not hold their interval."""
    finding = drift(now(), stored(), "1.1 x", timing(rounds(1.2), rounds(1.0)))

    assert (finding.verdict, finding.interval, finding.notes) == (OPEN, None, ())
    assert finding.value == pytest.approx(1.1)
    assert "; the process pairs disagree (medians 1.200, 1.000)" in finding.reason


@pytest.mark.parametrize(
    ("ratio", "placing", "verdict", "says"),
    [
        pytest.param(1.0, Placing.FREE, PASS, "fastest rounds of either side, which the system placed", id="placed"),
        pytest.param(1.2, Placing.FREE, REGRESSED, "fastest rounds of either side", id="placed, slower"),
        pytest.param(1.0, Placing.APART, OPEN, "; the two sides were never timed on the same CPU", id="apart"),
        pytest.param(1.2, Placing.APART, OPEN, "; the two sides were never timed on the same CPU", id="apart, slower"),
    ],
)
def test_where_both_artifacts_were_timed_enters(ratio: float, placing: Placing, verdict: Verdict, says: str) -> None:
    finding = drift(now(), stored(), "1.1 x", timing(*[rounds(ratio)] * 9, placing=placing))

    assert finding.verdict is verdict, finding.reason
    assert says in finding.reason


def test_equal_times_are_no_news() -> None:
    finding = drift(now(), stored(), "1 x", timing(*[rounds(1.0, 1.0, 1.0)] * 2))

    assert (finding.verdict, finding.notes, finding.interval) == (PASS, (), (1.0, 1.0))


def test_a_stored_interval_that_is_none_fails_nothing() -> None:
    assert drift(now(ratio=POINT), stored(ratio=(1.0, (0.0, 0.0))), "1.25 x").verdict is OPEN


@pytest.mark.parametrize("ratio", [0.5, 1.0, 9.0])
def test_what_was_timed_beside_the_baseline_while_throttled_is_inconclusive(ratio: float) -> None:
    hot = timing(*[rounds(ratio)] * 2, context=HOT)

    finding = drift(now(), stored(), "1.1 x", hot)

    assert finding.verdict is OPEN
    assert finding.reason.endswith("; the processor was throttled while it was timed (throttled)")
    assert drift(now(), stored(), None, hot).verdict is REPORTED


def test_a_baseline_from_elsewhere_is_told() -> None:
    finding = drift(now(environment=OTHER_CPU), stored(), "1.1 x", BESIDE)

    assert finding.verdict is PASS
    assert "; the baseline was taken on Some CPU, 2 cores, x86_64+avx512_vnni, this is Another CPU" in finding.reason


HAIR = 1e-9


@pytest.mark.parametrize(
    ("interval", "change", "verdict", "notes"),
    [
        pytest.param((0.97, 1.02), "1.25 x", PASS, (), id="as before"),
        pytest.param((0.97, 1.25), "1.25 x", PASS, (), id="up to limit and spread"),
        pytest.param((0.97, 1.25 + HAIR), "1.25 x", OPEN, (), id="a hair beyond"),
        pytest.param((1.25, 1.3), "1.25 x", OPEN, (), id="from limit and spread on"),
        pytest.param((1.25 + HAIR, 1.3), "1.25 x", REGRESSED, ("changed",), id="beyond limit and spread"),
        pytest.param((0.97, 1.02), "1.2 x", BELOW, (), id="a limit below the spread, as before"),
        pytest.param((0.8, 0.96), "1.2 x", PASS, (), id="faster by as much as the spread may hide: .96 x 1.25 = 1.2"),
        pytest.param((0.8, 0.961), "1.2 x", BELOW, (), id="a hair less"),
        pytest.param((0.97, 1.02), "1.2499 x", BELOW, (), id="a limit a hair below the spread"),
        pytest.param((1.21, 1.25), "1.2 x", BELOW, (), id="beyond the limit, not beyond the spread"),
        pytest.param((1.25 + HAIR, 1.3), "1.2 x", REGRESSED, ("changed",), id="beyond the limit and the spread"),
        pytest.param((1.26, 1.3), "1.5 x", PASS, ("changed",), id="slower within a wide limit"),
        pytest.param((1.26, 1.5 + HAIR), "1.5 x", OPEN, ("changed",), id="across a wide limit"),
        pytest.param((1.5 + HAIR, 1.6), "1.5 x", REGRESSED, ("changed",), id="beyond a wide limit"),
        pytest.param((0.7, 0.79), "1.25 x", PASS, ("improved",), id="faster beyond the spread"),
        pytest.param((0.7, 0.81), "1.25 x", PASS, (), id="faster within the spread: no news"),
        pytest.param((1.3, 1.4), None, REPORTED, ("changed",), id="noted only"),
        pytest.param((0.0, math.inf), "1.25 x", OPEN, (), id="nothing known"),
        pytest.param((math.nan, math.nan), "1.25 x", OPEN, (), id="no interval"),
    ],
)
def test_a_stored_ratio_to_the_reference(
    interval: Interval, change: str | None, verdict: Verdict, notes: tuple[str, ...]
) -> None:
    """Uncalibrated: ratios of two runs differ by up to 1.25 x."""
    assert UNCALIBRATED_RATIO_SPREAD == 1.25

    finding = drift(now(ratio=(1.0, interval)), stored(ratio=(1.0, (1.0, 1.0))), change)

    assert finding.rung == Rung.REFERENCE_RATIO
    assert (finding.verdict, finding.notes) == (verdict, notes), finding.reason
    assert finding.baseline == 1.0


@pytest.mark.parametrize(
    ("calibrated", "change", "verdict"),
    [
        pytest.param(None, "1.1 x", BELOW, id="uncalibrated: 1.25 x"),
        pytest.param(NOISY, "1.1 x", PASS, id="noisy: 1.1 x, on the limit"),
        pytest.param(NOISY, "1.09 x", BELOW, id="noisy: 1.1 x, below"),
        pytest.param(QUIET, "1.05 x", PASS, id="quiet: 1.02 x"),
    ],
)
def test_calibration_says_what_a_stored_ratio_can_be_trusted_to(
    calibrated: NoiseProfile | None, change: str, verdict: Verdict
) -> None:
    finding = drift(now(ratio=POINT), stored(ratio=POINT), change, calibrated=calibrated)

    assert finding.verdict is verdict, finding.reason
    assert ("two runs differ by up to" in finding.reason) == (verdict is BELOW)


@pytest.mark.parametrize(
    ("today", "before", "ends"),
    [
        pytest.param((0.5, (0.4, 0.6)), (0.5, (0.45, 0.55)), (0.4 / 0.55, 0.6 / 0.45), id="the widest quotient"),
        pytest.param((0.5, None), (0.4, None), None, id="no interval on either side: of too few rounds"),
        pytest.param((0.5, None), (0.4, (0.4, 0.4)), None, id="none now"),
        pytest.param((0.5, (0.4, 0.6)), (0.4, None), None, id="none stored"),
        pytest.param((0.5, (0.4, 0.6)), (0.5, (0.0, 1.0)), None, id="a stored interval from 0 on"),
        pytest.param((0.5, (0.4, 0.6)), (0.5, (-math.inf, math.inf)), None, id="nothing known then"),
        pytest.param((0.5, (0.4, 0.6)), (0.5, (0.0, 0.0)), None, id="a stored interval that is none"),
    ],
)
def test_both_runs_are_uncertain(today: Any, before: Any, ends: Interval | None) -> None:
    finding = drift(now(ratio=today), stored(ratio=before), None)

    assert finding.interval == (None if ends is None else pytest.approx(ends))
    assert finding.value == pytest.approx(today[0] / before[0])
    assert finding.baseline == before[0]


@pytest.mark.parametrize(
    ("p50", "change", "verdict", "notes"),
    [
        pytest.param((970.0, 1020.0), "1.25 x", PASS, (), id="as before"),
        pytest.param((970.0, 1250.0), "1.25 x", PASS, (), id="up to the limit"),
        pytest.param((970.0, 1251.0), "1.25 x", OPEN, (), id="across"),
        pytest.param((1250.0, 1300.0), "1.25 x", OPEN, ("changed",), id="from the limit on"),
        pytest.param((1251.0, 1300.0), "1.25 x", REGRESSED, ("changed",), id="beyond"),
        pytest.param((970.0, 1020.0), "1.03 x", PASS, (), id="a limit on the spread"),
        pytest.param((970.0, 1020.0), "1.02 x", BELOW, (), id="a limit below the spread"),
        pytest.param((1025.0, 1030.0), "1.02 x", BELOW, (), id="beyond the limit, not beyond the spread"),
        pytest.param((1031.0, 1040.0), "1.02 x", REGRESSED, ("changed",), id="beyond both"),
        pytest.param((1100.0, 1200.0), "1.25 x", PASS, ("changed",), id="slower within the limit"),
        pytest.param((900.0, 970.0), "1.25 x", PASS, ("improved",), id="faster"),
        pytest.param((9000.0, 9001.0), None, REPORTED, ("changed",), id="noted only"),
    ],
)
def test_a_stored_time_on_a_quiet_machine(
    p50: Interval, change: str | None, verdict: Verdict, notes: tuple[str, ...]
) -> None:
    """Calibrated: times of two runs differ by up to 1.03 x."""
    finding = drift(now(sum(p50) / 2, p50), stored(), change, calibrated=QUIET)

    assert finding.rung == Rung.ABSOLUTE
    assert (finding.verdict, finding.notes) == (verdict, notes), finding.reason
    assert (finding.value, finding.baseline) == (pytest.approx(sum(p50) / 2000), 1000.0)


@pytest.mark.parametrize("ratio", [(1.0, (1.0, 1.0)), None], ids=["ratio", "time"])
@pytest.mark.parametrize("p50", [500.0, 1000.0, 9000.0])
def test_what_was_timed_while_throttled_is_not_held_to_a_stored_figure(p50: float, ratio: Any) -> None:
    today, baseline = now(p50, ratio=ratio, latency_context=HOT), stored(ratio=ratio)

    finding = drift(today, baseline, "1.5 x", calibrated=QUIET)

    assert finding.verdict is OPEN
    assert finding.reason.endswith("; the processor was throttled while it was timed (throttled)")
    assert drift(today, baseline, None, calibrated=QUIET).verdict is REPORTED


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param(
            (now(), stored(), "1.1 x", timing(*[rounds(1.2)] * 2)),
            "latency regressed against baseline: int8_static on onnxruntime takes 1.200 x the artifact of the baseline "
            "[1.188, 1.212] (28 rounds, 2 process pairs), allowed 1.1 x",
            id="paired artifact",
        ),
        pytest.param(
            (now(ratio=(0.6, (0.59, 0.61))), stored(ratio=(0.4, (0.39, 0.41))), "1.25 x"),
            "latency regressed against baseline: int8_static on onnxruntime has a ratio to fp32 of 0.600 x, baseline "
            "0.400 x: 1.500 x [1.439 x, 1.564 x] (n = 14; ratio to the reference), allowed 1.25 x",
            id="ratio to the reference",
        ),
        pytest.param(
            (now(ratio=POINT), stored(ratio=POINT), "1.1 x"),
            "latency below the noise floor against baseline: int8_static on onnxruntime has a ratio to fp32 of 1.000 x, "
            "baseline 1.000 x: 1.000 x [1.000 x, 1.000 x] (n = 14; ratio to the reference), allowed 1.1 x; "
            "two runs differ by up to 1.25 x here, so that a limit below that can't be held by stored figures",
            id="below the noise floor",
        ),
        pytest.param(
            (now(2000.0), stored(), "1.25 x", None, QUIET),
            "latency regressed against baseline: int8_static on onnxruntime has a time of 2 us, baseline 1 us: "
            "2.000 x [2.000 x, 2.000 x] (n = 112; absolute), allowed 1.25 x",
            id="absolute",
        ),
        pytest.param(
            (now(), stored(), "1.25 x"),
            "latency incomparable with baseline: int8_static on onnxruntime can't be compared, incomparable(hardware: "
            "it was not calibrated as quiet, and times of other runs say little here (edge-harness calibrate)); "
            "the baseline's artifact is not in the cache",
            id="incomparable",
        ),
    ],
)
def test_a_line_needs_no_other_file(given: tuple[Any, ...], reason: str) -> None:
    assert drift(*given).reason == reason


def test_the_reference_of_ratios_is_held_by_its_own_time() -> None:
    """It has no ratio; its baseline holds all the same."""
    today = now(2000.0, of=cell("fp32"))

    finding = drift(today, stored(), "1.25 x", calibrated=QUIET, metric="latency_ratio")

    assert (finding.verdict, finding.rung) == (REGRESSED, Rung.ABSOLUTE)
