"""Latencies for pytest-benchmark: a file when asked for, and nothing of ours in its own table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.project import suite

from tests.plugin.conftest import Project

CELLS = ("linear/fp16/fakert/local", "linear/fp32/fakert/local")
NOT_WRITTEN = "--benchmark-json holds no cells of edge-harness: --harness-benchmark-json FILE writes their latencies"


@pytest.fixture
def timed(project: Project) -> Project:
    """A project with timed items and one that is not; warnings are errors."""
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    text = suite(metrics=["latency_ratio", "size"], recipes=["fp32", "fp16"], more="baseline=False")
    project.write("test_s.py", text)
    return project


def test_the_file_holds_the_times_of_the_worker_and_pytest_benchmark_reads_it(timed: Project, tmp_path: Path) -> None:
    result = timed.run("--harness-benchmark-json=out/bench.json")
    assert result.ret == 0
    path = timed.folder / "out/bench.json"
    result.stdout.fnmatch_lines([f"latencies for pytest-benchmark: {path}"])
    assert "benchmark 'linear" not in result.stdout.str(), "no table that nobody asked for"
    benchmarks = {entry["extra_info"]["cell"]: entry for entry in json.loads(path.read_text("utf-8"))["benchmarks"]}
    cells = {cell["id"]: cell for cell in timed.results()["cells"]}
    assert sorted(benchmarks) == sorted(cells) == list(CELLS)
    for cell, entry in benchmarks.items():
        rounds = [sides[0] for pair in cells[cell]["latency_rounds"]["pairs"] for sides in pair]
        figures = {row["name"]: row["value"] for row in cells[cell]["measurements"]}
        assert [seconds * 1e9 for seconds in entry["stats"]["data"]] == pytest.approx(rounds)
        assert entry["stats"]["median"] * 1e9 == pytest.approx(figures["latency_p50_ns_per_inference"])

    compare = [sys.executable, "-m", "pytest_benchmark", "compare", str(path)]
    read = subprocess.run(compare, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert read.returncode == 0, read.stderr
    assert "linear/fp32/fakert/local" in read.stdout


def test_a_file_that_cannot_be_written_fails_the_run(timed: Project) -> None:
    timed.write("out", "a file, not a folder")
    result = timed.run("--harness-benchmark-json=out/bench.json", "-k", "size")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["ERROR: latencies can't be written to *bench.json*"])


@pytest.mark.parametrize(
    "arguments", [pytest.param([], id="alone"), pytest.param(["-n", "1"], id="xdist", marks=pytest.mark.nightly)]
)
def test_its_own_option_is_told_what_it_does_not_hold(timed: Project, arguments: list[str]) -> None:
    if arguments:
        pytest.importorskip("xdist")
    timed.write("pytest.ini", "[pytest]\n")  # pytest-benchmark warns that it has nothing to save
    result = timed.run_apart("--benchmark-json=bench.json", "-k", "latency_ratio", *arguments)
    assert result.ret == 0
    assert NOT_WRITTEN in result.outlines
    written = timed.folder / "bench.json"
    assert "UNSERIALIZABLE" not in (written.read_text("utf-8") if written.exists() else "")


def test_nothing_is_said_where_nothing_is_timed(timed: Project) -> None:
    timed.write("pytest.ini", "[pytest]\n")
    result = timed.run_apart("--benchmark-json=bench.json", "-k", "size")
    assert result.ret == 0
    assert NOT_WRITTEN not in result.outlines
