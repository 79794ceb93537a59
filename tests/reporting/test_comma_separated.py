"""``results.csv``: raw figures, every digit, and nothing that was not measured."""

from __future__ import annotations

import csv
import io

from harness.core.finding import BASELINE, Verdict
from harness.core.result import CellResult
from harness.core.run_record import RunRecord
from harness.reporting.comma_separated import to_csv
from harness.reporting.document import Document
from tests.core.records import cell, finding, measurement, result, run_record

ABSENT = CellResult(cell=cell("fp16"), status="unavailable", reason="not installed: x")


def rows_of(record: RunRecord) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(Document.of(record)))))


def test_names_first_then_raw_figures() -> None:
    measured = result(
        measurement("size_bytes", 123_456_789, "bytes"), measurement("accuracy_drop_fraction", 1 / 3, "fraction")
    )
    first, second = rows_of(run_record(measured, ABSENT, findings=(finding(Verdict.PASS),)))

    assert list(first) == [
        *("id", "model", "recipe", "runtime", "target", "status", "verdict", "reason", "artifact_sha256"),
        *("accuracy_drop_fraction", "size_bytes"),
    ]
    assert (first["id"], first["verdict"], first["artifact_sha256"]) == (cell().id, "pass", "a" * 64)
    assert (float(first["size_bytes"]), float(first["accuracy_drop_fraction"])) == (123_456_789, 1 / 3)
    assert (second["status"], second["reason"], second["size_bytes"]) == ("unavailable", "not installed: x", "")


def test_the_verdict_is_one_word() -> None:
    findings = (finding(Verdict.PASS), finding(Verdict.NO_BASELINE, against=BASELINE))
    (row,) = rows_of(run_record(result(), findings=findings))

    assert row["verdict"] == "no_baseline"


def test_a_record_without_cells_has_its_headers() -> None:
    assert to_csv(Document.of(run_record())).splitlines() == [
        "id,model,recipe,runtime,target,status,verdict,reason,artifact_sha256"
    ]
