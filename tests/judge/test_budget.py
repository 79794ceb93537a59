"""A cell's figure against its budget: no pass without a figure, exact figures, and sentences that need no other file."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from fakes.registries import core_metrics

from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.measurement import Measurement
from harness.core.metric import Rule, Stage
from harness.core.metrics import METRICS
from harness.core.timing import Start, Timings
from harness.judge.budget import judge_budget
from tests.core.records import case, cell, class_flips, figure, measurement, noise_profile, result, rounds, timing

PASS, OVER, OPEN, ERROR, REPORTED = (
    Verdict.PASS,
    Verdict.OVER_BUDGET,
    Verdict.INCONCLUSIVE,
    Verdict.ERROR,
    Verdict.REPORTED,
)
LIMITS = {
    "accuracy_drop": "1 pp",
    "accuracy": "90 %",
    "worst_class_drop": "5 pp",
    "negative_flips": "1 %",
    "agreement": "90 %",
    "output_error": "1 abs",
    "sqnr": "20 dB",
    "size": "1 kB",
    "size_ratio": "0.5 x",
    "weights_ratio": "0.5 x",
    "gzip_ratio": "0.5 x",
    "zstd_ratio": "0.5 x",
    "parameters_ratio": "0.5 x",
    "macs_ratio": "0.5 x",
    "int8_share": "95 %",
    "fp16_share": "95 %",
    "fp32_share": "95 %",
    "sparsity": "45 %",
    "placement": "90 %",
    "arena": "64 kB",
    "accuracy_gain": "-1 pp",
    "calibration_spread": "1 pp",
    "latency": "1 ms",
    "latency_ratio": "1.05 x",
    "latency_p90": "2 ms",
    "latency_p95": "2 ms",
    "latency_p99": "2 ms",
    "load": "5 ms",
    "load_ratio": "1.5 x",
    "first_inference": "5 ms",
    "first_inference_ratio": "1.5 x",
    "memory": "1 MB",
    "memory_ratio": "0.5 x",
}
FLIPS = [
    measurement("accuracy_fraction", 0.98, "fraction", 1000, (0.969, 0.988)),
    measurement("negative_flips_count", 0, "samples", 1000),
    measurement("positive_flips_count", 0, "samples", 1000),
    measurement("gain_lost_count", 0, "samples", 1000),
    measurement("gain_won_count", 0, "samples", 1000),
]
NEEDS_OTHERS = ("accuracy_gain", "calibration_spread")
"""Of recipes that have no such others nothing is measured, and nothing may be demanded."""
CLASSES = (class_flips("0", 500), class_flips("1", 500))
START = Start(load_ns=1, first_ns=1)
AS_FAST = Timings(own=timing(rounds(1.0), starts=((START, START),)))


def judged(metric: str, limit: str | None, *measured: Measurement, **of: Any) -> Finding:
    return judge_budget(case(metric, limit, **of), result(*measured, classes=CLASSES), timed=AS_FAST)


def test_every_metric_has_a_row_here() -> None:
    assert set(LIMITS) == set(core_metrics())


@pytest.mark.parametrize("metric", core_metrics())
@pytest.mark.parametrize("limited", [True, False], ids=["limit", "report"])
def test_a_figure_that_was_not_measured_is_an_error(metric: str, limited: bool) -> None:
    found = judge_budget(case(metric, LIMITS[metric] if limited else None), result())

    if metric in NEEDS_OTHERS and not limited:
        assert found.verdict is REPORTED
        return
    assert found.verdict is ERROR
    assert found.phase == "measure"
    missing = "the labels are no classes" if metric == "worst_class_drop" else "was not measured"
    assert missing in found.reason
    assert found.value is None


@pytest.mark.parametrize("metric", [metric for metric in core_metrics() if metric != "worst_class_drop"])
@pytest.mark.parametrize("limited", [True, False], ids=["limit", "report"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_no_number_is_an_error(metric: str, limited: bool, value: float) -> None:
    held = METRICS[metric]
    spoilt = [*FLIPS, measurement(held.figure.name, value, held.unit, 1000, (0.0, 0.1))]

    found = judged(metric, LIMITS[metric] if limited else None, *spoilt)

    assert found.verdict is ERROR
    assert f"{held.figure.name} is {value}" in found.reason
    assert found.value is None, "a NaN can't stand in a report's JSON"


@pytest.mark.parametrize("metric", core_metrics())
def test_report_demands_nothing(metric: str) -> None:
    held = METRICS[metric]
    value = 1.0 if held.stage is Stage.TIMING else 0.0

    found = judged(metric, None, *FLIPS, measurement(held.figure.name, value, held.unit, 1000, (0.0, 0.1)))

    assert found.verdict is REPORTED, found.reason
    assert found.value == value, "a figure of exactly 0 is a figure"
    assert found.limit is None
    assert "limit" not in found.reason
    assert found.metric == metric


@pytest.mark.parametrize("metric", [m.name for m in METRICS.values() if m.rule is Rule.EXACT])
@pytest.mark.parametrize("step", [-1, 0, 1], ids=["below", "on the limit", "above"])
def test_exact_figures(metric: str, step: int) -> None:
    held = METRICS[metric]
    limit = case(metric, LIMITS[metric]).limit
    assert limit is not None
    value = limit.value if step == 0 else math.nextafter(limit.value, limit.value + step)

    found = judged(metric, LIMITS[metric], measurement(held.figure.name, value, held.unit))

    bad = step > 0 if held.at_most else step < 0
    assert found.verdict is (OVER if bad else PASS)
    assert (found.value, found.limit, found.against, found.unit) == (value, limit.value, BUDGET, held.unit)
    assert found.metric == metric
    assert found.cell == cell().id


@pytest.mark.parametrize("metric", [m.name for m in METRICS.values() if m.relative])
def test_the_reference_of_a_ratio_is_reported(metric: str) -> None:
    found = judge_budget(case(metric, None, of=cell("fp32")), result())

    assert found.verdict is REPORTED
    assert "fp32 on onnxruntime is the reference" in found.reason


def test_the_reference_of_an_absolute_figure_is_judged() -> None:
    assert judged("size", "1 kB", of=cell("fp32")).verdict is ERROR
    assert judged("size", "1 kB", measurement("size_bytes", 1001, "bytes"), of=cell("fp32")).verdict is OVER


def test_raw_values_are_compared_and_rounded_ones_shown() -> None:
    found = judged("size_ratio", "0.45 x", measurement("size_ratio", 0.450_000_1, "ratio"))

    assert found.verdict is OVER
    assert "has 0.450 x, limit 0.45 x" in found.reason
    assert found.value == 0.450_000_1


@pytest.mark.parametrize(
    ("metric", "limit", "measured", "reason"),
    [
        pytest.param(
            "accuracy_drop",
            "1 pp",
            [
                measurement("accuracy_fraction", 0.965, "fraction", 10_000),
                measurement("accuracy_drop_fraction", 0.015, "fraction", 10_000),
                measurement("negative_flips_count", 200, "samples", 10_000),
                measurement("positive_flips_count", 50, "samples", 10_000),
            ],
            "accuracy over budget: int8_static on onnxruntime scores 96.50 %, the float model 98.00 %: drop 1.50 pp "
            "[1.25 pp, 1.77 pp] (n = 10000; 200 samples lost, 50 won; McNemar p = 2e-22), limit 1 pp",
            id="accuracy_drop",
        ),
        pytest.param(
            "agreement",
            "99 %",
            [measurement("agreement_fraction", 0.95, "fraction", 1000, (0.9346, 0.9627))],
            "agreement below its limit: int8_static on onnxruntime has 95.00 % [93.46 %, 96.27 %] (n = 1000), limit 99 %",
            id="a share of samples",
        ),
        pytest.param(
            "size_ratio",
            "0.4 x",
            [measurement("size_ratio", 0.45), measurement("size_bytes", 450, "bytes")],
            "size over budget: int8_static on onnxruntime takes 0.450 x fp32's (450 B of 1 kB), limit 0.4 x",
            id="a ratio to the reference",
        ),
        pytest.param(
            "sqnr",
            "20 dB",
            [measurement("output_sqnr_db", 12.5, "dB")],
            "sqnr below its limit: int8_static on onnxruntime has 12.5 dB, limit 20 dB",
            id="a plain figure",
        ),
        pytest.param(
            "size",
            "1 kB",
            [],
            "size error: int8_static on onnxruntime has no figure: size_bytes was not measured, limit 1 kB",
            id="no figure",
        ),
    ],
)
def test_a_failing_line_needs_no_other_file(metric: str, limit: str, measured: list[Measurement], reason: str) -> None:
    assert judged(metric, limit, *measured).reason == reason


@pytest.mark.parametrize(
    ("given", "reference"),
    [
        pytest.param([measurement("size_bytes", 450, "bytes")], 1000.0, id="both sides are known"),
        pytest.param([], None, id="the ratio alone"),
    ],
)
def test_the_reference_stands_beside_a_ratio(given: list[Measurement], reference: float | None) -> None:
    found = judged("size_ratio", "0.5 x", measurement("size_ratio", 0.45), *given)

    assert found.verdict is PASS
    assert found.reference == reference


@pytest.mark.parametrize("ratio", [0.0, -1.0])
def test_a_ratio_that_divides_nothing_has_no_reference(ratio: float) -> None:
    found = judged("size_ratio", "0.5 x", measurement("size_ratio", ratio), measurement("size_bytes", 0, "bytes"))

    assert found.reference is None


@pytest.mark.parametrize(
    ("metric", "limit", "stored", "now", "says"),
    [
        pytest.param("size", "2 kB", 1500, 1001, ", baseline 1.5 kB, limit 2 kB", id="size"),
        pytest.param("size", None, 1500, 1001, ", baseline 1.5 kB", id="reported"),
        pytest.param("agreement", "90 %", 0.99, 0.95, ", baseline 99.00 %, limit 90 %", id="a share"),
        pytest.param("accuracy_drop", "5 pp", 0.0025, 0.0, ", baseline 0.25 pp, limit 5 pp", id="points"),
        pytest.param("memory_ratio", "0.5 x", 0.9, 0.25, ", baseline 0.900 x, limit 0.5 x", id="a ratio"),
    ],
)
def test_a_baseline_is_told_beside_and_decides_nothing(
    metric: str, limit: str | None, stored: float, now: float, says: str
) -> None:
    held = METRICS[metric]
    unit = held.unit
    measured = result(*FLIPS, measurement(held.figure.name, now, unit, 1000, (now - 0.01, now + 0.01)))
    alone = judge_budget(case(metric, limit), measured)

    found = judge_budget(case(metric, limit), measured, baseline={held.figure.name: figure(stored, unit)})

    assert says in found.reason
    assert found.verdict is alone.verdict is (PASS if limit else REPORTED)
    assert (found.baseline, alone.baseline) == (stored, None)
    assert "baseline" not in alone.reason


def test_a_baseline_of_another_figure_is_not_told() -> None:
    found = judge_budget(
        case("size", "2 kB"), result(measurement("size_bytes", 1000, "bytes")), baseline={"gzip_bytes": figure(9)}
    )

    assert (found.baseline, found.verdict) == (None, PASS)


@pytest.mark.parametrize("metric", core_metrics())
@pytest.mark.parametrize("limited", [True, False], ids=["limit", "report"])
def test_every_finding_is_plain_json(metric: str, limited: bool) -> None:
    """Infinity and NaN can't stand in ``results.json``: one of them would cost the whole report."""
    held = METRICS[metric]
    figures = [*FLIPS, measurement(held.figure.name, 1.0, held.unit, 1000, (-math.inf, math.inf))]

    found = judge_budget(
        case(metric, LIMITS[metric] if limited else None),
        result(*figures, classes=CLASSES),
        timed=Timings(own=timing(rounds(1.0)[:1])),
        noise=noise_profile(),
    )

    json.dumps(msgspec.to_builtins(found), allow_nan=False)
