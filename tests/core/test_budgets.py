"""Budget tables: which limits hold for which cells."""

from __future__ import annotations

import pytest

from harness.core.budgets import Budgets, matches
from harness.core.names import Cell
from harness.errors import InvalidLimit, InvalidMatrix, UnknownName

INT8 = Cell(model="digits_cnn", recipe="prune50+int8_static", runtime="onnxruntime:cuda,threads=2", target="local")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        pytest.param("*", True, id="all"),
        pytest.param("digits_cnn", True, id="model"),
        pytest.param("digits*", True, id="model by wildcard"),
        pytest.param("digits", False, id="a part of the model's name is not the model"),
        pytest.param("DIGITS*", False, id="case matters"),
        pytest.param("*/*int8_*", True, id="recipe"),
        pytest.param("*/int8_*", False, id="a chain does not begin with its last step"),
        pytest.param("*/prune??+*", True, id="recipe by single signs"),
        pytest.param("*/prune[5]0+*", True, id="recipe by a set of signs"),
        pytest.param("*/*/onnxruntime", False, id="an engine is not its provider"),
        pytest.param("*/*/onnxruntime*", True, id="engine with whatever follows"),
        pytest.param("*/*/*:cuda,*", True, id="provider"),
        pytest.param("*/*/*/local", True, id="target"),
        pytest.param("*/*/*/rpi*", False, id="other target"),
        pytest.param("*int8*", False, id="a wildcard does not reach over a slash"),
        pytest.param("digits_cnn/", False, id="an empty part fits nothing"),
        pytest.param("digits_cnn/prune50+int8_static/onnxruntime:cuda,threads=2/local", True, id="the id itself"),
    ],
)
def test_patterns_fit_part_by_part(pattern: str, fits: bool) -> None:
    assert matches(pattern, INT8) is fits


def cell(recipe: str, runtime: str = "litert") -> Cell:
    return Cell(model="m", recipe=recipe, runtime=runtime)


def test_a_later_row_overrides_limit_by_limit_and_only_where_it_fits() -> None:
    table = Budgets.parse(
        [
            ("*", {"size_ratio": "1 x", "accuracy_drop": "2 pp"}),
            ("*/int8", {"size_ratio": "0.4 x"}),
            ("*/int8/torch", {"size_ratio": "report", "latency_ratio": "1.5 x"}),
        ]
    )

    def texts(of: Cell) -> dict[str, str | None]:
        return {name: limit.text if limit else None for name, limit in table.limits_for(of).items()}

    expected = {
        ("int8", "torch"): {"size_ratio": None, "accuracy_drop": "2 pp", "latency_ratio": "1.5 x"},
        ("int8", "litert"): {"size_ratio": "0.4 x", "accuracy_drop": "2 pp"},
        ("fp16", "litert"): {"size_ratio": "1 x", "accuracy_drop": "2 pp"},
    }
    for order in (list(expected), list(reversed(expected))):
        assert {key: texts(cell(*key)) for key in order} == expected, "a row leaked into another cell"


def test_what_a_caller_does_to_its_limits_does_not_reach_the_table() -> None:
    table = Budgets.parse([("*", {"size_ratio": "1 x"})])

    table.limits_for(cell("int8")).clear()
    table.limits_for(cell("int8"))["size_ratio"] = None

    assert table.limits_for(cell("int8"))["size_ratio"] is not None


def test_a_row_keeps_what_was_written_when_it_was_read() -> None:
    written = {"size_ratio": "1 x"}
    table = Budgets.parse([("*/int8", written), ("*/fp16", written)])

    written["size_ratio"] = "9 x"

    limits = [table.limits_for(cell(recipe))["size_ratio"] for recipe in ("int8", "fp16")]
    assert [limit and limit.text for limit in limits] == ["1 x", "1 x"]


def test_no_row_no_limit() -> None:
    assert Budgets().limits_for(cell("int8")) == {}
    assert Budgets.parse([]).metrics() == set()
    assert Budgets.parse([("*", {})]).limits_for(cell("int8")) == {}


@pytest.mark.parametrize("key", ["accuracy_change", "size_change", "latency_change", "memory_change"])
def test_change_keys(key: str) -> None:
    text = "1 pp" if key == "accuracy_change" else "1.1 x"
    table = Budgets.parse([("*", {key: text}), ("*/fp16", {key: "report"})])

    limit = table.limits_for(cell("int8"))[key]
    assert limit is not None
    assert limit.text == text
    assert table.limits_for(cell("fp16")) == {key: None}
    assert table.metrics() == {key}


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        pytest.param("*", InvalidMatrix, "budgets are rows", id="a text for a table"),
        pytest.param({"*": {}}, InvalidMatrix, "budgets are rows", id="a dict for a table"),
        pytest.param(None, InvalidMatrix, "budgets are rows", id="None"),
        pytest.param([("*",)], InvalidMatrix, "a budget row is", id="no limits"),
        pytest.param([("*", "size='1 B'")], InvalidMatrix, "a budget row is", id="limits as text"),
        pytest.param([({}, "*")], InvalidMatrix, "a budget row is", id="turned around"),
        pytest.param([("*", {}, {})], InvalidMatrix, "a budget row is", id="three things"),
        pytest.param(["ab"], InvalidMatrix, "a budget row is", id="a text of two letters"),
        pytest.param([("", {})], InvalidMatrix, "budget pattern ''", id="empty pattern"),
        pytest.param([("a/b/c/d/e", {})], InvalidMatrix, "budget pattern 'a/b/c/d/e'", id="five parts"),
        pytest.param([("*", {"size_ratoi": "1 x"})], UnknownName, "'size_ratio'", id="metric misspelt"),
        pytest.param([("*", {"size_chang": "1 x"})], UnknownName, "'size_change'", id="change key misspelt"),
        pytest.param([("*", {7: "1 x"})], UnknownName, "unknown metric '7'", id="a number for a metric"),
        pytest.param([("*/int8", {"size_ratio": 0.3})], InvalidLimit, "budget row '*/int8': size_ratio=0.3", id="bare"),
        pytest.param([("*", {"accuracy_drop": "0.3 %"})], InvalidLimit, "it takes pp", id="one word, two units"),
        pytest.param([("*", {"size_change": "5 %"})], InvalidLimit, "it takes x", id="change in percent"),
    ],
)
def test_refused(rows: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        Budgets.parse(rows)

    assert says in str(caught.value)
