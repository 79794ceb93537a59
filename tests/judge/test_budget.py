"""A cell's figure against its budget: every rule on both sides of its limit, and no pass without a figure."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.measurement import Measurement
from harness.core.metrics import METRICS, Rule
from harness.judge.budget import judge_budget
from harness.judge.latency import Look, look, ratio_evidence
from tests.core.records import case, cell, measurement, result

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
    "agreement": "90 %",
    "output_error": "1 abs",
    "sqnr": "20 dB",
    "size": "1 kB",
    "size_ratio": "0.5 x",
    "weights_ratio": "0.5 x",
    "gzip_ratio": "0.5 x",
    "latency": "1 ms",
    "latency_ratio": "1.05 x",
    "memory": "1 MB",
    "memory_ratio": "0.5 x",
}


def judged(metric: str, limit: str | None, *measured: Measurement, taken: Look | None = None, **of: Any) -> Finding:
    return judge_budget(case(metric, limit, **of), result(*measured), taken)


def drop(n: int, negative: int, positive: int) -> list[Measurement]:
    return [
        measurement("accuracy_drop_fraction", (negative - positive) / n, "fraction", n),
        measurement("negative_flips_count", negative, "samples", n),
        measurement("positive_flips_count", positive, "samples", n),
    ]


def test_every_metric_has_a_row_here() -> None:
    assert set(LIMITS) == set(METRICS)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("limited", [True, False], ids=["limit", "report"])
def test_a_figure_that_was_not_measured_is_an_error(metric: str, limited: bool) -> None:
    found = judged(metric, LIMITS[metric] if limited else None)

    assert found.verdict is ERROR
    assert found.stage == "measure"
    assert f"{METRICS[metric].figure} was not measured" in found.reason
    assert found.value is None


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("limited", [True, False], ids=["limit", "report"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_no_number_is_an_error(metric: str, limited: bool, value: float) -> None:
    held = METRICS[metric]
    spoilt = [measurement(held.figure, value, held.unit, 100, (0.0, 0.1)), *drop(1000, 0, 0)[1:]]

    found = judged(metric, LIMITS[metric] if limited else None, *spoilt)

    assert found.verdict is ERROR
    assert f"{held.figure} is {value}" in found.reason
    assert found.value is None, "a NaN can't stand in a report's JSON"


@pytest.mark.parametrize("metric", METRICS)
def test_report_demands_nothing(metric: str) -> None:
    held = METRICS[metric]
    figures = [measurement(held.figure, 0.0, held.unit, 1000, (0.0, 0.1)), *drop(1000, 0, 0)[1:]]

    found = judged(metric, None, *figures)

    assert found.verdict is REPORTED
    assert found.value == 0.0, "a figure of exactly 0 is a figure"
    assert found.limit is None


@pytest.mark.parametrize("metric", [m.name for m in METRICS.values() if m.rule is Rule.EXACT])
@pytest.mark.parametrize("step", [-1, 0, 1], ids=["below", "on the limit", "above"])
def test_exact_figures(metric: str, step: int) -> None:
    held = METRICS[metric]
    limit = case(metric, LIMITS[metric]).limit
    assert limit is not None
    value = limit.value if step == 0 else math.nextafter(limit.value, limit.value + step)

    found = judged(metric, LIMITS[metric], measurement(held.figure, value, held.unit))

    bad = step > 0 if held.at_most else step < 0
    assert found.verdict is (OVER if bad else PASS)
    assert (found.value, found.limit, found.against, found.unit) == (value, limit.value, BUDGET, held.unit)
    assert found.metric == metric
    assert found.cell == cell().id


@pytest.mark.parametrize(
    ("n", "negative", "positive", "limit", "verdict", "says"),
    [
        pytest.param(10_000, 100, 100, "1 pp", PASS, "100 samples lost, 100 won", id="nothing lost"),
        pytest.param(1000, 0, 0, "1 pp", PASS, "0 samples lost", id="no flip, n enough: z^2/(n+z^2) = .0027"),
        pytest.param(268, 0, 0, "1 pp", PASS, "", id="no flip, least n: 2.7055 / 270.7 = .009994"),
        pytest.param(267, 0, 0, "1 pp", OPEN, "about 268 samples would decide", id="no flip, one sample less: .01003"),
        pytest.param(360, 2, 2, "1 pp", OPEN, "about 687 samples would decide", id="a small set can't tell"),
        pytest.param(10_000, 150, 50, "1 pp", OPEN, "the drop lies too near the limit", id="on the limit"),
        pytest.param(10_000, 200, 50, "1 pp", OVER, "200 samples lost, 50 won", id="lost"),
        pytest.param(20, 20, 0, "1 pp", OVER, "20 samples lost", id="all lost"),
        pytest.param(1000, 0, 0, "0 pp", OPEN, "no number of samples shows a drop of 0", id="a limit of 0"),
        pytest.param(1000, 0, 30, "0 pp", PASS, "0 samples lost, 30 won", id="improved, limit of 0"),
        pytest.param(1000, 30, 0, "0 pp", OVER, "", id="worse, limit of 0"),
    ],
)
def test_accuracy_drop(n: int, negative: int, positive: int, limit: str, verdict: Verdict, says: str) -> None:
    found = judged("accuracy_drop", limit, *drop(n, negative, positive))

    assert found.verdict is verdict, found.reason
    assert says in found.reason
    assert found.value == (negative - positive) / n
    assert found.interval is not None
    assert found.interval[0] <= found.value <= found.interval[1]
    assert found.n == n


@pytest.mark.parametrize("missing", ["negative_flips_count", "positive_flips_count"])
def test_a_drop_without_its_flips_is_an_error(missing: str) -> None:
    given = [one for one in drop(1000, 0, 0) if one.name != missing]

    assert judged("accuracy_drop", "1 pp", *given).verdict is ERROR
    assert judged("accuracy_drop", None, *given).verdict is ERROR


@pytest.mark.parametrize(
    ("metric", "limit", "interval", "verdict"),
    [
        pytest.param("accuracy", "90 %", (0.9, 0.95), PASS, id="accuracy from the limit on"),
        pytest.param("accuracy", "90 %", (0.8999, 0.95), OPEN, id="accuracy across"),
        pytest.param("accuracy", "90 %", (0.8, 0.9), OPEN, id="accuracy up to the limit"),
        pytest.param("accuracy", "90 %", (0.8, 0.8999), OVER, id="accuracy below"),
        pytest.param("agreement", "99 %", (0.991, 0.999), PASS, id="agreement above"),
        pytest.param("agreement", "99 %", (0.98, 0.989), OVER, id="agreement below"),
        pytest.param("latency", "1 ms", (0.9e6, 1e6), PASS, id="latency up to the limit"),
        pytest.param("latency", "1 ms", (0.9e6, 1e6 + 1), OPEN, id="latency across"),
        pytest.param("latency", "1 ms", (1e6 + 1, 2e6), OVER, id="latency above"),
        pytest.param("latency", "1 ms", (-math.inf, math.inf), OPEN, id="latency of too few rounds"),
        pytest.param("latency", "1 ms", (math.nan, 1.0), ERROR, id="an interval that is no interval"),
    ],
)
def test_figures_with_an_interval(metric: str, limit: str, interval: tuple[float, float], verdict: Verdict) -> None:
    held = METRICS[metric]
    middle = 0.95 if metric != "latency" else 0.95e6

    found = judged(metric, limit, measurement(held.figure, middle, held.unit, 500, interval))

    assert found.verdict is verdict
    assert found.stage == ("measure" if verdict is ERROR else "")


@pytest.mark.parametrize("metric", ["accuracy", "agreement", "latency", "latency_ratio"])
def test_an_uncertain_figure_without_its_interval_is_an_error(metric: str) -> None:
    held = METRICS[metric]
    good = 1.0 if not held.at_most else 0.1

    found = judged(metric, LIMITS[metric], measurement(held.figure, good, held.unit, 500))

    assert found.verdict is ERROR
    assert "no interval" in found.reason


@pytest.mark.parametrize("metric", [m.name for m in METRICS.values() if m.relative])
def test_the_reference_of_a_ratio_is_reported(metric: str) -> None:
    found = judged(metric, None, of=cell("fp32"))

    assert found.verdict is REPORTED
    assert "fp32 on onnxruntime is the reference" in found.reason


def test_the_reference_of_an_absolute_figure_is_judged() -> None:
    assert judged("size", "1 kB", of=cell("fp32")).verdict is ERROR
    assert judged("size", "1 kB", measurement("size_bytes", 1001, "bytes"), of=cell("fp32")).verdict is OVER


def timed(factor: float, pairs: int) -> tuple[Measurement, Any]:
    """A latency ratio of *factor*, with 4 % between its slowest and fastest round, and its evidence."""
    rounds = [(1e6 * factor * (1 + 0.004 * (i % 11 - 5)), 1e6) for i in range(14)]
    evidence = ratio_evidence([rounds] * pairs)
    return measurement("latency_ratio", evidence.ratio, "ratio", evidence.rounds, evidence.interval), evidence


@pytest.mark.parametrize(
    ("factor", "pairs", "verdict", "says"),
    [
        pytest.param(0.50, 1, PASS, "latency_ratio within budget", id="faster"),
        pytest.param(1.00, 1, PASS, "limit 1.05 x", id="as fast"),
        pytest.param(1.05, 3, OPEN, "the interval spans the limit", id="at the limit"),
        pytest.param(1.20, 1, OPEN, "one pair of processes awaits a second", id="slower, once"),
        pytest.param(1.20, 2, OVER, "over budget", id="slower, confirmed"),
    ],
)
def test_latency_ratio_is_judged_by_its_look(factor: float, pairs: int, verdict: Verdict, says: str) -> None:
    figure, evidence = timed(factor, pairs)

    found = judged("latency_ratio", "1.05 x", figure, taken=look(evidence, 1.05))

    assert found.verdict is verdict
    assert says in found.reason


@pytest.mark.parametrize(
    ("factor", "looked_at", "limit", "verdict"),
    [
        pytest.param(1.20, None, "1.05 x", OVER, id="measured for a report, limited by another suite"),
        pytest.param(1.20, 1.05, "1.5 x", PASS, id="over the tighter limit of another suite"),
        pytest.param(1.20, 1.5, "1.05 x", OVER, id="within the wider limit of another suite"),
        pytest.param(1.20, 1.05, None, REPORTED, id="reported here, limited elsewhere"),
    ],
)
def test_a_look_taken_at_another_limit_does_not_decide(
    factor: float, looked_at: float | None, limit: str | None, verdict: Verdict
) -> None:
    figure, evidence = timed(factor, 2)

    assert judged("latency_ratio", limit, figure, taken=look(evidence, looked_at)).verdict is verdict


def test_a_ratio_without_a_look_is_judged_by_its_interval() -> None:
    figure, _ = timed(1.20, 3)

    assert judged("latency_ratio", "1.05 x", figure).verdict is OVER


def test_a_look_without_a_figure_is_an_error() -> None:
    _, evidence = timed(0.5, 3)

    assert judged("latency_ratio", "1.05 x", taken=look(evidence, 1.05)).verdict is ERROR


def test_raw_values_are_compared_and_rounded_ones_shown() -> None:
    found = judged("size_ratio", "0.45 x", measurement("size_ratio", 0.450_000_1, "ratio"))

    assert found.verdict is OVER
    assert "0.450 x of fp32's, limit 0.45 x" in found.reason
    assert found.value == 0.450_000_1


def test_a_failing_line_needs_no_other_file() -> None:
    found = judged("accuracy_drop", "1 pp", *drop(10_000, 200, 50))

    assert found.reason == (
        "accuracy_drop over budget: int8_static on onnxruntime: 1.50 pp [1.25 pp, 1.77 pp] (n = 10000), limit 1 pp; "
        "200 samples lost, 50 won"
    )
