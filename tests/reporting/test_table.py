"""The table: one row per cell, figures as people read them, and nothing that was not measured."""

from __future__ import annotations

import math

import pytest

from harness.core.figure import Column, Figure, figures
from harness.core.figures import FP16_SHARE, SIZE
from harness.core.finding import BASELINE, PROMISE, Verdict
from harness.core.metrics import METRICS
from harness.core.result import CellResult
from harness.judge.words import say
from harness.reporting.table import columns, frame, shown, verdict_of
from harness.reporting.terminal import to_text
from tests.core.records import cell, finding, measurement, result, run_record

MEASURED = result(
    measurement("size_bytes", 250_000, "bytes"),
    measurement("size_ratio", 0.25, "ratio"),
    measurement("accuracy_fraction", 0.9875, "fraction", 1000),
    measurement("accuracy_drop_fraction", 0.0, "fraction", 1000),
)
REFERENCE = result(measurement("size_bytes", 1_000_000, "bytes"), of=cell("fp32"))
COLUMNS = [figure for figure in figures.in_order() if figure.column is not Column.NEVER]
ABSENT = CellResult(cell=cell("fp16"), status="unavailable", reason="not installed: x")


def test_columns_and_cells() -> None:
    table = shown(run_record(MEASURED, REFERENCE, ABSENT, findings=(finding(Verdict.PASS),)))

    assert list(table) == ["model", "recipe", "runtime", "accuracy", "drop", "size", "size/fp32", "verdict"]
    assert table.values.tolist() == [
        ["digits_cnn", "int8_static", "onnxruntime", "98.75 %", "0.00 pp", "250 kB", "0.250 x", "pass"],
        ["digits_cnn", "fp32", "onnxruntime", "-", "-", "1 MB", "-", "reference"],
        ["digits_cnn", "fp16", "onnxruntime", "-", "-", "-", "-", "unavailable"],
    ]


@pytest.mark.parametrize("figure", COLUMNS, ids=[figure.title for figure in COLUMNS])
def test_every_figure_has_its_column_and_only_where_it_was_measured(figure: Figure) -> None:
    value = 0.5 if figure.title == "sparsity" else 0.0  # which is left out where nothing is sparse
    other = CellResult(cell=cell("fp16", model="another"))  # params and MACs compare models
    judged = [metric.name for metric in METRICS.values() if metric.figure == figure]
    findings = tuple(finding(Verdict.PASS, name) for name in judged)
    table = shown(run_record(result(figure.measured(value)), other, findings=findings))

    assert [column for column in table if column in {one.title for one in COLUMNS}] == [figure.title]
    assert table[figure.title].tolist()[1] == "-"
    assert table[figure.title].tolist()[0] == say(value, figure.written), "a figure of exactly 0 is a figure"


def test_every_figure_that_can_be_gated_can_be_a_column() -> None:
    assert [metric.name for metric in METRICS.values() if metric.figure not in COLUMNS] == []
    assert len({figure.title for figure in COLUMNS}) == len(COLUMNS)


def test_a_figure_for_gates_has_its_column_only_where_it_was_judged() -> None:
    measured = result(FP16_SHARE.measured(0.99), SIZE.measured(1000))

    assert columns(run_record(measured)) == [SIZE]
    assert columns(run_record(measured, findings=(finding(Verdict.PASS, "fp16_share"),))) == [SIZE, FP16_SHARE]
    assert columns(run_record(measured, findings=(finding(Verdict.PASS, "unknown_here"),))) == [SIZE]


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

    assert (title in shown(run_record(*cells))) is is_shown


def test_targets_are_shown_when_there_are_several() -> None:
    one, other = result(of=cell()), result(of=cell(target="rpi5"))

    assert "target" not in shown(run_record(one))
    assert shown(run_record(one, other))["target"].tolist() == ["local", "rpi5"]


def test_a_record_without_cells_is_an_empty_table() -> None:
    assert shown(run_record()).empty
    assert frame(run_record()).empty
    assert "0 cells; no findings" in to_text(run_record())


@pytest.mark.parametrize(
    ("one", "findings", "written"),
    [
        pytest.param(MEASURED, [], "compared with", id="measured, nobody asked"),
        pytest.param(REFERENCE, [], "reference", id="the reference, nobody asked"),
        pytest.param(ABSENT, [], "unavailable", id="not measured, nobody asked"),
        pytest.param(CellResult(cell=cell()), [], "not_run", id="never run"),
        pytest.param(CellResult(cell=cell(), status="error(run)"), [], "error(run)", id="broken reference"),
        pytest.param(MEASURED, [finding(Verdict.PASS)], "pass", id="pass"),
        pytest.param(
            MEASURED, [finding(Verdict.PASS), finding(Verdict.REGRESSED, against=BASELINE)], "regressed", id="the worst"
        ),
        pytest.param(MEASURED, [finding(Verdict.ERROR, phase="load")], "error(load)", id="error with its stage"),
        pytest.param(
            MEASURED, [finding(Verdict.OVER_BUDGET, against=PROMISE)], "over_budget(promise)", id="a broken promise"
        ),
        pytest.param(MEASURED, [finding(Verdict.ERROR)], "error", id="error without a stage"),
    ],
)
def test_the_last_column(one: CellResult, findings: list, written: str) -> None:  # type: ignore[type-arg]
    assert verdict_of(one, findings) == written


def test_findings_of_other_cells_don_t_count() -> None:
    record = run_record(MEASURED, REFERENCE, findings=(finding(Verdict.OVER_BUDGET, cell=cell("fp32").id),))

    assert shown(record)["verdict"].tolist() == ["compared with", "over_budget"]


def test_the_frame_holds_raw_figures() -> None:
    measured = result(
        measurement("size_bytes", 123_456_789, "bytes"), measurement("accuracy_drop_fraction", 1 / 3, "fraction")
    )
    table = frame(run_record(measured, ABSENT, findings=(finding(Verdict.PASS),)))

    assert list(table) == [
        "id",
        "model",
        "recipe",
        "runtime",
        "target",
        "status",
        "verdict",
        "reason",
        "artifact_sha256",
        "accuracy_drop_fraction",
        "size_bytes",
    ]
    first, second = table.to_dict("records")
    assert (first["id"], first["verdict"], first["artifact_sha256"]) == (cell().id, "pass", "a" * 64)
    assert (first["size_bytes"], first["accuracy_drop_fraction"]) == (123_456_789, 1 / 3)
    assert (second["status"], second["reason"]) == ("unavailable", "not installed: x")
    assert math.isnan(second["size_bytes"])


def test_the_terminal_shows_the_same_table_and_counts() -> None:
    record = run_record(MEASURED, ABSENT, findings=(finding(Verdict.PASS), finding(Verdict.UNAVAILABLE)))

    text = to_text(record)

    assert text.splitlines()[0].split() == [
        *("model", "recipe", "runtime", "accuracy", "drop", "size", "size/fp32", "verdict")
    ]
    assert "98.75 %" in text
    assert text.endswith("2 cells; 1 pass, 1 unavailable")
