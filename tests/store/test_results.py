"""``results.json``: what is written is read again; anything else is refused."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.context import Context
from harness.core.finding import BASELINE, Verdict
from harness.core.result import NOT_RUN, CellResult, ClassFlips, LatencyRounds, Placement
from harness.core.run_record import RunRecord
from harness.core.timing import Files
from harness.errors import ResultsError
from harness.store.results import (
    cell_from_plain,
    cell_to_plain,
    finding_from_plain,
    merged,
    read_results,
    to_document,
    write_results,
)
from harness.store.results_upgrade import SCHEMA
from tests.core.records import cell, environment, finding, hardware, measurement, result, run_record, samples, start

FULL = result(
    measurement("size_bytes", 1000, "bytes"),
    measurement("accuracy_fraction", 0.0, "fraction", 9, (0.0, 0.33)),
    measurement("load_ns", 3.0, "ns", 2, condition="files cold"),
    samples=samples([False] * 9),
    classes=(ClassFlips(label="0", n=9, negative=1, positive=0),),
    latency_context=Context(seconds=1.5, steal_share=0.01, involuntary_switches=3),
    placement=Placement(provider="cpu", operators={"cpu": {"Conv": 3}, "other": {}}),
    evaluation_batch=1,
    latency_rounds=LatencyRounds(
        pairs=(((1.0, 2.0), (1.5, 2.5)), ((1.0, 2.0),)),
        iterations_per_epoch=8,
        against_baseline=(((1.0, 1.0),),),
        starts=((start(3.0), start(4.0, Files.CACHED, "the system keeps them")), (start(3.0), start(4.0))),
        starts_against_baseline=((start(3.0, Files.UNKNOWN), start(4.0)),),
    ),
    control="student",
    calibration_draws={"int8_static_n100_seed1": 0.5},
    details={"threads": 2},
)
EMPTY = CellResult(cell=cell("fp16"), status="unavailable", reason="not installed: x | y\n<b>größer</b>")
RECORD = run_record(
    FULL,
    EMPTY,
    CellResult(cell=cell("fp32", runtime="ort:cuda,threads=2")),
    findings=(
        finding(Verdict.PASS, value=0.0, limit=0.0, interval=(0.0, 1.0), n=9, unit="bytes"),
        finding(Verdict.REGRESSED, "accuracy", BASELINE, baseline=0.1, notes=("changed", "improved"), phase="measure"),
    ),
    hardware={"local": hardware(quota_cores=1.5, accelerator="Some GPU"), "board": hardware(machine="aarch64")},
    noise={"local": "verdicts were right in 98 % of trials"},
    dirty=True,
    exit_status=None,
)


@pytest.mark.parametrize("place", ["file", "folder"])
def test_round_trip(tmp_path: Path, place: str) -> None:
    path = tmp_path / "results.json"
    write_results(RECORD, path)

    assert read_results(path if place == "file" else tmp_path) == RECORD


def test_the_document_is_plain() -> None:
    document = to_document(RECORD)

    json.dumps(document, allow_nan=False)
    assert document["schema"] == SCHEMA
    first = document["cells"][0]
    assert list(first)[:5] == ["id", "model", "recipe", "runtime", "target"]
    assert first["id"] == cell().id
    assert [row["name"] for row in first["measurements"]] == ["size_bytes", "accuracy_fraction", "load_ns"]
    assert [row["condition"] for row in first["measurements"]] == ["", "", "files cold"]
    assert document["findings"][0]["value"] == 0.0, "a figure of 0 is not a missing figure"
    assert document["findings"][0]["verdict"] == "pass"


@pytest.mark.parametrize("one", [FULL, EMPTY], ids=["full", "empty"])
def test_a_cell_survives_the_way_between_processes(one: CellResult) -> None:
    assert cell_from_plain(json.loads(json.dumps(cell_to_plain(one)))) == one


@pytest.mark.parametrize("verdict", Verdict)
def test_a_finding_survives_the_way_between_processes(verdict: Verdict) -> None:
    import msgspec

    one = finding(verdict, interval=(0.5, 1.5), notes=("changed",))

    assert finding_from_plain(json.loads(json.dumps(msgspec.to_builtins(one)))) == one


def spoilt(**changed: Any) -> str:
    return json.dumps({**to_document(RECORD), **changed})


def spoilt_cell(**changed: Any) -> str:
    return spoilt(cells=[{**cell_to_plain(FULL), **changed}])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("", "can't be read as results", id="empty"),
        pytest.param(spoilt()[:-40], "can't be read as results", id="truncated"),
        pytest.param(b"\xff\xfe", "can't be read as results", id="no text"),
        pytest.param("[" * 100_000, "can't be read as results", id="nested without end"),
        pytest.param("[]", "no schema number", id="a list"),
        pytest.param("{}", "no schema number", id="no schema"),
        pytest.param(spoilt(schema="1"), "no schema number", id="schema as text"),
        pytest.param(spoilt(schema=True), "no schema number", id="schema true"),
        pytest.param(spoilt(schema=0), "no schema number", id="schema 0"),
        pytest.param(spoilt(schema=None), "no schema number", id="schema null"),
        pytest.param(
            spoilt(schema=SCHEMA + 1), "has schema 3, this edge-harness reads up to 2: upgrade it", id="newer"
        ),
        pytest.param(json.dumps({"schema": SCHEMA}), "KeyError: 'run'", id="nothing but a schema"),
        pytest.param(spoilt(run={}), "ValidationError", id="run empty"),
        pytest.param(spoilt(run=None), "does not follow schema 2", id="run null"),
        pytest.param(spoilt(cells=None), "does not follow schema 2", id="cells null"),
        pytest.param(spoilt(cells=[5]), "does not follow schema 2", id="a cell a number"),
        pytest.param(spoilt(cells=["cell"]), "does not follow schema 2", id="a cell a text"),
        pytest.param(spoilt(cells=[{}]), "does not follow schema 2", id="a cell empty"),
        pytest.param(spoilt(cells=[[["a", 1]]]), "does not follow schema 2", id="a cell a list"),
        pytest.param(spoilt_cell(measurements=[{}]), "KeyError: 'name'", id="a measurement empty"),
        pytest.param(spoilt_cell(measurements=None), "does not follow schema 2", id="measurements null"),
        pytest.param(spoilt_cell(measurements=[5]), "does not follow schema 2", id="a measurement a number"),
        pytest.param(spoilt_cell(model=5), "does not follow schema 2", id="a model a number"),
        pytest.param(spoilt_cell(samples={"n": "many"}), "does not follow schema 2", id="samples without number"),
        pytest.param(spoilt(findings=[{}]), "does not follow schema 2", id="a finding empty"),
        pytest.param(spoilt(findings=5), "does not follow schema 2", id="findings a number"),
        pytest.param(spoilt_cell(placement={}), "does not follow schema 2", id="a placement empty"),
        pytest.param(spoilt_cell(latency_rounds=[[1]]), "does not follow schema 2", id="rounds a list"),
        pytest.param(
            spoilt_cell(latency_rounds={"pairs": [[[1.0]]], "iterations_per_epoch": 1}),
            "does not follow schema 2",
            id="a round of one side",
        ),
        pytest.param(spoilt(findings=["f"]), "does not follow schema 2", id="a finding a text"),
    ],
)
def test_what_is_no_results_file_is_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)

    with pytest.raises(ResultsError) as caught:
        read_results(path)

    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_verdict_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    document = to_document(RECORD)
    document["findings"][0]["verdict"] = "fine"
    (tmp_path / "results.json").write_text(json.dumps(document))

    with pytest.raises(ResultsError, match="Invalid enum value 'fine'"):
        read_results(tmp_path)


@pytest.mark.parametrize("below", ["", "missing.json", "missing/results.json"])
def test_a_missing_file_says_what_to_give(tmp_path: Path, below: str) -> None:
    with pytest.raises(ResultsError, match=r"Give a folder of reports/ or a results\.json"):
        read_results(tmp_path / below)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_no_number_is_not_written(tmp_path: Path, value: float) -> None:
    record: RunRecord = run_record(result(measurement("size_bytes", value, "bytes")))

    with pytest.raises(ResultsError, match="not a number"):
        write_results(record, tmp_path / "results.json")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("first", "second", "status", "reason"),
    [
        pytest.param(CellResult(cell=cell()), FULL, "measured", "", id="planned, then measured"),
        pytest.param(FULL, CellResult(cell=cell()), "measured", "", id="measured, then planned elsewhere"),
        pytest.param(
            FULL, CellResult(cell=cell(), status="error(run)", reason="died"), "error(run)", "died", id="then it broke"
        ),
        pytest.param(
            CellResult(cell=cell(), status="error(run)", reason="died"), FULL, "error(run)", "died", id="it broke first"
        ),
        pytest.param(CellResult(cell=cell()), CellResult(cell=cell()), NOT_RUN, "", id="never"),
    ],
)
def test_what_two_processes_found_out(first: CellResult, second: CellResult, status: str, reason: str) -> None:
    found = merged(first, second)

    assert (found.status, found.reason) == (status, reason)
    if FULL in (first, second):
        assert found.measurements == FULL.measurements
        assert (found.samples, found.artifact, found.details) == (FULL.samples, FULL.artifact, FULL.details)


def test_later_figures_stand_over_earlier_ones() -> None:
    first = result(
        measurement("a", 1), measurement("b", 1), environment=environment(threads=1), details={"x": 1, "y": 1}
    )
    second = result(measurement("b", 2), environment=environment(threads=2), details={"y": 2}, samples=samples([True]))

    found = merged(first, second)

    assert {name: one.value for name, one in found.measurements.items()} == {"a": 1, "b": 2}
    assert found.environment == environment(threads=2)
    assert found.details == {"x": 1, "y": 2}
    assert found.samples == samples([True])


def test_merging_keeps_every_field_that_either_report_knows() -> None:
    full = result(
        measurement("size_bytes", 1000, "bytes"),
        samples=samples([True, False]),
        classes=(ClassFlips(label="3", n=2, negative=1, positive=0),),
        latency_context=Context(seconds=1.0, steal_share=0.1),
        placement=Placement(provider="cpu"),
        evaluation_batch=1,
        reused={"predictions": 60.0},
        latency_rounds=LatencyRounds(pairs=(), iterations_per_epoch=8),
        control="student",
        calibration_draws={"int8_static_n100_seed1": 0.5},
        details={"threads": 2},
    )
    # The graver status is in the report that knows nothing else.
    broken = CellResult(cell=full.cell, status="error(run)", reason="told")
    for field in fields(CellResult):
        differs = getattr(full, field.name) != getattr(broken, field.name)
        assert differs or field.name == "cell", "a field not filled above"

    for found in (merged(full, broken), merged(broken, full)):
        assert found == replace(full, status="error(run)", reason="told")
