"""What a recipe promises of its artifact: kept, broken, or impossible to look at; and what is said of a file no smaller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.core.finding import BUDGET, PROMISE, Verdict
from harness.core.limits import parse_limit
from harness.core.measurement import Measurement
from harness.core.recipe import Promise
from harness.judge.audit import size_remark
from harness.judge.budget import judge_budget
from harness.judge.case import judge_case, worst
from harness.judge.promises import broken_promises
from harness.recipes.steps import promises_of
from tests.core.records import case, cell, measurement, result

KEPT = measurement("size_ratio", 0.3)


def promised(**limits: str) -> tuple[Promise, ...]:
    return promises_of("prune50", limits)


@pytest.mark.parametrize(
    ("limits", "measured", "verdicts"),
    [
        pytest.param({}, [], [], id="nothing promised"),
        pytest.param({"sparsity": "45 %"}, [measurement("sparsity_fraction", 0.45, "fraction")], [], id="just kept"),
        pytest.param(
            {"sparsity": "45 %"},
            [measurement("sparsity_fraction", 0.4499, "fraction")],
            [Verdict.OVER_BUDGET],
            id="just broken",
        ),
        pytest.param({"parameters_ratio": "0.85 x"}, [measurement("parameters_ratio", 0.85)], [], id="as narrow"),
        pytest.param(
            {"parameters_ratio": "0.85 x"},
            [measurement("parameters_ratio", 1.0)],
            [Verdict.OVER_BUDGET],
            id="only zeros",
        ),
        pytest.param({"int8_share": "95 %"}, [], [Verdict.ERROR], id="not measured is not kept"),
        pytest.param(
            {"int8_share": "95 %"},
            [measurement("int8_share_fraction", float("nan"), "fraction")],
            [Verdict.ERROR],
            id="NaN is not kept",
        ),
        pytest.param(
            {"sparsity": "45 %", "int8_share": "95 %"},
            [measurement("sparsity_fraction", 0.1, "fraction"), measurement("int8_share_fraction", 0.0, "fraction")],
            [Verdict.OVER_BUDGET, Verdict.OVER_BUDGET],
            id="each by itself",
        ),
    ],
)
def test_promises(limits: dict[str, str], measured: list[Measurement], verdicts: list[Verdict]) -> None:
    found = broken_promises(case("accuracy_drop", "1 pp"), result(*measured), promised(**limits))

    assert [one.verdict for one in found] == verdicts
    assert {one.against for one in found} <= {PROMISE}
    assert [one.metric for one in found] == list(limits)[: len(found)]


def test_a_broken_promise_says_what_was_promised() -> None:
    (found,) = broken_promises(
        case("accuracy_drop", "1 pp"),
        result(measurement("int8_share_fraction", 0.0, "fraction")),
        promised(int8_share="95 %"),
    )

    assert found.reason == (
        "over_budget(promise): int8 share below its limit: int8_static on onnxruntime has 0.00 %, limit 95 %"
    )
    assert (found.value, found.limit, found.phase) == (0.0, 0.95, "promise")


@pytest.mark.parametrize(
    ("row", "metric", "broken"),
    [
        pytest.param({}, "size", [0.95], id="no row: the promise holds"),
        pytest.param({"int8_share": "90 %"}, "size", [], id="a row that is met replaces it"),
        pytest.param({"int8_share": "93 %"}, "size", [0.93], id="a row that is not met holds in every case"),
        pytest.param({"int8_share": "93 %"}, "int8_share", [], id="and is judged once in its own"),
        pytest.param({"int8_share": None}, "size", [], id="a row that only reports"),
        pytest.param({"sparsity": "10 %"}, "size", [0.95], id="a row for another metric"),
    ],
)
def test_a_budget_row_replaces_the_promised_limit(row: dict[str, str | None], metric: str, broken: list[float]) -> None:
    rows = {name: parse_limit(name, text, {"%": 0.01}) if text else None for name, text in row.items()}
    measured = result(measurement("int8_share_fraction", 0.92, "fraction"), measurement("size_bytes", 3, "bytes"))
    found = broken_promises(replace(case(metric, None), rows=rows), measured, promised(int8_share="95 %"))
    assert [finding.limit for finding in found] == broken


@pytest.mark.parametrize(
    ("kernels", "remark"),
    [
        pytest.param(
            {"int8": ("a",), "float32": ("embedding", "position")}, "in float32: embedding, position", id="some"
        ),
        pytest.param({"int8": ("a",)}, "", id="none"),
    ],
)
def test_kernels_that_were_left_in_float_are_named(kernels: dict[str, tuple[str, ...]], remark: str) -> None:
    measured = result(measurement("int8_share_fraction", 0.92, "fraction"))
    assert measured.artifact is not None
    named = replace(measured, artifact=replace(measured.artifact, largest_kernels=kernels))
    (found,) = broken_promises(case("size", None), named, promised(int8_share="95 %"))
    assert found.reason.partition("limit 95 %")[2] == (f"; {remark}" if remark else "")


def test_a_broken_promise_fails_every_case_of_its_cell() -> None:
    measured = result(KEPT, measurement("size_bytes", 300, "bytes"), measurement("sparsity_fraction", 0.0, "fraction"))

    found = judge_case(case("size_ratio", "0.5 x"), measured, {}, promises=promised(sparsity="45 %"))

    assert [(one.against, one.verdict) for one in found][:2] == [
        (BUDGET, Verdict.PASS),
        (PROMISE, Verdict.OVER_BUDGET),
    ]
    assert worst(found).against == PROMISE


@pytest.mark.parametrize(
    ("size", "zstd", "zeros", "said"),
    [
        pytest.param(
            0.999,
            0.61,
            0.5,
            "int8_static left the file 0.1 % smaller (zeros are stored like any number); zstd would make it 0.610 x",
            id="zeros",
        ),
        pytest.param(
            1.002,
            0.25,
            0.0,
            "int8_static left the file 0.2 % larger (equal values are stored like any others); zstd would make it 0.250 x",
            id="a palette",
        ),
        pytest.param(0.979, 0.5, 0.5, "", id="smaller"),
        pytest.param(1.0, 0.91, 0.5, "", id="nothing for a compressor either"),
        pytest.param(None, 0.5, 0.5, "", id="no size"),
    ],
)
def test_a_file_that_is_no_smaller(size: float | None, zstd: float, zeros: float, said: str) -> None:
    measured = [measurement("zstd_ratio", zstd), measurement("sparsity_fraction", zeros, "fraction")]
    measured += [measurement("size_ratio", size)] if size is not None else []

    assert size_remark(result(*measured)) == said
    if said:
        assert judge_budget(case("size_ratio", "1 x"), result(*measured)).reason.endswith(f"; {said}")


def test_of_the_reference_nothing_is_remarked() -> None:
    same = [measurement("size_ratio", 1.0), measurement("zstd_ratio", 0.5)]

    assert size_remark(result(*same, of=cell("fp32"))) == ""
