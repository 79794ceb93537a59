"""Columns: which a report shows by itself, and which names choose others."""

from __future__ import annotations

import pytest

from harness.core.figure import Column, Figure, figures
from harness.core.figures import ACCURACY_DROP, FP16_SHARE, LATENCY_RATIO, LOAD, SIZE
from harness.core.finding import Verdict
from harness.core.metrics import METRICS
from harness.core.result import CellResult
from harness.errors import UnknownName
from harness.judge.words import say
from harness.pipeline.catalog import load_catalog
from harness.reporting.columns import chosen, title_of, worth_showing, written
from tests.core.records import cell, finding, measurement, result

load_catalog()
COLUMNS = [figure for figure in figures.in_order() if figure.column is not Column.NEVER]


@pytest.mark.parametrize("figure", COLUMNS, ids=[figure.title for figure in COLUMNS])
def test_every_figure_has_its_column_and_only_where_it_was_measured(figure: Figure) -> None:
    value = 0.5 if figure.title == "sparsity" else 0.0  # which is left out where nothing is sparse
    one = result(figure.measured(value))
    other = CellResult(cell=cell("fp16", model="another"))  # params and MACs compare models
    judged = [finding(Verdict.PASS, metric.name).metric for metric in METRICS.values() if metric.figure == figure]

    assert worth_showing([one, other], judged) == [figure]
    assert written(figure, one) == say(value, figure.written), "a figure of exactly 0 is a figure"
    assert written(figure, other) == "-"


def test_every_figure_that_can_be_gated_can_be_a_column() -> None:
    assert [metric.name for metric in METRICS.values() if metric.figure not in COLUMNS] == []
    assert len({figure.title for figure in COLUMNS}) == len(COLUMNS)


def test_a_figure_for_gates_has_its_column_only_where_it_was_judged() -> None:
    measured = result(FP16_SHARE.measured(0.99), SIZE.measured(1000))

    assert worth_showing([measured], []) == [SIZE]
    assert worth_showing([measured], ["fp16_share"]) == [SIZE, FP16_SHARE]
    assert worth_showing([measured], ["unknown_here"]) == [SIZE]


@pytest.mark.parametrize(
    ("title", "name", "values", "is_shown"),
    [
        ("sparsity", "sparsity_fraction", [0.0, 0.01], False),
        ("sparsity", "sparsity_fraction", [0.0, 0.5], True),
        ("params/fp32", "parameters_ratio", [1.0, 1.01], False),
        ("params/fp32", "parameters_ratio", [1.0, 0.5], True),
        ("MACs/fp32", "macs_ratio", [1.0], False),
        ("MACs/fp32", "macs_ratio", [1.3], True),
        ("size/fp32", "size_ratio", [1.0], True),
    ],
)
def test_columns_that_say_nothing_are_left_out(title: str, name: str, values: list[float], is_shown: bool) -> None:
    cells = [result(measurement(name, value), of=cell(f"r{n}")) for n, value in enumerate(values)]

    assert (title in map(title_of, worth_showing(cells, []))) is is_shown


@pytest.mark.parametrize(
    ("names", "found"),
    [
        pytest.param("drop", [ACCURACY_DROP], id="a title"),
        pytest.param("accuracy_drop_fraction", [ACCURACY_DROP], id="a figure"),
        pytest.param("accuracy_drop", [ACCURACY_DROP], id="a metric"),
        pytest.param("load_ns", [LOAD], id="a figure that the report shows only where it is judged"),
        pytest.param(" time/fp32 , drop", [LATENCY_RATIO, ACCURACY_DROP], id="several, in the order they are written"),
        pytest.param("drop,accuracy_drop", [ACCURACY_DROP], id="one by two names"),
        pytest.param("all", [SIZE, LOAD], id="all that was measured"),
    ],
)
def test_names_choose_figures(names: str, found: list[Figure]) -> None:
    cells = [result(LOAD.measured(1e6), SIZE.measured(1000), measurement("made_up_here", 1.0))]

    assert chosen(names, cells) == found


@pytest.mark.parametrize("names", ["drap", "size,drap", "", "size,"])
def test_an_unknown_name_is_refused(names: str) -> None:
    with pytest.raises(UnknownName, match="unknown column"):
        chosen(names)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(UnknownName, match="did you mean 'latency_ratio'"):
        chosen("latency_rato")
