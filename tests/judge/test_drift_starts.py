"""Loading and the first inference against their baselines: the rule of latency, over processes that must start alike."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from harness.core.finding import Finding, Rung, Verdict
from harness.core.metrics import CHANGES, METRICS
from harness.core.noise import NoiseProfile
from harness.core.result import CellResult
from harness.core.timing import Files, Timing, Timings
from harness.judge.drift import judge_drift
from tests.core.records import (
    ARTIFACT,
    case,
    environment,
    figure,
    hardware,
    measurement,
    noise_profile,
    result,
    rounds,
    start,
    timing,
)

PASS, REGRESSED, OPEN = Verdict.PASS, Verdict.REGRESSED, Verdict.INCONCLUSIVE
REPORTED, NONE, APART = Verdict.REPORTED, Verdict.NO_BASELINE, Verdict.INCOMPARABLE
COLD, CACHED, UNKNOWN = Files.COLD, Files.CACHED, Files.UNKNOWN
OTHER = "b" * 64
QUIET = noise_profile(absolute_spread=1.03, ratio_spread=1.02)
METRIC_NAMES = ("load", "first_inference")
FIGURES = {"load": "load_ns", "first_inference": "first_inference_ns"}
RATIOS = {"load": "load_ratio", "first_inference": "first_inference_ratio"}
TMPFS = "the system keeps 3 of 3 pages on tmpfs"


def now(
    metric: str, ns: float = 1e6, ratio: float | None = None, condition: str = "files cold", **of: Any
) -> CellResult:
    """Of another artifact than the baseline's, unless *of* says so."""
    figures = [measurement(FIGURES[metric], ns, "ns", 5, (ns, ns), condition)]
    if ratio is not None:
        figures.append(measurement(RATIOS[metric], ratio, "ratio", 5, (ratio, ratio), condition))
    return result(*figures, **{"sha256": OTHER, **of})


def stored(metric: str, ns: float = 1e6, ratio: float | None = None, condition: str = "files cold", **of: Any) -> Any:
    held = {FIGURES[metric]: figure(ns, "ns", interval=(ns, ns), condition=condition, **of)}
    if ratio is not None:
        held[RATIOS[metric]] = figure(ratio, "ratio", interval=(ratio, ratio), condition=condition, **of)
    return held


def beside(*ratios: float, files: tuple[Files, Files] = (COLD, COLD), inferences: float = 1.0) -> Timing:
    """Pairs of processes that started in alternation with the baseline's artifact; their inferences differ too, or not."""
    why = [TMPFS if one is CACHED else "" for one in files]
    starts = tuple((start(one * 1e6, files[0], why[0]), start(1e6, files[1], why[1])) for one in ratios)
    return timing(*[rounds(inferences)] * len(ratios), starts=starts)


def drift(
    metric: str,
    today: CellResult,
    baseline: Any,
    change: str | None = "1.1 x",
    against: Timing | None = None,
    calibrated: NoiseProfile | None = None,
) -> Finding:
    finding = judge_drift(
        case(metric, None, change, of=today.cell),
        today,
        baseline,
        timed=Timings(against_baseline=against),
        noise=calibrated,
    )
    assert finding is not None
    json.dumps(msgspec.to_builtins(finding), allow_nan=False)
    return finding


@pytest.mark.parametrize("name", ["latency", *METRIC_NAMES])
def test_a_time_and_its_ratio_share_one_change(name: str) -> None:
    of_time, of_ratio = METRICS[name], METRICS[f"{name}_ratio"]

    assert of_time.change == of_ratio.change == CHANGES[f"{name}_change"]
    assert of_time.change is not None
    assert (of_time.change.figure, of_time.change.ratio) == (of_time.figure, of_ratio.figure)
    assert of_time.change.default is None, "a baseline keeps a time only where a budget limits its change"


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_without_a_limit_there_is_no_baseline_and_with_one_it_is_missing(metric: str) -> None:
    assert judge_drift(case(metric, None, None), now(metric), {}) is None
    finding = drift(metric, now(metric), {})
    assert finding.verdict is NONE
    assert f"has none for {FIGURES[metric]}" in finding.reason


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_a_stored_latency_is_no_baseline_of_a_start(metric: str) -> None:
    held = {"latency_p50_ns_per_inference": figure(1e6, "ns"), "latency_ratio": figure(1.0, "ratio")}

    assert drift(metric, now(metric), held).verdict is NONE


@pytest.mark.parametrize(
    ("of_now", "of_stored", "paired", "calibrated", "rung"),
    [
        pytest.param({"sha256": ARTIFACT}, {}, False, None, Rung.SAME_ARTIFACT, id="the same artifact"),
        pytest.param(
            {"sha256": ARTIFACT, "condition": "files cached"}, {}, True, None, Rung.SAME_ARTIFACT, id="however cached"
        ),
        pytest.param({"ratio": 1.0}, {"ratio": 1.0}, True, QUIET, Rung.PAIRED_ARTIFACT, id="its artifact in the cache"),
        pytest.param(
            {}, {"condition": "files cached"}, True, None, Rung.PAIRED_ARTIFACT, id="it, stored of warm files"
        ),
        pytest.param({"ratio": 1.0}, {"ratio": 1.0}, False, QUIET, Rung.REFERENCE_RATIO, id="a ratio"),
        pytest.param(
            {"ratio": 1.0, "condition": "files cached"},
            {"ratio": 1.0, "condition": "files cached"},
            False,
            None,
            Rung.REFERENCE_RATIO,
            id="a ratio, of warm files both times",
        ),
        pytest.param({}, {"ratio": 1.0}, False, QUIET, Rung.ABSOLUTE, id="a time"),
    ],
)
@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_the_best_rung_there_is(
    metric: str, of_now: Any, of_stored: Any, paired: bool, calibrated: NoiseProfile | None, rung: Rung
) -> None:
    against = beside(*[1.0] * 5) if paired else None
    finding = drift(metric, now(metric, **of_now), stored(metric, **of_stored), "1.5 x", against, calibrated)

    assert (finding.verdict, finding.rung) == (PASS, rung), finding.reason


@pytest.mark.parametrize(
    ("before", "today", "says"),
    [
        pytest.param("files cached", "files cold", "condition: files cached, now files cold", id="warm then"),
        pytest.param("files cold", "files cached", "condition: files cold, now files cached", id="warm now"),
        pytest.param("", "files cold", "condition: not recorded, now files cold", id="not recorded"),
        pytest.param("files perhaps cached", "files perhaps cached", "condition: files perhaps cached", id="unknown"),
        pytest.param(
            "files cold", "files cold or files cached", "condition: files cold, now files cold or", id="mixed"
        ),
    ],
)
@pytest.mark.parametrize("ratio", [1.0, None], ids=["ratio", "time"])
@pytest.mark.parametrize("metric", METRIC_NAMES)
@pytest.mark.parametrize("change", ["1.5 x", None], ids=["limit", "noted"])
def test_a_stored_figure_of_another_condition_is_incomparable(
    metric: str, ratio: float | None, before: str, today: str, says: str, change: str | None
) -> None:
    """However much faster or slower, and on however quiet a machine."""
    for ns in (1.0, 1e6, 1e9):
        finding = drift(
            metric,
            now(metric, ns, ratio, condition=today),
            stored(metric, ratio=ratio, condition=before),
            change,
            calibrated=QUIET,
        )

        assert (finding.verdict, finding.rung, finding.value) == (APART, "", None), finding.reason
        assert f"can't be compared, incomparable({says}" in finding.reason


@pytest.mark.parametrize(
    ("metric", "ratio_before", "ratio_now"), [("load", "files cached", "files cold"), ("load", "files cold", "")]
)
def test_a_ratio_of_another_condition_leaves_the_time_to_decide(metric: str, ratio_before: str, ratio_now: str) -> None:
    today, held = now(metric, ratio=1.0), stored(metric, ratio=1.0)
    held[RATIOS[metric]] = replace(held[RATIOS[metric]], condition=ratio_before)
    measured = {**today.measurements, RATIOS[metric]: replace(today.measurements[RATIOS[metric]], condition=ratio_now)}

    finding = drift(metric, replace(today, measurements=measured), held, "1.5 x", calibrated=QUIET)

    assert (finding.verdict, finding.rung) == (PASS, Rung.ABSOLUTE)


def test_another_machine_is_the_reason_before_another_condition() -> None:
    elsewhere = environment(hardware=hardware(cpu="Another CPU"))

    finding = drift("load", now("load", condition="files cached", environment=elsewhere), stored("load"), "1.5 x")

    assert "incomparable(hardware: " in finding.reason


HAIR = 1e-9


@pytest.mark.parametrize(
    ("ratios", "change", "verdict", "notes", "says"),
    [
        pytest.param([1.0] * 5, "1.1 x", PASS, (), "(5 rounds, 5 process pairs, files cold), allowed", id="as before"),
        pytest.param([1.0] * 4, "1.1 x", OPEN, (), "; the interval spans the limit", id="as before, four times"),
        pytest.param([1.1] * 5, "1.1 x", PASS, ("changed",), "1.100 x", id="on the limit"),
        pytest.param([1.1 + HAIR] * 5, "1.1 x", REGRESSED, ("changed",), "1.100 x", id="a hair beyond"),
        pytest.param([1.2] * 4, "1.1 x", OPEN, (), "the interval spans", id="slower, four times"),
        pytest.param([1.2] * 5, "1.1 x", REGRESSED, ("changed",), "allowed 1.1 x", id="slower"),
        pytest.param(
            [1.0, *[1.2] * 4], "1.1 x", OPEN, (), "; the process pairs disagree", id="slower but for one of five"
        ),
        pytest.param([1.0, *[1.2] * 7], "1.1 x", REGRESSED, ("changed",), "median of their medians", id="of eight"),
        pytest.param([1.2, *[1.0] * 7], "1.1 x", PASS, (), "median of their medians", id="slower once of eight"),
        pytest.param([0.5] * 5, "1.1 x", PASS, ("improved",), "0.500 x", id="faster"),
        pytest.param([0.95] * 5, "0.9 x", REGRESSED, ("improved",), "allowed 0.9 x", id="too little faster"),
        pytest.param([1.2] * 5, None, REPORTED, ("changed",), "1.200 x", id="slower, noted only"),
    ],
)
@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_beside_the_artifact_of_the_baseline(
    metric: str, ratios: list[float], change: str | None, verdict: Verdict, notes: tuple[str, ...], says: str
) -> None:
    """By the starts alone: that inferences became slower, or not, is no matter of theirs."""
    for inferences in (1.0, 3.0):
        against = beside(*ratios, inferences=inferences)
        finding = drift(metric, now(metric), stored(metric), change, against)

        assert (finding.verdict, finding.notes) == (verdict, notes), finding.reason
        assert finding.rung == Rung.PAIRED_ARTIFACT
        assert finding.n == len(ratios)
        assert says in finding.reason


@pytest.mark.parametrize(
    ("files", "verdict", "says"),
    [
        pytest.param((COLD, COLD), PASS, ", files cold)", id="cold"),
        pytest.param((CACHED, CACHED), PASS, f", files cached: {TMPFS})", id="cached both: alike"),
        pytest.param((UNKNOWN, UNKNOWN), PASS, ", files perhaps cached)", id="unknown both: alike"),
        pytest.param(
            (COLD, CACHED), OPEN, "; the processes did not start alike, files cold or files cached", id="unlike"
        ),
        pytest.param(
            (CACHED, COLD), OPEN, "; the processes did not start alike, files cold or files cached", id="turned"
        ),
        pytest.param((COLD, UNKNOWN), OPEN, "; the processes did not start alike, files cold or files perhaps", id="?"),
    ],
)
@pytest.mark.parametrize("ratio", [0.1, 1.0])
def test_sides_that_did_not_start_alike_are_not_compared(
    files: tuple[Files, Files], verdict: Verdict, says: str, ratio: float
) -> None:
    finding = drift("load", now("load"), stored("load"), "1.1 x", beside(*[ratio] * 9, files=files))

    assert finding.verdict is verdict, finding.reason
    assert says in finding.reason


def test_starts_that_were_not_alike_say_nothing_against_inferences() -> None:
    against = beside(*[1.0] * 2, files=(COLD, CACHED))
    today = result(measurement("latency_p50_ns_per_inference", 1e6, "ns", 112, (1e6, 1e6)), sha256=OTHER)
    held = {"latency_p50_ns_per_inference": figure(1e6, "ns")}

    assert drift("latency", today, held, "1.1 x", against).verdict is PASS


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param(
            ("load", now("load"), stored("load"), "1.1 x", beside(*[1.2] * 5)),
            "load regressed against baseline: int8_static on onnxruntime takes 1.200 x the artifact of the baseline "
            "[1.200, 1.200] (5 rounds, 5 process pairs, files cold), allowed 1.1 x",
            id="paired artifact",
        ),
        pytest.param(
            ("first_inference", now("first_inference", ratio=0.6), stored("first_inference", ratio=0.4), "1.25 x"),
            "first inference regressed against baseline: int8_static on onnxruntime has a ratio to fp32 of 0.600 x, "
            "baseline 0.400 x: 1.500 x [1.500 x, 1.500 x] (n = 5; ratio to the reference; files cold), allowed 1.25 x",
            id="ratio to the reference",
        ),
        pytest.param(
            ("load", now("load", 2e6), stored("load"), "1.25 x", None, QUIET),
            "load regressed against baseline: int8_static on onnxruntime has a time of 2 ms, baseline 1 ms: "
            "2.000 x [2.000 x, 2.000 x] (n = 5; absolute; files cold), allowed 1.25 x",
            id="absolute",
        ),
    ],
)
def test_a_line_needs_no_other_file(given: tuple[Any, ...], reason: str) -> None:
    assert drift(*given).reason == reason
