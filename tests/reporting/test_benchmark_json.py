"""Latencies in pytest-benchmark's file format: what its own command reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.core.result import LatencyRounds
from harness.core.run_record import RunRecord
from harness.core.timing import Rounds
from harness.reporting.benchmark_json import to_benchmark_json
from harness.reporting.document import Document
from tests.core.records import cell, result, run_record

EPOCHS_NS = ((8000.0, 10000.0), (8100.0, 10000.0), (8200.0, 10000.0), (12000.0, 10000.0))


def timed_run(*pairs: Rounds) -> RunRecord:
    timed = result(
        of=cell(runtime="onnxruntime:cpu"), latency_rounds=LatencyRounds(pairs=pairs, iterations_per_epoch=8)
    )
    return run_record(timed, result(of=cell("fp16")))


def benchmarks_of(record: RunRecord) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(to_benchmark_json(Document.of(record)))["benchmarks"]
    return found


def test_each_timed_cell_is_a_benchmark_of_its_epochs() -> None:
    (one,) = benchmarks_of(timed_run(EPOCHS_NS[:2], EPOCHS_NS[2:]))

    assert one["name"] == "digits_cnn/int8_static/onnxruntime:cpu/local"
    assert one["group"] == "digits_cnn/onnxruntime"
    assert one["params"] == {
        "model": "digits_cnn",
        "recipe": "int8_static",
        "runtime": "onnxruntime:cpu",
        "target": "local",
    }
    stats = one["stats"]
    assert stats["data"] == pytest.approx([8e-6, 8.1e-6, 8.2e-6, 12e-6])
    assert (stats["rounds"], stats["iterations"]) == (4, 1)
    assert stats["median"] == pytest.approx(8.15e-6)
    assert (stats["min"], stats["max"]) == pytest.approx((8e-6, 12e-6))
    assert stats["mean"] == pytest.approx(9.075e-6)
    assert stats["ops"] == pytest.approx(1 / 9.075e-6)


def test_one_epoch_has_no_spread() -> None:
    (one,) = benchmarks_of(timed_run(EPOCHS_NS[:1]))

    assert (one["stats"]["stddev"], one["stats"]["iqr"], one["stats"]["outliers"]) == (0, 0, "0;0")


def test_a_run_without_times_is_a_file_without_benchmarks() -> None:
    assert benchmarks_of(run_record(result())) == []


def test_pytest_benchmark_compares_two_such_files(tmp_path: Path) -> None:
    pytest.importorskip("pytest_benchmark", reason="the extra 'benchmark' is not installed")
    for name, factor in (("before", 1.0), ("after", 1.5)):
        epochs = tuple((factor * ours, theirs) for ours, theirs in EPOCHS_NS)
        (tmp_path / f"{name}.json").write_text(to_benchmark_json(Document.of(timed_run(epochs))), encoding="utf-8")

    command = [sys.executable, "-m", "pytest_benchmark", "compare", "before.json", "after.json"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    rows = [
        line for line in ended.stdout.splitlines() if line.startswith("digits_cnn/int8_static/onnxruntime:cpu/local")
    ]
    assert len(rows) == 2
    assert "8.0000" in rows[0] and "(1.5" in rows[1]
