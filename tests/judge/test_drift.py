"""A cell's figure against its baseline."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.core.finding import BASELINE, Finding, Verdict
from harness.core.measurement import Measurement
from harness.core.result import CellResult
from harness.judge.drift import judge_drift
from tests.core.records import ARTIFACT, case, environment, figure, hardware, measurement, result, samples

PASS, REGRESSED, OPEN, ERROR = Verdict.PASS, Verdict.REGRESSED, Verdict.INCONCLUSIVE, Verdict.ERROR
REPORTED, NONE, APART = Verdict.REPORTED, Verdict.NO_BASELINE, Verdict.INCOMPARABLE
P50, PEAK, SIZE, ACCURACY = "latency_p50_ns_per_inference", "memory_peak_bytes", "size_bytes", "accuracy_fraction"


def size(value: float) -> Measurement:
    return measurement(SIZE, value, "bytes")


def found(one: Any, now: CellResult, **stored: Any) -> Finding:
    finding = judge_drift(one, now, stored)
    assert finding is not None
    assert finding.against == BASELINE
    return finding


@pytest.mark.parametrize(
    ("one", "stored", "verdict"),
    [
        pytest.param(case("size", "1 kB"), {}, NONE, id="size without a baseline"),
        pytest.param(case("size", "1 kB"), {SIZE: figure(10)}, PASS, id="size with one"),
        pytest.param(case("size", "1 kB"), {PEAK: figure(10)}, NONE, id="a baseline of another figure only"),
        pytest.param(case("size", "1 kB", baseline=False), {SIZE: figure(10)}, None, id="a suite without baselines"),
        pytest.param(case("sqnr", "1 dB"), {SIZE: figure(10)}, None, id="a metric without baselines"),
        pytest.param(case("memory", "1 MB"), {}, None, id="memory demands nothing"),
        pytest.param(case("memory", "1 MB", "1.1 x"), {}, NONE, id="memory with a limit"),
        pytest.param(case("size", "1 kB", None), {}, None, id="size_change='report', none stored"),
        pytest.param(case("size", "1 kB", None), {SIZE: figure(10)}, REPORTED, id="size_change='report', one stored"),
    ],
)
def test_when_there_is_something_to_be_held_to(one: Any, stored: Any, verdict: Verdict | None) -> None:
    now = result(size(10), measurement(PEAK, 10, "bytes"), measurement("output_sqnr_db", 9, "dB"))

    finding = judge_drift(one, now, stored)

    assert (finding and finding.verdict) == verdict
    if verdict is NONE and finding is not None:
        assert "record one with --harness-update" in finding.reason


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
@pytest.mark.parametrize(
    ("metric", "name", "change"),
    [
        ("size", SIZE, ""),
        ("size", SIZE, None),
        ("latency", P50, "1.1 x"),
        ("memory", PEAK, "1.1 x"),
        ("accuracy", ACCURACY, ""),
    ],
)
def test_a_figure_that_is_missing_or_no_number_is_an_error(metric: str, name: str, change: Any, value: Any) -> None:
    measured = [] if value is None else [measurement(name, value, "ns", 500, (0.1, 0.2))]
    same = samples([True] * 9)

    finding = found(case(metric, None, change), result(*measured, samples=same), **{name: figure(1.0, samples=same)})

    assert finding.verdict is ERROR
    assert finding.stage == "measure"


@pytest.mark.parametrize("stored", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_baseline_that_no_ratio_can_be_taken_to_is_an_error(stored: float) -> None:
    finding = found(case("size", "1 kB"), result(size(10)), size_bytes=figure(stored))

    assert finding.verdict is ERROR
    assert f"the baseline is {stored}" in finding.reason


@pytest.mark.parametrize(
    ("now", "change", "verdict", "notes", "says"),
    [
        pytest.param(1000, "", PASS, (), "1 kB, baseline 1 kB: 1.000 x, allowed 1 x", id="the same"),
        pytest.param(1001, "", REGRESSED, ("changed",), "(+1 B)", id="one byte more"),
        pytest.param(999, "", PASS, ("improved",), "(-1 B)", id="one byte less"),
        pytest.param(1020, "1.02 x", PASS, ("changed",), "(+20 B)", id="on the allowed change"),
        pytest.param(1021, "1.02 x", REGRESSED, ("changed",), "(+21 B)", id="a byte beyond"),
        pytest.param(500, "0.5 x", PASS, ("improved",), "(-500 B)", id="must halve, does"),
        pytest.param(501, "0.5 x", REGRESSED, ("improved",), "(-499 B)", id="must halve, does not"),
        pytest.param(2000, None, REPORTED, ("changed",), "2.000 x (+1,000 B)", id="reported"),
    ],
)
def test_size(now: float, change: str | None, verdict: Verdict, notes: tuple[str, ...], says: str) -> None:
    finding = found(case("size", "1 MB", change), result(size(now)), size_bytes=figure(1000))

    assert finding.verdict is verdict
    assert finding.notes == notes
    assert says in finding.reason
    assert (finding.value, finding.baseline) == (now, 1000)


def test_a_ratio_is_held_to_the_baseline_of_its_absolute_figure() -> None:
    now = result(size(1001), measurement("size_ratio", 0.1, "ratio"))

    finding = found(case("size_ratio", "0.5 x"), now, size_bytes=figure(1000))

    assert finding.verdict is REGRESSED
    assert finding.unit == "bytes"


@pytest.mark.parametrize(
    ("interval", "change", "verdict"),
    [
        pytest.param((900, 1100), "1.1 x", PASS, id="up to the allowed change"),
        pytest.param((900, 1101), "1.1 x", OPEN, id="across"),
        pytest.param((1101, 1200), "1.1 x", REGRESSED, id="beyond"),
        pytest.param((-math.inf, math.inf), "1.1 x", OPEN, id="too few rounds"),
        pytest.param((math.nan, 1000), "1.1 x", ERROR, id="no interval"),
        pytest.param((1101, 1200), None, REPORTED, id="beyond, reported"),
    ],
)
def test_latency_is_judged_by_its_interval(interval: Any, change: str | None, verdict: Verdict) -> None:
    now = result(measurement(P50, 1000, "ns", 500, interval))

    finding = found(case("latency", None, change), now, **{P50: figure(1000, "ns")})

    assert finding.verdict is verdict


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        pytest.param(1000, (), id="the same"),
        pytest.param(1019, (), id="below what is worth a note"),
        pytest.param(1021, ("changed",), id="slower"),
        pytest.param(979, ("improved",), id="faster"),
    ],
)
def test_latency_notes(value: float, notes: tuple[str, ...]) -> None:
    now = result(measurement(P50, value, "ns", 500, (value, value)))

    assert found(case("latency", None, "1.5 x"), now, **{P50: figure(1000, "ns")}).notes == notes


@pytest.mark.parametrize(
    ("value", "verdict"), [(1100, PASS), (1101, REGRESSED)], ids=["on the allowed change", "a byte beyond"]
)
def test_memory_is_judged_exactly(value: float, verdict: Verdict) -> None:
    now = result(measurement(PEAK, value, "bytes"))

    assert found(case("memory", None, "1.1 x"), now, **{PEAK: figure(1000)}).verdict is verdict


def test_another_machine_is_not_a_regression() -> None:
    now = result(
        measurement(P50, 5000, "ns", 500, (4999, 5001)), environment=environment(hardware=hardware(cpu="Slow CPU"))
    )

    finding = found(case("latency", None, "1.1 x"), now, **{P50: figure(1000, "ns")})

    assert finding.verdict is APART
    assert "incomparable(hardware: Some CPU" in finding.reason
    assert "Slow CPU" in finding.reason
    assert (finding.value, finding.baseline) == (5000, 1000)


def accuracy(
    before: list[bool],
    now: list[bool],
    change: str | None = "",
    labels: tuple[list[int] | None, list[int] | None] = (None, None),
    sha256: str = "b" * 64,
) -> Finding:
    stored = figure(sum(before) / len(before), "fraction", samples=samples(before, labels[0]))
    measured = measurement(ACCURACY, sum(now) / len(now), "fraction", len(now))
    return found(
        case("accuracy", None, change),
        result(measured, samples=samples(now, labels[1]), sha256=sha256),
        accuracy_fraction=stored,
    )


def outcome(wrong: int, n: int = 1000) -> list[bool]:
    return [False] * wrong + [True] * (n - wrong)


@pytest.mark.parametrize(
    ("before", "now", "change", "verdict", "says"),
    [
        pytest.param(outcome(50), outcome(50), "", PASS, "drop 0.00 pp", id="the same predictions"),
        pytest.param(outcome(50), outcome(50), "0 pp", PASS, "allowed 0 pp", id="the same, nothing allowed"),
        pytest.param(outcome(2, 9), outcome(2, 9), "", PASS, "n = 9", id="the same, few samples"),
        pytest.param(outcome(50), outcome(51), "", PASS, "1 samples lost, 0 won", id="one more wrong of 1000"),
        pytest.param(outcome(50), outcome(60), "", OPEN, "the drop lies too near", id="the allowed points"),
        pytest.param(outcome(50), outcome(70), "", REGRESSED, "20 samples lost", id="twice the allowed points"),
        pytest.param(outcome(5, 100), outcome(6, 100), "", OPEN, "about 619 samples would decide", id="few samples"),
        pytest.param(outcome(50), outcome(51), "0 pp", OPEN, "no number of samples shows", id="nothing allowed"),
        pytest.param(outcome(50), outcome(80), "5 pp", PASS, "allowed 5 pp", id="more allowed"),
        pytest.param(outcome(50), outcome(999), None, REPORTED, "949 samples lost, 0 won)", id="reported"),
        pytest.param(outcome(50), outcome(50), None, REPORTED, "0 samples lost", id="the same, reported"),
    ],
)
def test_accuracy(before: list[bool], now: list[bool], change: str | None, verdict: Verdict, says: str) -> None:
    finding = accuracy(before, now, change)

    assert finding.verdict is verdict, finding.reason
    assert says in finding.reason
    assert "None" not in finding.reason


def test_the_same_sum_of_other_samples_is_seen() -> None:
    """As many right as before, 300 of them others: no drop, and no certainty that there is none."""
    before, now = outcome(300), list(reversed(outcome(300)))

    finding = accuracy(before, now)

    assert finding.value == finding.baseline
    assert finding.verdict is OPEN
    assert "300 samples lost, 300 won" in finding.reason


@pytest.mark.parametrize(
    ("now", "labels", "sha256", "notes"),
    [
        pytest.param(outcome(50), (None, None), "b" * 64, (), id="the same from another artifact"),
        pytest.param(outcome(51), (None, None), "b" * 64, ("changed",), id="another artifact"),
        pytest.param(
            outcome(51), (None, None), ARTIFACT, ("changed: the same artifact predicts otherwise",), id="same artifact"
        ),
        pytest.param(
            outcome(50), ([0] * 1000, [1] + [0] * 999), "b" * 64, ("changed",), id="another label, as wrong as before"
        ),
        pytest.param(outcome(49), (None, None), "b" * 64, ("changed", "improved"), id="better"),
    ],
)
def test_accuracy_notes(now: list[bool], labels: Any, sha256: str, notes: tuple[str, ...]) -> None:
    assert accuracy(outcome(50), now, labels=labels, sha256=sha256).notes == notes


@pytest.mark.parametrize(
    "spoilt",
    [{"correct": "!!!!"}, {"correct": ""}, {"correct": "AAAA"}],
    ids=["no base64", "empty", "too short"],
)
def test_stored_samples_that_cannot_be_read_are_an_error(spoilt: dict[str, Any]) -> None:
    stored = replace(samples(outcome(50)), **spoilt)
    now = result(measurement(ACCURACY, 0.95, "fraction", 1000), samples=samples(outcome(50)))

    finding = found(case("accuracy"), now, accuracy_fraction=figure(0.95, samples=stored))

    assert finding.verdict is ERROR
    assert "the baseline's samples can't be read" in finding.reason


@pytest.mark.parametrize("side", ["stored", "now"])
def test_accuracy_without_samples_is_not_compared(side: str) -> None:
    held = samples(outcome(50))
    now = result(measurement(ACCURACY, 0.95, "fraction", 1000), samples=None if side == "now" else held)

    finding = found(case("accuracy"), now, accuracy_fraction=figure(0.95, samples=None if side == "stored" else held))

    assert finding.verdict is APART


def test_no_samples_on_either_side_are_no_pass() -> None:
    none = replace(samples([True]), n=0, correct="")
    now = result(measurement(ACCURACY, 1.0, "fraction", 0), samples=none)

    assert found(case("accuracy"), now, accuracy_fraction=figure(1.0, samples=none)).verdict is ERROR
