"""Latency in pytest-benchmark's table and files: the worker's own times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

CELLS = ("linear/fp16/fakert/local", "linear/fp32/fakert/local")


@pytest.fixture
def timed(project: Project) -> Project:
    """A project with timed items and one that is not; warnings are errors."""
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    text = suite(metrics=["latency_ratio", "latency", "size"], recipes=["fp32", "fp16"], more="baseline=False")
    project.write("test_s.py", text)
    return project


def test_its_table_and_its_json_hold_the_times_of_the_worker(timed: Project) -> None:
    result = timed.run("--benchmark-json=bench.json", "-k", "latency_ratio or size")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*benchmark 'linear/fakert': 2 tests*", "*linear/fp32/fakert/local*"])
    stored = json.loads((timed.folder / "bench.json").read_text(encoding="utf-8"))
    benchmarks = {entry["extra_info"]["cell"]: entry for entry in stored["benchmarks"]}
    cells = {cell["id"]: cell for cell in timed.results()["cells"]}
    assert sorted(benchmarks) == sorted(cells) == list(CELLS)
    for cell, entry in benchmarks.items():
        rounds = [sides[0] for pair in cells[cell]["latency_rounds"]["pairs"] for sides in pair]
        figures = {row["name"]: row["value"] for row in cells[cell]["measurements"]}
        assert entry["stats"]["rounds"] == len(rounds)
        assert [seconds * 1e9 for seconds in entry["stats"]["data"]] == pytest.approx(rounds, rel=1e-4)
        assert entry["stats"]["median"] * 1e9 == pytest.approx(figures["latency_p50_ns_per_inference"], rel=1e-4)
        assert entry["group"] == "linear/fakert"


def outcomes(project: Project, *arguments: str) -> dict[str, str]:
    """The first letter of each metric's word."""
    result = project.run("-v", "-k", "fp16 and not latency_ratio", *arguments)
    assert result.ret == 0
    lines = [line for line in result.outlines if line.startswith("test_s.py::test_") and line.endswith("%]")]
    return {line.partition("::test_")[2].partition("[")[0]: line.partition("] ")[2].split()[0] for line in lines}


def test_its_options_choose_the_timed_items(timed: Project) -> None:
    assert outcomes(timed, "--benchmark-only") == {"latency": "REPORTED", "size": "SKIPPED"}
    assert outcomes(timed, "--benchmark-skip") == {"latency": "SKIPPED", "size": "REPORTED"}


def test_disabled_it_shows_nothing_and_the_item_is_judged_all_the_same(timed: Project) -> None:
    assert outcomes(timed, "--benchmark-disable", "--benchmark-json=bench.json") == {
        "latency": "REPORTED",
        "size": "REPORTED",
    }
    # With nothing to write, some versions leave no file at all.
    written = timed.folder / "bench.json"
    held = written.read_text(encoding="utf-8") if written.exists() else ""
    assert not held or json.loads(held)["benchmarks"] == []
    assert timed.verdicts()[CELLS[0], "latency", "budget"] == "reported"


def test_cells_that_were_not_timed_are_no_unused_benchmarks(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    broken = (
        'runtimes.add(FakeRuntime("refusing", refuses=["int8_static"]))',
        'runtimes.add(FakeRuntime("unloadable", only=["int8_static"], load="SIGKILL"))',
    )
    project.write("conftest.py", conftest(*broken))
    text = suite(
        metrics=["latency"], recipes=["int8_static"], runtimes=["refusing", "unloadable"], more="baseline=False"
    )
    project.write("test_s.py", text)
    result = project.run()
    result.assert_outcomes(skipped=1, failed=1)
    assert "not used" not in result.stdout.str() + result.stderr.str()


def test_a_latency_that_is_checked_twice_is_shown_once(timed: Project) -> None:
    path = Path(timed.folder / "test_s.py")
    path.write_text(path.read_text("utf-8").replace("case.check()", "case.check()\n    case.check()"), "utf-8")
    assert outcomes(timed) == {"latency": "REPORTED", "size": "REPORTED"}


def test_a_failed_latency_is_shown_too(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["latency"], recipes=["fp16"], budgets=[("*", {"latency": "1 ns"})]))
    result = project.run("--harness-baseline-lenient")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*latency over budget: fp16 on fakert takes * limit 1 ns", "*benchmark 'linear/fakert'*"]
    )
