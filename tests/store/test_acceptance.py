"""Which figures become baselines, and why others are refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.core.baseline import CellBaseline
from harness.core.finding import BASELINE, BUDGET, Finding, Verdict
from harness.core.result import CellResult
from harness.store.acceptance import Acceptance, accept
from tests.core.records import ARTIFACT, cell, environment, figure, finding, measurement, result, samples

SIZE, ACCURACY, P50, PEAK = (
    "size_bytes",
    "accuracy_fraction",
    "latency_p50_ns_per_inference",
    "memory_peak_bytes",
)
LOAD, LOAD_RATIO = "load_ns", "load_ratio"
OUTCOME = samples([True] * 8 + [False])
NOW = result(
    measurement(SIZE, 1000, "bytes"),
    measurement(ACCURACY, 8 / 9, "fraction", 9, (0.5, 0.99)),
    measurement(P50, 152_343.5, "ns", 500, (151_000.0, 153_000.0)),
    measurement(PEAK, 5000, "bytes"),
    measurement(LOAD, 2_000_500, "ns", 5, (1_990_000.0, 2_010_000.0), "files cold"),
    measurement(LOAD_RATIO, 0.5, "ratio", 5, (0.4, 0.6), "files cold or files cached"),
    samples=OUTCOME,
)


def both(metric: str, budget: Verdict = Verdict.PASS, baseline: Verdict = Verdict.NO_BASELINE) -> list[Finding]:
    return [finding(budget, metric, BUDGET), finding(baseline, metric, BASELINE)]


def accepted(
    findings: list[Finding], held: CellBaseline | None = None, now: CellResult = NOW, **changed: Any
) -> Acceptance:
    given = {"reason": "", "commit": "c" * 40, "date": "2026-11-24", "only_new": False, **changed}
    return accept(now, findings, held or {}, **given)


@pytest.mark.parametrize(
    ("metric", "name", "value"),
    [
        pytest.param("size", SIZE, 1000, id="size"),
        pytest.param("size_ratio", SIZE, 1000, id="size behind its ratio"),
        pytest.param("accuracy", ACCURACY, 8 / 9, id="accuracy"),
        pytest.param("accuracy_drop", ACCURACY, 8 / 9, id="accuracy behind its drop"),
        pytest.param("latency", P50, 152_343.5, id="latency, when it is held to a baseline"),
        pytest.param("memory", PEAK, 5000, id="memory, when it is held to a baseline"),
    ],
)
def test_a_new_figure_is_recorded(metric: str, name: str, value: float) -> None:
    found = accepted(both(metric))

    assert list(found.figures) == [name]
    one = found.figures[name]
    measured = NOW.measurements[name]
    assert (one.value, one.unit, one.n, one.interval) == (value, measured.unit, measured.n, measured.interval)
    assert one.environment == environment()
    assert (one.artifact_sha256, one.commit, one.date, one.reason) == (ARTIFACT, "c" * 40, "2026-11-24", "first figure")
    assert one.samples == (OUTCOME if name == ACCURACY else None)
    assert len(found.lines) == 1
    assert found.lines[0].startswith(f"recorded {cell().id} {name}: none -> ")


def test_a_start_is_recorded_with_its_ratio_and_the_conditions_of_both() -> None:
    found = accepted(both("load"))

    assert {name: one.condition for name, one in found.figures.items()} == {
        LOAD: "files cold",
        LOAD_RATIO: "files cold or files cached",
    }


@pytest.mark.parametrize("metric", ["size", "size_ratio", "accuracy", "latency", "memory", "load", "load_ratio"])
def test_a_figure_that_is_not_held_to_a_baseline_is_not_recorded(metric: str) -> None:
    found = accepted([finding(Verdict.PASS, metric, BUDGET)])

    assert found == Acceptance(figures={})


@pytest.mark.parametrize("metric", ["sqnr", "agreement", "weights_ratio", "output_error"])
def test_a_metric_without_baselines_is_not_recorded(metric: str) -> None:
    assert accepted(both(metric)) == Acceptance(figures={})


def test_a_figure_that_was_not_measured_is_not_recorded() -> None:
    found = accepted(both("size", Verdict.ERROR, Verdict.ERROR), now=result())

    assert found == Acceptance(figures={})


def test_a_cell_that_could_not_be_measured_records_nothing() -> None:
    assert accepted([finding(Verdict.ERROR, "size", "cell")], now=result()).figures == {}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_figure_that_is_no_number_is_refused(value: float) -> None:
    found = accepted(both("size"), now=result(measurement(SIZE, value, "bytes")), reason="I insist")

    assert found.figures == {}
    assert found.lines[0].startswith("refused ")
    assert "not a number" in found.lines[0]


@pytest.mark.parametrize("reason", ["", "I insist"])
@pytest.mark.parametrize("stored", [{}, {SIZE: figure(2000)}], ids=["new", "changed"])
@pytest.mark.parametrize("verdict", [Verdict.OVER_BUDGET, Verdict.ERROR])
def test_a_budget_that_failed_is_refused(verdict: Verdict, stored: CellBaseline, reason: str) -> None:
    found = accepted(both("size", verdict), stored, reason=reason)

    assert found.figures == {}
    assert found.lines == (f"refused  {cell().id} {SIZE}: {2000 if stored else 'none'} -> 1000 (size {verdict})",)


LATENCY = "latency_p50_ns_per_inference"


def test_an_undecided_latency_is_refused_and_an_undecided_accuracy_is_recorded() -> None:
    times = result(measurement(LATENCY, 1000, "ns"))

    assert accepted(both("latency", Verdict.INCONCLUSIVE), now=times).figures == {}
    assert set(accepted(both("latency", Verdict.PASS), now=times).figures) == {LATENCY}
    assert set(accepted(both("size", Verdict.INCONCLUSIVE)).figures) == {SIZE}


@pytest.mark.parametrize("order", [1, -1], ids=["failed first", "failed last"])
def test_a_figure_is_refused_when_any_of_its_budgets_failed(order: int) -> None:
    findings = [*both("size", Verdict.OVER_BUDGET), *both("size_ratio", Verdict.PASS)]

    found = accepted(findings[::order])

    assert found.figures == {}
    assert len(found.lines) == 1
    assert "(size over_budget)" in found.lines[0]


def test_a_figure_is_refused_when_the_budget_of_another_suite_failed() -> None:
    findings = [finding(Verdict.OVER_BUDGET, "size", BUDGET), *both("size", Verdict.PASS)]

    assert accepted(findings).figures == {}
    assert accepted(findings[::-1]).figures == {}


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.REPORTED])
def test_a_budget_that_is_kept_or_absent_is_no_obstacle(verdict: Verdict) -> None:
    assert list(accepted(both("size", verdict)).figures) == [SIZE]


@pytest.mark.parametrize(
    ("metric", "name", "before", "worse"),
    [
        pytest.param("size", SIZE, 999, True, id="a byte more"),
        pytest.param("size", SIZE, 1001, False, id="a byte less"),
        pytest.param("accuracy", ACCURACY, 0.9, True, id="less accurate"),
        pytest.param("accuracy", ACCURACY, 0.8, False, id="more accurate"),
        pytest.param("memory", PEAK, 4999, True, id="more memory"),
        pytest.param("memory", PEAK, 5001, False, id="less memory"),
        pytest.param("latency", P50, 152_330, True, id="slower"),
        pytest.param("latency", P50, 152_350, False, id="faster"),
    ],
)
def test_a_worse_figure_wants_a_reason(metric: str, name: str, before: float, worse: bool) -> None:
    held = {name: figure(before, artifact_sha256="b" * 64)}
    findings = both(metric, baseline=Verdict.REGRESSED if worse else Verdict.PASS)

    without, given = accepted(findings, held), accepted(findings, held, reason="new operator")

    assert list(without.figures) == ([] if worse else [name])
    if worse:
        assert without.lines[0].endswith("(worse; give --harness-reason to accept it)")
    else:
        assert without.figures[name].reason == "no worse than before"
    assert given.figures[name].reason == "new operator"
    assert given.lines[0].startswith("recorded ")


@pytest.mark.parametrize(
    ("changed", "is_written"),
    [
        pytest.param({}, False, id="the same"),
        pytest.param({"artifact_sha256": "b" * 64}, True, id="another artifact"),
        pytest.param({"environment": environment(threads=4)}, True, id="another environment"),
        pytest.param({"samples": samples([False] + [True] * 8)}, True, id="other samples right"),
        pytest.param({"commit": "e" * 40, "date": "2020-01-01", "reason": "long ago"}, False, id="an older commit"),
    ],
)
def test_an_unchanged_accuracy_is_not_written_again(changed: dict[str, Any], is_written: bool) -> None:
    held = {ACCURACY: figure(0.88889, "fraction", **{"samples": OUTCOME, **changed})}

    found = accepted(both("accuracy", baseline=Verdict.PASS), held)

    assert (ACCURACY in found.figures) is is_written
    assert bool(found.lines) is is_written


@pytest.mark.parametrize(
    ("changed", "is_written"),
    [
        pytest.param({}, False, id="the same"),
        pytest.param({"environment": environment(threads=4)}, False, id="size needs no environment"),
        pytest.param({"artifact_sha256": "b" * 64}, True, id="other bytes, as many"),
    ],
)
def test_an_unchanged_size_is_not_written_again(changed: dict[str, Any], is_written: bool) -> None:
    found = accepted(both("size", baseline=Verdict.PASS), {SIZE: figure(1000, **changed)})

    assert (SIZE in found.figures) is is_written


@pytest.mark.parametrize("before", [900, 1100], ids=["worse", "better"])
def test_only_new_leaves_what_is_held(before: float) -> None:
    findings = [*both("size", baseline=Verdict.PASS), *both("accuracy")]

    found = accepted(findings, {SIZE: figure(before)}, only_new=True, reason="whatever")

    assert list(found.figures) == [ACCURACY]
    assert len(found.lines) == 1


def test_several_metrics_of_one_figure_record_it_once() -> None:
    found = accepted([*both("size"), *both("size_ratio"), *both("accuracy_drop"), *both("accuracy")])

    assert sorted(found.figures) == sorted([SIZE, ACCURACY])
    assert len(found.lines) == 2


def test_no_finding_no_figure() -> None:
    assert accepted([]) == Acceptance(figures={})
