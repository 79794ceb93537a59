"""Limits as people write them: a number with a unit, or nothing passes."""

from __future__ import annotations

import math

import pytest
from fakes.registries import core_metrics, of_task_metric

from harness.core.limits import parse_limit
from harness.core.metrics import CHANGES, METRICS, metric_named
from harness.errors import InvalidLimit, UnknownName

BYTES: dict[str, float] = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
TIME: dict[str, float] = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
UNITS: dict[str, dict[str, float]] = {
    "accuracy_drop": {"pp": 0.01, "x error": 1},
    "accuracy": {"%": 0.01},
    "worst_class_drop": {"pp": 0.01},
    "negative_flips": {"%": 0.01},
    "agreement": {"%": 0.01},
    "output_error": {"abs": 1},
    "sqnr": {"dB": 1},
    "size": BYTES,
    "size_ratio": {"x": 1},
    "weights_ratio": {"x": 1},
    "gzip_ratio": {"x": 1},
    "zstd_ratio": {"x": 1},
    "parameters_ratio": {"x": 1},
    "macs_ratio": {"x": 1},
    "int8_share": {"%": 0.01},
    "fp16_share": {"%": 0.01},
    "fp32_share": {"%": 0.01},
    "sparsity": {"%": 0.01},
    "placement": {"%": 0.01},
    "arena": {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3},
    "accuracy_gain": {"pp": 0.01},
    "calibration_spread": {"pp": 0.01},
    "latency": TIME,
    "latency_ratio": {"x": 1},
    "latency_p90": TIME,
    "latency_p95": TIME,
    "latency_p99": TIME,
    "load": TIME,
    "load_ratio": {"x": 1},
    "first_inference": TIME,
    "first_inference_ratio": {"x": 1},
    "memory": BYTES,
    "memory_ratio": {"x": 1},
    "accuracy_change": {"pp": 0.01, "x error": 1},
    "size_change": {"x": 1},
    "latency_change": {"x": 1},
    "load_change": {"x": 1},
    "first_inference_change": {"x": 1},
    "memory_change": {"x": 1},
}
"""Every budget key with every unit it takes, and the unit's factor."""
EVERY_UNIT = [(key, unit, factor) for key, units in UNITS.items() for unit, factor in units.items()]


def units_of(key: str) -> dict[str, float]:
    return dict(METRICS[key].units if key in METRICS else CHANGES[key].units)


def test_every_budget_key_stands_in_this_table() -> None:
    assert set(UNITS) == {one.name for one in [*METRICS.values(), *CHANGES.values()] if not of_task_metric(one)}


@pytest.mark.parametrize(("key", "unit", "factor"), EVERY_UNIT, ids=[f"{key}-{unit}" for key, unit, _ in EVERY_UNIT])
def test_every_unit_has_its_factor(key: str, unit: str, factor: float) -> None:
    limit = parse_limit(key, f"2.5 {unit}", units_of(key))

    assert limit.value == pytest.approx(2.5 * factor, rel=1e-15)
    assert limit.text == f"2.5 {unit}"
    assert set(units_of(key)) == set(UNITS[key]), "a unit without a row above"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("1 x", 1.0, id="whole"),
        pytest.param("0.45 x", 0.45, id="decimal"),
        pytest.param("1.x", 1.0, id="point without digits"),
        pytest.param(".5x", 0.5, id="no digit before the point"),
        pytest.param("  1.25   x  ", 1.25, id="spaces"),
        pytest.param("+1 x", 1.0, id="plus"),
        pytest.param("1e-1 x", 0.1, id="exponent"),
        pytest.param("0 x", 0.0, id="zero is a limit"),
    ],
)
def test_ways_to_write_a_number(text: str, value: float) -> None:
    assert parse_limit("size_ratio", text, {"x": 1.0}).value == value


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        pytest.param("size", "1.005 kB", 1005.0, id="1.005 * 1000 is 1004.9999999999999 in floats"),
        pytest.param("size", "4.35 MB", 4_350_000.0, id="4.35 * 1e6 is 4349999.999999999 in floats"),
        pytest.param("accuracy", "57 %", 0.57, id="57 * 0.01 is 0.5700000000000001 in floats"),
        pytest.param("latency", "1.1 us", 1100.0, id="time"),
    ],
)
def test_a_figure_on_the_limit_as_written_is_on_the_limit_as_held(key: str, text: str, value: float) -> None:
    assert parse_limit(key, text, units_of(key)).value == value


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param(1, "a bare value says no unit", id="bare integer"),
        pytest.param(0.45, "a bare value says no unit", id="bare float"),
        pytest.param(math.nan, "a bare value says no unit", id="bare NaN"),
        pytest.param(True, "a bare value says no unit", id="bool"),
        pytest.param(None, "size_ratio='report' to demand nothing", id="None"),
        pytest.param("1", "has no unit", id="no unit"),
        pytest.param("", "is not a number with a unit", id="empty"),
        pytest.param("x", "is not a number with a unit", id="unit alone"),
        pytest.param("1 pp", "'pp' is not a unit of size_ratio; it takes x", id="unit of another metric"),
        pytest.param("1 %", "'%' is not a unit of size_ratio", id="percent"),
        pytest.param("1 X", "'X' is not a unit", id="unit in the wrong case"),
        pytest.param("-1 x", "finite and not negative", id="negative"),
        pytest.param("-1e-9 x", "finite and not negative", id="just negative"),
        pytest.param("nan x", "is not a number", id="NaN"),
        pytest.param("inf x", "is not a number", id="infinity"),
        pytest.param("1e400 x", "finite and not negative", id="beyond floats"),
        pytest.param("1e99999999999999999999 x", "finite and not negative", id="beyond any number"),
        pytest.param("1,5 x", "is not a number", id="decimal comma"),
        pytest.param("1 x x", "is not a number", id="two units"),
        pytest.param("1..2 x", "is not a number", id="two points"),
        pytest.param("<= 1 x", "is not a number", id="comparison sign"),
        pytest.param("Report", "is not a number", id="report in the wrong case"),
        pytest.param("٣ x", "is not a number", id="digits beyond ASCII"),
    ],
)
def test_anything_else_is_refused_with_an_example(written: object, says: str) -> None:
    with pytest.raises(InvalidLimit) as caught:
        parse_limit("size_ratio", written, {"x": 1.0})

    assert says in str(caught.value)
    assert repr(written) in str(caught.value)


def test_metric_named() -> None:
    assert metric_named("size_ratio") is METRICS["size_ratio"]
    with pytest.raises(UnknownName, match="did you mean 'size_ratio'"):
        metric_named("size_ration")
    with pytest.raises(UnknownName, match="unknown metric 'size_change'"):
        metric_named("size_change")


@pytest.mark.parametrize("metric", core_metrics().values(), ids=core_metrics())
def test_units_stand_last_in_the_figures_name(metric: object) -> None:
    from harness.core.metric import Metric
    from harness.core.timing import Span

    assert isinstance(metric, Metric)
    endings = {"fraction": "_fraction", "bytes": "_bytes", "ratio": "_ratio", "dB": "_db", "abs": "_abs"}
    ending = endings.get(metric.unit, "_ns_per_inference" if metric.span is Span.INFERENCE else "_ns")
    assert metric.figure.name.endswith(ending)
    assert metric.relative == (metric.unit == "ratio")


def test_only_a_signed_limit_may_be_negative() -> None:
    assert parse_limit("accuracy_gain", "-0.5 pp", {"pp": 0.01}, signed=True).value == pytest.approx(-0.005)
    with pytest.raises(InvalidLimit, match="must be finite and not negative"):
        parse_limit("accuracy_drop", "-0.5 pp", {"pp": 0.01})
    with pytest.raises(InvalidLimit, match=r"must be finite\."):
        parse_limit("accuracy_gain", "-1e999 pp", {"pp": 0.01}, signed=True)
