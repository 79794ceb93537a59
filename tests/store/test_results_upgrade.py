"""A file of an older schema reads as what it was; a broken one is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.core.artifact import StepRecord
from harness.errors import ResultsError
from harness.store.provenance import provenance_from_plain, provenance_to_plain
from harness.store.results import read_results, to_document
from harness.store.results_upgrade import SCHEMA, upgraded

OLD = Path(__file__).parent / "data" / "results_schema_1.json"
"""Four cells of a run of the default suites, written by schema 1 and shortened to two rounds."""
QAT = "digits_cnn/int8_qat/onnxruntime/local"


def old() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OLD.read_text(encoding="utf-8"))
    return document


def test_an_old_run_is_read_whole() -> None:
    record = read_results(OLD)
    before = old()

    assert [one.cell.id for one in record.cells] == [cell["id"] for cell in before["cells"]]
    assert [one.reason for one in record.findings] == [finding["reason"] for finding in before["findings"]]
    assert record.run.hardware.keys() == {"local"}
    assert record.run.hardware["local"].cpu == before["run"]["hardware"]["cpu"]
    assert record.run.noise == {}
    for result, cell in zip(record.cells, before["cells"], strict=True):
        assert {name: one.value for name, one in result.measurements.items()} == {
            row["name"]: row["value"] for row in cell["measurements"]
        }


def test_what_stood_in_details_has_its_own_field() -> None:
    record = read_results(OLD)
    (qat,) = [one for one in record.cells if one.cell.id == QAT]
    before = next(cell for cell in old()["cells"] if cell["id"] == QAT)["details"]

    assert qat.placement is not None
    assert (qat.placement.provider, qat.placement.operators) == ("cpu", before["placement"]["operators"])
    assert qat.latency_rounds is not None
    assert qat.latency_rounds.epochs_ns == [ours for pair in before["latency_rounds_ns"] for ours, _ in pair]
    assert qat.latency_rounds.iterations_per_epoch == before["latency_iterations_per_epoch"]
    assert qat.latency_rounds.against_baseline == ()
    assert (qat.control, qat.evaluation_batch, qat.details) == ("int8_static", 1, before["engine"])
    assert qat.artifact is not None
    assert qat.artifact.provenance.steps == (StepRecord(name="int8_qat", seconds=0.778, epochs=17),)


def test_a_cell_that_was_not_measured_stays_one() -> None:
    (result,) = [one for one in read_results(OLD).cells if one.status == "unsupported"]
    assert (result.artifact, result.placement, result.latency_rounds, result.control) == (None, None, None, "")


def test_what_was_read_is_written_as_the_current_schema_and_reads_the_same(tmp_path: Path) -> None:
    record = read_results(OLD)
    (tmp_path / "results.json").write_text(json.dumps(to_document(record)), encoding="utf-8")
    assert read_results(tmp_path) == record


@pytest.mark.parametrize(
    ("calibration", "noise"), [("", {}), ("98 % were right", {"local": "98 % were right"})], ids=["none", "some"]
)
def test_words_on_the_noise_are_of_every_target(calibration: str, noise: dict[str, str]) -> None:
    document = old()
    document["run"]["calibration"] = calibration
    assert upgraded(document)["run"]["noise"] == noise


def test_every_target_of_an_old_run_had_its_one_hardware() -> None:
    document = old()
    document["cells"][0]["target"] = "board"
    hardware = upgraded(document)["run"]["hardware"]
    assert hardware == {"board": document["run"]["hardware"], "local": document["run"]["hardware"]}


def test_a_stage_is_a_phase() -> None:
    document = old()
    document["findings"][0]["stage"] = "lint"
    findings = upgraded(document)["findings"]
    assert [one["phase"] for one in findings] == ["lint"] + [""] * (len(findings) - 1)


def test_the_current_schema_stays_as_it_is() -> None:
    document = {"schema": SCHEMA, "anything": [1]}
    assert upgraded(document) == document


@pytest.mark.parametrize(
    "spoilt",
    [
        {"run": {}},
        {"cells": [{}]},
        {"cells": [5]},
        {"cells": None},
        {"cells": [{"target": "local", "details": 5}]},
        {"cells": [{"target": "local", "details": {"placement": {}}}]},
        {"cells": [{"target": "local", "artifact": {"provenance": {"steps": 5}}}]},
        {"findings": [5]},
        {"findings": None},
    ],
    ids=str,
)
def test_a_broken_old_file_is_refused_with_its_own_schema(tmp_path: Path, spoilt: dict[str, Any]) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**old(), **spoilt}), encoding="utf-8")
    with pytest.raises(ResultsError, match=re.escape(f"{path} does not follow schema 1: ")):
        read_results(path)


def test_names_that_an_older_provenance_had_for_itself_are_kept_as_details() -> None:
    provenance = provenance_from_plain({"model": "m", "layers": {"counts": {"conv": 3}}, "details": {"kept": 1}})
    assert (provenance.model, provenance.details) == ("m", {"kept": 1, "layers": {"counts": {"conv": 3}}})
    assert provenance_from_plain(provenance_to_plain(provenance)) == provenance
