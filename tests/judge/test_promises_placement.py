"""A provider that a cell names must take its operators; what it left behind is told by name."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.finding import PLACEMENT, Finding, Verdict
from harness.core.limits import Limit
from harness.core.matrix import Case, Matrix
from harness.core.metrics import metric_named
from harness.core.result import CellResult, Placement
from harness.errors import InvalidMatrix
from harness.judge.case import judge_case
from harness.judge.promises import fallback
from harness.meters.runtime_figures import engine_measurements, placement_measurements
from tests.core.records import cell, measurement, result

ALL = Limit(value=1.0, text="100 %", unit="%")
NAMED = cell(runtime="litert:xnnpack")


def case_of(metric: str = "accuracy_drop", placement: Limit | None = ALL, **changed: Any) -> Case:
    given = {"suite": "s", "cell": NAMED, "metric": metric_named(metric), "limit": None, "change_limit": None}
    return Case(**{**given, "placement": placement, **changed})


def placed(**taken: dict[str, int]) -> CellResult:
    return result(
        *placement_measurements(taken, "xnnpack"),
        measurement("accuracy_drop_fraction", 0.0, "fraction"),
        of=NAMED,
        placement=Placement(provider="xnnpack", operators=taken),
    )


WHOLE = placed(xnnpack={"CONV_2D": 3})
PART = placed(xnnpack={"CONV_2D": 3}, builtin={"DEPTHWISE_CONV_2D": 2, "SOFTMAX": 1})
NOTHING_TOLD = placed()


@pytest.mark.parametrize(
    ("found", "limit", "verdicts"),
    [
        pytest.param(WHOLE, ALL, [], id="all of it"),
        pytest.param(PART, ALL, [Verdict.OVER_BUDGET], id="half of it"),
        pytest.param(PART, Limit(value=0.5, text="50 %", unit="%"), [], id="as much as was demanded"),
        pytest.param(PART, Limit(value=0.51, text="51 %", unit="%"), [Verdict.OVER_BUDGET], id="just less"),
        pytest.param(PART, None, [], id="no provider was named"),
        pytest.param(NOTHING_TOLD, ALL, [Verdict.ERROR], id="an engine that tells nothing proves nothing"),
    ],
)
def test_a_named_provider(found: CellResult, limit: Limit | None, verdicts: list[Verdict]) -> None:
    got = fallback(case_of(placement=limit), found)
    assert [one.verdict for one in got] == verdicts
    assert {one.against for one in got} <= {PLACEMENT}


def test_the_operators_left_behind_are_named() -> None:
    (found,) = fallback(case_of(), PART)
    assert found.reason == (
        "over_budget(placement): placement below its limit: int8_static on litert:xnnpack has 50.00 %, limit 100 %; "
        "left to builtin: 2 DEPTHWISE_CONV_2D, 1 SOFTMAX"
    )
    assert (found.value, found.limit, found.phase) == (0.5, 1.0, "placement")


@pytest.mark.parametrize(("metric", "verdicts"), [("size", []), ("placement", []), ("memory", [Verdict.OVER_BUDGET])])
def test_figures_of_the_artifact_and_its_own_gate_have_no_second_finding(metric: str, verdicts: list[Verdict]) -> None:
    assert [one.verdict for one in fallback(case_of(metric), PART)] == verdicts


def test_it_is_part_of_every_judgement() -> None:
    found: list[Finding] = judge_case(case_of("output_error"), PART, {})
    assert [one.verdict for one in found if one.against == PLACEMENT] == [Verdict.OVER_BUDGET]


@pytest.mark.parametrize(
    ("runtime", "row", "limit"),
    [
        ("litert", {}, None),
        ("litert", {"placement": "90 %"}, None),
        ("litert:xnnpack", {}, 1.0),
        ("litert:xnnpack", {"placement": "90 %"}, 0.9),
        ("litert:xnnpack", {"placement": "report"}, None),
    ],
)
def test_what_a_suite_demands(runtime: str, row: dict[str, str], limit: float | None) -> None:
    rows = [("*", {"size": "report"}), ("*", row)]
    matrix = Matrix.parse(models=["m"], recipes=["fp32"], runtimes=[runtime], budgets=rows)
    made = matrix.case("s", matrix.cells()[0], metric_named("size"))
    assert (made.placement.value if made.placement else None) == limit


def test_a_limit_that_no_provider_is_held_to_is_idle() -> None:
    rows = [("*", {"size": "report", "placement": "90 %"})]
    given: dict[str, Any] = {"models": ["m"], "recipes": ["fp32"], "budgets": rows}
    Matrix.parse(runtimes=["litert:xnnpack"], **given).check_gated({"size"}, "test_s.py")
    with pytest.raises(InvalidMatrix, match="limits placement, but no test gates on it"):
        Matrix.parse(runtimes=["litert"], **given).check_gated({"size"}, "test_s.py")


def test_figures_have_their_unit_in_their_name() -> None:
    found = engine_measurements({"arena_bytes": 4096, "compile_ns": 5})
    assert [(one.name, one.value, one.unit) for one in found] == [
        ("arena_bytes", 4096, "bytes"),
        ("compile_ns", 5, "ns"),
    ]


@pytest.mark.parametrize("wrong", [{"arena": 1}, {"arena_bytes": "many"}, {"arena_bytes": True}])
def test_a_figure_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a figure is a number"):
        engine_measurements(wrong)
