"""A cell's figure against its baseline."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.core.finding import BASELINE, Finding, Verdict
from harness.core.measurement import Measurement
from harness.core.result import CellResult
from harness.core.samples import Samples
from harness.judge.drift import judge_drift
from tests.core.records import ARTIFACT, DATA, case, environment, figure, hardware, measurement, result, samples

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
    assert finding.phase == "measure"


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
    ("value", "verdict"), [(1100, PASS), (1101, REGRESSED)], ids=["on the allowed change", "a byte beyond"]
)
def test_memory_is_judged_exactly(value: float, verdict: Verdict) -> None:
    now = result(measurement(PEAK, value, "bytes"))

    assert found(case("memory", None, "1.1 x"), now, **{PEAK: figure(1000)}).verdict is verdict


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        pytest.param(1000, (), id="the same"),
        pytest.param(1019, (), id="below what is worth a note"),
        pytest.param(1021, ("changed",), id="more"),
        pytest.param(979, ("improved",), id="less"),
    ],
)
def test_memory_notes(value: float, notes: tuple[str, ...]) -> None:
    now = result(measurement(PEAK, value, "bytes"))

    assert found(case("memory", None, "1.5 x"), now, **{PEAK: figure(1000)}).notes == notes


def test_another_machine_is_not_a_regression() -> None:
    now = result(measurement(PEAK, 5000, "bytes"), environment=environment(hardware=hardware(cpu="Slow CPU")))

    finding = found(case("memory", None, "1.1 x"), now, **{PEAK: figure(1000)})

    assert finding.verdict is APART
    assert "incomparable(hardware: Some CPU" in finding.reason
    assert finding.reason.count("Slow CPU") == 1, "said once"
    assert (finding.value, finding.baseline) == (5000, 1000)
    assert "allowed" not in finding.reason


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({}, "", id="the same"),
        pytest.param(
            {"hardware": hardware(cpu="Slow CPU")},
            "; the baseline was taken on Some CPU, 2 cores, x86_64+avx512_vnni, this is Slow CPU",
            id="another machine",
        ),
        pytest.param(
            {"runtime_versions": (("onnxruntime", "1.24.0"),)},
            "; the baseline was taken with onnxruntime 1.23.0, this is onnxruntime 1.24.0",
            id="another version",
        ),
    ],
)
def test_a_baseline_from_elsewhere_is_compared_and_told(changed: dict[str, Any], says: str) -> None:
    """Bytes are bytes on any machine; who reads the line should know all the same."""
    finding = found(
        case("size", "1 kB"), result(size(1001), environment=environment(**changed)), size_bytes=figure(1000)
    )

    assert finding.verdict is REGRESSED
    assert says in finding.reason
    assert ("the baseline was taken" in finding.reason) == bool(says)


@pytest.mark.parametrize(
    ("one", "now", "stored", "reason"),
    [
        pytest.param(
            case("size", "1 MB"),
            result(size(1001)),
            {SIZE: figure(1000)},
            "size regressed against baseline: int8_static on onnxruntime has 1.001 kB, baseline 1 kB: "
            "1.001 x (+1 B), allowed 1 x",
            id="size",
        ),
        pytest.param(
            case("memory", "1 MB", "1.1 x"),
            result(measurement(PEAK, 1200, "bytes")),
            {PEAK: figure(1000)},
            "memory regressed against baseline: int8_static on onnxruntime has 1.2 kB, baseline 1 kB: "
            "1.200 x, allowed 1.1 x",
            id="memory",
        ),
        pytest.param(
            case("size", "1 MB"),
            result(size(1001)),
            {},
            "size without baseline: int8_static on onnxruntime has none for size_bytes; "
            "record one with --harness-update",
            id="no baseline",
        ),
        pytest.param(
            case("size", "1 MB"),
            result(),
            {SIZE: figure(1000)},
            "size error against baseline: int8_static on onnxruntime has no figure: size_bytes was not measured",
            id="no figure",
        ),
    ],
)
def test_a_failing_line_needs_no_other_file(one: Any, now: CellResult, stored: Any, reason: str) -> None:
    assert found(one, now, **stored).reason == reason


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
        pytest.param(outcome(50), outcome(60), "", OPEN, "the change lies too near", id="the allowed points"),
        pytest.param(outcome(50), outcome(70), "", REGRESSED, "20 samples lost", id="twice the allowed points"),
        pytest.param(outcome(5, 100), outcome(6, 100), "", OPEN, "about 619 samples would decide", id="few samples"),
        pytest.param(outcome(50), outcome(51), "0 pp", OPEN, "no number of samples shows", id="nothing allowed"),
        pytest.param(outcome(50), outcome(80), "5 pp", PASS, "allowed 5 pp", id="more allowed"),
        pytest.param(outcome(50), outcome(999), None, REPORTED, "949 samples lost, 0 won; McNemar", id="reported"),
        pytest.param(outcome(50), outcome(50), None, REPORTED, "0 samples lost", id="the same, reported"),
    ],
)
def test_accuracy(before: list[bool], now: list[bool], change: str | None, verdict: Verdict, says: str) -> None:
    finding = accuracy(before, now, change)

    assert finding.verdict is verdict, finding.reason
    assert says in finding.reason
    assert "None" not in finding.reason


@pytest.mark.parametrize(
    ("before", "now", "change", "verdict", "says"),
    [
        pytest.param(outcome(50), outcome(50), "1.5 x error", PASS, "1.000 x its errors", id="the same predictions"),
        pytest.param(outcome(50), outcome(50), "1 x error", PASS, "1.000 x its errors", id="the same, no more allowed"),
        pytest.param(outcome(50), outcome(55), "1.5 x error", PASS, "1.100 x its errors", id="within"),
        pytest.param(outcome(50), outcome(75), "1.5 x error", OPEN, "1.500 x its errors", id="on the limit"),
        pytest.param(outcome(50), outcome(99), "1.5 x error", REGRESSED, "1.980 x its errors", id="beyond"),
        pytest.param(outcome(0), outcome(9), "1.5 x error", REGRESSED, "errors where it makes none", id="had none"),
        pytest.param(outcome(0), outcome(1), "1.5 x error", OPEN, "errors where it makes none", id="had none, one now"),
        pytest.param(outcome(0), outcome(0), "1.5 x error", PASS, "no error on either side", id="no errors at all"),
    ],
)
def test_accuracy_as_a_multiple_of_the_errors(
    before: list[bool], now: list[bool], change: str, verdict: Verdict, says: str
) -> None:
    finding = accuracy(before, now, change)

    assert finding.verdict is verdict, finding.reason
    assert says in finding.reason
    json.dumps(msgspec.to_builtins(finding), allow_nan=False)


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
    [{"correct": "!!!!"}, {"correct": "AAAA"}],
    ids=["no base64", "too short"],
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
    none = replace(samples([True]), n=0)
    now = result(measurement(ACCURACY, 1.0, "fraction", 0), samples=none)

    assert found(case("accuracy"), now, accuracy_fraction=figure(1.0, samples=none)).verdict is ERROR


def scored(
    before: tuple[float, Any],
    now: tuple[float, Any],
    change: str | None = "",
    labels: tuple[list[int], list[int]] = ([0] * 9, [1] * 9),
) -> Finding:
    """A score over all samples with its interval, before and now; by default of other predictions."""
    then, today = (Samples.scored(len(given), np.array(given), DATA) for given in labels)
    stored = figure(before[0], "fraction", samples=then, interval=before[1])
    measured = measurement(ACCURACY, now[0], "fraction", 9, now[1])
    return found(
        case("accuracy", None, change),
        result(measured, samples=today, sha256="b" * 64),
        accuracy_fraction=stored,
    )


@pytest.mark.parametrize(
    ("before", "now", "change", "verdict"),
    [
        pytest.param((0.9, (0.88, 0.92)), (0.9, (0.88, 0.92)), "5 pp", PASS, id="up to .92 - .88 = .04"),
        pytest.param((0.75, (0.75, 0.75)), (0.5, (0.5, 0.5)), "25 pp", PASS, id="on the allowed points"),
        pytest.param((0.75, (0.75, 0.75)), (0.5, (0.4999, 0.5)), "25 pp", OPEN, id="a hair beyond"),
        pytest.param((0.75, (0.75, 0.75)), (0.4, (0.4, 0.4999)), "25 pp", REGRESSED, id="wholly beyond"),
        pytest.param((0.9, (0.88, 0.92)), (0.9, (0.88, 0.92)), "1 pp", OPEN, id="as before, but how sure is that?"),
        pytest.param((0.9, (0.88, 0.92)), (0.5, (0.4, 0.6)), None, REPORTED, id="reported"),
        pytest.param((0.9, None), (0.5, None), None, REPORTED, id="reported without intervals"),
        pytest.param((0.9, None), (0.9, (0.88, 0.92)), "1 pp", ERROR, id="the baseline has no interval"),
        pytest.param((0.9, (0.88, 0.92)), (0.9, None), "1 pp", ERROR, id="no interval now"),
        pytest.param((0.9, (0.8, 1.0)), (0.9, (0.8, 1.0)), "1.5 x error", ERROR, id="no errors to multiply"),
    ],
)
def test_a_score_is_held_by_both_intervals(before: Any, now: Any, change: str | None, verdict: Verdict) -> None:
    finding = scored(before, now, change)

    assert finding.verdict is verdict, finding.reason
    assert finding.phase == ("measure" if verdict is ERROR else "")


@pytest.mark.parametrize("interval", [(0.88, 0.92), None], ids=["with", "without an interval"])
def test_a_score_of_the_same_predictions_is_held(interval: Any) -> None:
    finding = scored((0.9, interval), (0.9, interval), "0 pp", ([1] * 9, [1] * 9))

    assert (finding.verdict, finding.notes) == (PASS, ())
    assert "drop 0.00 pp" in finding.reason


@pytest.mark.parametrize("scores", [np.array([1] * 9), None], ids=["equal labels", "no labels"])
def test_equal_labels_don_t_hold_a_score_that_fell(scores: Any) -> None:
    """A detector's or an AUC's: nothing but the score itself was compared."""
    predicted = Samples.scored(9, scores, DATA)
    stored = figure(0.9, "fraction", samples=predicted, interval=(0.88, 0.92))
    fallen = measurement(ACCURACY, 0.5, "fraction", 9, (0.48, 0.52))

    finding = found(case("accuracy"), result(fallen, samples=predicted), accuracy_fraction=stored)

    assert finding.verdict is REGRESSED, finding.reason


@pytest.mark.parametrize(
    ("now", "notes"),
    [
        pytest.param((0.91, (0.9, 0.92)), ("changed", "improved"), id="better"),
        pytest.param((0.90, (0.89, 0.91)), ("changed",), id="the same of other predictions"),
        pytest.param((0.89, (0.88, 0.90)), ("changed",), id="worse"),
    ],
)
def test_notes_on_a_score(now: Any, notes: tuple[str, ...]) -> None:
    assert scored((0.9, (0.89, 0.91)), now, "50 pp").notes == notes


@pytest.mark.parametrize("side", ["stored", "now"])
def test_a_score_and_an_outcome_per_sample_are_held_by_their_intervals(side: str) -> None:
    """The task metric was exchanged: the sums can be compared, the samples can't."""
    one, other = samples([True] * 9), Samples.scored(9, np.array([1] * 9), DATA)
    before, now = (one, other) if side == "now" else (other, one)
    measured = measurement(ACCURACY, 0.5, "fraction", 9, (0.4, 0.6))
    stored = figure(0.9, "fraction", samples=before, interval=(0.8, 1.0))

    finding = found(case("accuracy"), result(measured, samples=now), accuracy_fraction=stored)

    assert finding.verdict is REGRESSED
    assert finding.interval == pytest.approx((0.2, 0.6))
