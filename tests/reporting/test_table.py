"""The full table: one row per cell, figures as people read them, and nothing that was not measured."""

from __future__ import annotations

from harness.core.finding import Verdict
from harness.core.result import CellResult
from harness.core.run_record import RunRecord
from harness.reporting.document import Document
from harness.reporting.table import full_table
from harness.reporting.text_table import TextTable
from tests.core.records import cell, finding, measurement, result, run_record

MEASURED = result(
    measurement("size_bytes", 250_000, "bytes"),
    measurement("size_ratio", 0.25, "ratio"),
    measurement("accuracy_fraction", 0.9875, "fraction", 1000),
    measurement("accuracy_drop_fraction", 0.0, "fraction", 1000),
)
REFERENCE = result(measurement("size_bytes", 1_000_000, "bytes"), of=cell("fp32"))
ABSENT = CellResult(cell=cell("fp16"), status="unavailable", reason="not installed: x")


def table_of(record: RunRecord) -> TextTable:
    return full_table(Document.of(record))


def test_columns_and_cells() -> None:
    table = table_of(run_record(MEASURED, REFERENCE, ABSENT, findings=(finding(Verdict.PASS),)))

    assert table.headers == ("model", "recipe", "runtime", "accuracy", "drop", "size", "size/fp32", "verdict")
    assert table.rows == (
        ("digits_cnn", "int8_static", "onnxruntime", "98.75 %", "0.00 pp", "250 kB", "0.250 x", "pass"),
        ("digits_cnn", "fp32", "onnxruntime", "-", "-", "1 MB", "-", "reference"),
        ("digits_cnn", "fp16", "onnxruntime", "-", "-", "-", "-", "unavailable"),
    )
    assert table.left == (0, 1, 2, 7)


def test_targets_are_shown_when_there_are_several() -> None:
    one, other = result(of=cell()), result(of=cell(target="rpi5"))

    assert "target" not in table_of(run_record(one)).headers
    table = table_of(run_record(one, other))
    assert [row[table.headers.index("target")] for row in table.rows] == ["local", "rpi5"]


def test_a_record_without_cells_is_an_empty_table() -> None:
    assert table_of(run_record()).rows == ()
