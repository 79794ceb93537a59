"""The files of a run: in its own folder and in ``latest/``, or an error that says what to do."""

from __future__ import annotations

import csv
import errno
import json
import os
from pathlib import Path

import pytest

from harness.core.finding import Verdict
from harness.core.result import CellResult
from harness.errors import ResultsError
from harness.reporting.document import Document
from harness.reporting.files import write_reports
from harness.store.results import read_results
from tests.core.records import cell, finding, measurement, result, run_record

FILES = ["report.md", "results.csv", "results.json"]
RECORD = run_record(
    result(
        measurement("size_bytes", 123_456_789, "bytes"),
        measurement("accuracy_drop_fraction", 0.1 + 0.2, "fraction", 1000),
        measurement("latency_p50_ns_per_inference", 152_343.5, "ns"),
    ),
    CellResult(cell=cell("fp16"), status="unavailable", reason='not installed: "x", y\nz'),
    findings=(finding(Verdict.PASS),),
)


def test_all_files_in_both_folders(tmp_path: Path) -> None:
    own = write_reports(Document.of(RECORD), tmp_path / "reports")

    assert own == tmp_path / "reports" / RECORD.run.id
    assert sorted(os.listdir(tmp_path / "reports")) == [RECORD.run.id, "latest"]
    for name in FILES:
        assert (own / name).read_bytes() == (tmp_path / "reports" / "latest" / name).read_bytes()
    assert sorted(os.listdir(own)) == FILES
    assert read_results(own) == RECORD


def test_latest_is_the_last_run_and_the_first_one_stays(tmp_path: Path) -> None:
    first, second = RECORD, run_record(*RECORD.cells[:1], id="20261102-120000-000")

    write_reports(Document.of(first), tmp_path)
    write_reports(Document.of(second), tmp_path)

    assert read_results(tmp_path / "latest") == second
    assert read_results(tmp_path / first.run.id) == first
    assert sorted(os.listdir(tmp_path / "latest")) == FILES


def test_csv_holds_raw_values(tmp_path: Path) -> None:
    own = write_reports(Document.of(RECORD), tmp_path)

    with (own / "results.csv").open(newline="", encoding="utf-8") as handle:
        first, second = csv.DictReader(handle)
    assert float(first["size_bytes"]) == 123_456_789
    assert float(first["accuracy_drop_fraction"]) == 0.1 + 0.2, "every digit"
    assert float(first["latency_p50_ns_per_inference"]) == 152_343.5
    assert (first["id"], first["verdict"]) == (cell().id, "pass")
    assert second["size_bytes"] == "", "missing is not 0"
    assert (second["status"], second["reason"]) == ("unavailable", 'not installed: "x", y\nz')


@pytest.mark.parametrize("obstacle", ["the folder is a file", "its parent is a file", "latest is a file"])
def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "reports"
    if obstacle == "latest is a file":
        folder.mkdir()
        (folder / "latest").write_text("x")
    else:
        folder.write_text("x")
    if obstacle == "its parent is a file":
        folder = folder / "below"

    with pytest.raises(ResultsError, match="Choose another folder: --harness-reports DIR") as caught:
        write_reports(Document.of(RECORD), folder)

    assert str(folder) in str(caught.value)


def test_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(ResultsError, match="No space left on device"):
        write_reports(Document.of(RECORD), tmp_path)


def test_a_reason_that_no_file_can_hold_is_written_all_the_same(tmp_path: Path) -> None:
    """A file name that is no UTF-8 comes into a reason as lone surrogates."""
    odd = run_record(CellResult(cell=cell(), status="error(load)", reason="caf\udce9.onnx is missing"))

    own = write_reports(Document.of(odd), tmp_path)

    assert "caf?.onnx is missing" in (own / "results.csv").read_text(encoding="utf-8")
    assert json.loads((own / "results.json").read_text())["cells"][0]["reason"] == "caf\udce9.onnx is missing"


def test_no_figure_that_is_no_number_is_written(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="not a number"):
        write_reports(Document.of(run_record(result(measurement("size_bytes", float("nan"), "bytes")))), tmp_path)
