"""The matrix: no empty side, nothing named twice, and nothing demanded by silence or in vain."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.matrix import Matrix
from harness.core.metrics import METRICS
from harness.errors import InvalidMatrix, InvalidName

GIVEN: dict[str, Any] = {"models": ["m"], "recipes": ["fp32", "int8"], "runtimes": ["torch", "litert"]}


def matrix(**changed: Any) -> Matrix:
    return Matrix.parse(**{**GIVEN, **changed})


def cell_of(parsed: Matrix, recipe: str, runtime: str = "litert") -> Any:
    return next(one for one in parsed.cells() if one.recipe == recipe and one.runtime == runtime)


def test_cells_are_the_product_in_order() -> None:
    assert [cell.id for cell in matrix(models=("m", "k"), targets=("local",)).cells()] == [
        f"{model}/{recipe}/{runtime}/local"
        for model in ("m", "k")
        for runtime in ("torch", "litert")
        for recipe in ("fp32", "int8")
    ]


@pytest.mark.parametrize("side", ["models", "recipes", "runtimes", "targets"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param([], "is empty", id="empty"),
        pytest.param((), "is empty", id="empty tuple"),
        pytest.param("torch", "write a list of names", id="a text"),
        pytest.param("", "write a list of names", id="an empty text"),
        pytest.param(None, "write a list of names", id="None"),
        pytest.param({"torch"}, "write a list of names", id="a set has no order"),
        pytest.param((n for n in ["torch"]), "write a list of names", id="a generator"),
        pytest.param(["torch", 8], "names are texts", id="a number among names"),
        pytest.param([None], "names are texts", id="None among names"),
        pytest.param(["torch", "litert", "torch"], "names a thing twice: ['torch']", id="twice"),
    ],
)
def test_a_side_that_is_no_list_of_names_is_refused(side: str, value: object, says: str) -> None:
    with pytest.raises(InvalidMatrix) as caught:
        matrix(**{side: value})

    assert says in str(caught.value)
    assert side in str(caught.value)


def test_one_runtime_under_two_spellings_is_refused() -> None:
    with pytest.raises(InvalidMatrix, match=r"runtimes names a thing twice: \['torch,a=1,b=2'\]"):
        matrix(runtimes=["torch,a=1,b=2", "torch,b=2,a=1"])


def test_runtimes_are_held_in_canonical_form() -> None:
    assert matrix(runtimes=["torch,b=2,a=1"]).runtimes == ("torch,a=1,b=2",)
    with pytest.raises(InvalidName):
        matrix(runtimes=["Torch"])


@pytest.mark.parametrize(
    ("required", "says"),
    [
        pytest.param(["onnxruntime"], r"required=\['onnxruntime'\] names no runtime of this matrix", id="not there"),
        pytest.param(["torch,threads=2"], "names no runtime of this matrix", id="options are not the engine"),
        pytest.param("torch", "write a list of names", id="a text"),
        pytest.param(["torch", "torch"], "twice", id="twice"),
    ],
)
def test_required_must_be_engines_of_the_matrix(required: object, says: str) -> None:
    with pytest.raises(InvalidMatrix, match=says):
        matrix(required=required)


def test_required_reaches_the_cells_of_that_engine_whatever_its_options() -> None:
    parsed = matrix(
        runtimes=["torch,threads=2", "torch", "litert"], required=["torch"], budgets=[("*", {"size": "1 MB"})]
    )

    required = {cell.runtime: parsed.case("s", cell, METRICS["size"]).required for cell in parsed.cells()}

    assert required == {"torch,threads=2": True, "torch": True, "litert": False}


@pytest.mark.parametrize("pattern", ["k", "*/int4", "*/*/onnxruntime", "*/*/*/rpi5", "m/", "*/int8/torch/loca"])
def test_a_row_that_fits_no_cell_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidMatrix, match="fits no cell of the matrix; its first cell is m/fp32/torch/local"):
        matrix(budgets=[("*", {"size": "1 MB"}), (pattern, {"size": "2 MB"})])


@pytest.mark.parametrize("rows", [[], [("*/fp32", {"size": "1 MB"})], [("*", {"memory": "1 MB"})]])
def test_a_gated_cell_without_a_limit_is_refused(rows: list[Any]) -> None:
    parsed = matrix(budgets=rows)

    with pytest.raises(InvalidMatrix, match=r"no budget row gives size a limit for m/int8/litert/local.*size='report'"):
        parsed.case("s", cell_of(parsed, "int8"), METRICS["size"])


def test_report_is_an_answer() -> None:
    parsed = matrix(budgets=[("*", {"size": "report"})])

    assert parsed.case("s", cell_of(parsed, "int8"), METRICS["size"]).limit is None


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if m.relative], ids=lambda m: m.name)
def test_the_reference_of_a_ratio_has_no_limit_and_needs_none(metric: Any) -> None:
    for rows in ([], [("*", {metric.name: "0.5 x"})]):
        parsed = matrix(budgets=rows)
        assert parsed.case("s", cell_of(parsed, "fp32"), metric).limit is None

    limit = parsed.case("s", cell_of(parsed, "int8"), metric).limit
    assert limit is not None
    assert limit.value == 0.5


def test_the_reference_of_an_absolute_figure_is_held_to_its_limit() -> None:
    parsed = matrix(budgets=[("*", {"accuracy_drop": "1 pp"})])

    limit = parsed.case("s", cell_of(parsed, "fp32"), METRICS["accuracy_drop"]).limit
    assert limit is not None
    assert limit.value == 0.01


@pytest.mark.parametrize(
    ("metric", "limits", "expected"),
    [
        pytest.param("size", {}, "1 x", id="size must not grow"),
        pytest.param("size_ratio", {}, "1 x", id="nor behind its ratio"),
        pytest.param("size", {"size_change": "1.02 x"}, "1.02 x", id="unless the table says so"),
        pytest.param("size", {"size_change": "report"}, None, id="or demands nothing"),
        pytest.param("accuracy_drop", {}, "1 pp", id="accuracy"),
        pytest.param("latency", {}, None, id="latency is noted"),
        pytest.param("latency_ratio", {"latency_change": "1.2 x"}, "1.2 x", id="latency with a limit"),
        pytest.param("memory", {}, None, id="memory is noted"),
        pytest.param("sqnr", {}, None, id="no baseline at all"),
    ],
)
def test_how_far_a_figure_may_move_from_its_baseline(metric: str, limits: Any, expected: str | None) -> None:
    parsed = matrix(budgets=[("*", {metric: "report", **limits})])

    found = parsed.case("s", cell_of(parsed, "int8"), METRICS[metric]).change_limit

    assert (found and found.text) == expected


def test_a_case_knows_its_suite_and_whether_it_has_baselines() -> None:
    budgets = [("*", {"size": "1 MB"})]
    kept, without = matrix(budgets=budgets), matrix(budgets=budgets, baseline=False)

    assert kept.case("digits", kept.cells()[0], METRICS["size"]).suite == "digits"
    assert kept.case("s", kept.cells()[0], METRICS["size"]).baseline
    assert not without.case("s", without.cells()[0], METRICS["size"]).baseline


@pytest.mark.parametrize(
    ("limits", "gated", "idle"),
    [
        pytest.param({"size": "1 MB"}, {"size"}, None, id="gated"),
        pytest.param({"size": "report"}, {"size"}, None, id="report, gated"),
        pytest.param({"size": "1 MB", "size_change": "1 x"}, {"size"}, None, id="change behind its metric"),
        pytest.param({"size_change": "1 x"}, {"size_ratio"}, None, id="change behind another metric of its figure"),
        pytest.param({"size": "1 MB"}, set(), "size", id="no gate at all"),
        pytest.param({"size": "1 MB"}, {"size_ratio"}, "size", id="another gate"),
        pytest.param({"size": "1 MB", "memory": "1 MB"}, {"size"}, "memory", id="one of two"),
        pytest.param({"size": "report"}, {"memory"}, "size", id="report, not gated"),
        pytest.param({"latency_change": "1 x"}, {"size"}, "latency_change", id="change without its metric"),
    ],
)
def test_a_limit_that_no_gate_checks_is_refused(limits: Any, gated: set[str], idle: str | None) -> None:
    parsed = matrix(budgets=[("*", limits)])

    if idle is None:
        parsed.check_gated(gated, "test_digits.py")
        return
    with pytest.raises(InvalidMatrix, match=rf"test_digits.py: the budget table limits {idle}, but no test gates on"):
        parsed.check_gated(gated, "test_digits.py")


def test_a_change_limit_of_a_suite_without_baselines_is_refused() -> None:
    parsed = matrix(budgets=[("*", {"size": "1 MB", "size_change": "1 x"})], baseline=False)

    with pytest.raises(InvalidMatrix, match=r"limits size_change.*baseline=False"):
        parsed.check_gated({"size"}, "test_digits.py")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [("*", {"size": "1 MB", "accuracy": "report"})],
            {"fp32": ["size", "accuracy"], "int8": ["size", "accuracy"]},
            id="in the order of the table",
        ),
        pytest.param(
            [("*", {"size": "1 MB"}), ("*/int8", {"accuracy": "90 %", "size": "2 MB"})],
            {"fp32": ["size"], "int8": ["size", "accuracy"]},
            id="only what a fitting row names, and once",
        ),
        pytest.param(
            [("*", {"size_ratio": "1 x"})],
            {"fp32": ["size_ratio"], "int8": ["size_ratio"]},
            id="the reference of a ratio is reported",
        ),
        pytest.param(
            [("*", {"size": "1 MB", "size_change": "1.1 x"})],
            {"fp32": ["size"], "int8": ["size"]},
            id="a change belongs to its metric",
        ),
        pytest.param(
            [("*", {"size": "1 MB", "placement": "90 %"})],
            {"fp32": ["size", "placement"], "int8": ["size", "placement"]},
            id="placement is a metric where no provider is named",
        ),
    ],
)
def test_the_table_is_the_list_of_gates(rows: list[Any], expected: dict[str, list[str]]) -> None:
    cases = matrix(budgets=rows, runtimes=["litert"]).cases("s", "s.py::test_cells")

    assert [(case.cell.recipe, case.metric.name) for case in cases] == [
        (recipe, metric) for recipe, metrics in expected.items() for metric in metrics
    ]


def test_placement_of_a_named_provider_is_held_in_every_other_case_and_alone_where_it_is_all_that_is_asked() -> None:
    both = matrix(budgets=[("*", {"size": "1 MB", "placement": "90 %"})], runtimes=["litert:xnnpack"])
    alone = matrix(budgets=[("*", {"placement": "90 %"})], runtimes=["litert:xnnpack"])

    assert [(case.metric.name, case.placement and case.placement.value) for case in both.cases("s", "w")] == [
        ("size", 0.9),
        ("size", 0.9),
    ]
    assert [case.metric.name for case in alone.cases("s", "w")] == ["placement", "placement"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"budgets": []}, "w: no budget row names a metric for m/fp32/torch/local", id="no rows"),
        pytest.param(
            {"budgets": [("*/fp32", {"size": "1 MB"})]}, "names a metric for m/int8/torch/local", id="one cell left out"
        ),
        pytest.param(
            {"budgets": [("*", {"size_change": "1 x"})]}, "names a metric for m/fp32/torch/local", id="a change alone"
        ),
        pytest.param(
            {"budgets": [("*", {"size": "1 MB", "latency_change": "1 x"})]},
            "limits latency_change, but no test gates on it.*no gate compares it with a baseline",
            id="a change that no metric of the table carries",
        ),
        pytest.param(
            {"budgets": [("*", {"size": "1 MB", "size_change": "1 x"})], "baseline": False},
            "limits size_change.*the matrix says baseline=False",
            id="a change without baselines",
        ),
    ],
)
def test_a_table_that_leaves_a_cell_or_a_limit_without_a_case_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidMatrix, match=says):
        matrix(**changed).cases("s", "w")
