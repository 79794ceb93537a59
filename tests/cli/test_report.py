"""``edge-harness report``: every format from the file alone, and files that can't be read."""

import json

import pytest

from harness import cli
from harness.core.environment import Hardware
from harness.core.finding import Finding, Verdict
from harness.core.measurement import Measurement
from harness.core.names import Cell
from harness.core.result import CellResult
from harness.core.run_record import RunInfo, RunRecord
from harness.store.results import write_results


@pytest.fixture
def run_file(tmp_path):
    cell = Cell(model="m", recipe="int8_static", runtime="onnxruntime")
    record = RunRecord(
        run=RunInfo(
            id="r1",
            started="2026-01-01T00:00:00+00:00",
            finished="2026-01-01T00:01:00+00:00",
            command=("suites",),
            hardware={"local": Hardware(machine="x86_64", cpu="a CPU", cores=2)},
            python="3.11.0",
        ),
        cells=(
            CellResult(
                cell=cell,
                status="measured",
                measurements={"size_bytes": Measurement(name="size_bytes", value=1234, unit="bytes")},
            ),
        ),
        findings=(
            Finding(cell=cell.id, metric="size", against="budget", verdict=Verdict.OVER_BUDGET, reason="too | large"),
        ),
    )
    path = tmp_path / "run" / "results.json"
    write_results(record, path)
    return path


@pytest.mark.parametrize(
    ("form", "expected"),
    [("terminal", "1.234 kB"), ("markdown", "too \\| large"), ("csv", "m/int8_static/onnxruntime/local")],
)
def test_report_renders_from_the_file_alone(run_file, capsys, form, expected):
    assert cli.main(["report", str(run_file.parent), "--format", form]) == 0
    assert expected in capsys.readouterr().out


def test_report_writes_the_same_results_again(run_file, tmp_path):
    assert cli.main(["report", str(run_file), "--out", str(tmp_path / "again")]) == 0
    again = {path.name for path in (tmp_path / "again").iterdir()}
    assert again == {"results.json", "results.csv", "report.md"}
    assert (tmp_path / "again" / "results.json").read_bytes() == run_file.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no results at"),
        ("{", "can't be read"),
        ("[]", "no schema number"),
        (json.dumps({"schema": 99}), "upgrade"),
        (json.dumps({"schema": 1, "run": {}}), "does not follow schema 1"),
    ],
)
def test_report_says_what_is_wrong_with_a_file(tmp_path, capsys, content, said):
    path = tmp_path / "results.json"
    if content is not None:
        path.write_text(content)
    assert cli.main(["report", str(path)]) == 2
    assert said in capsys.readouterr().err


def test_report_into_a_file_instead_of_a_folder(run_file, tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert cli.main(["report", str(run_file), "--out", str(tmp_path / "taken" / "below")]) == 2
    assert "can't write" in capsys.readouterr().err
