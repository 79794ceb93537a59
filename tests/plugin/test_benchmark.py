"""Latency in pytest-benchmark's table and files: the worker's own times."""

from __future__ import annotations

import json
import statistics

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

NAMES = ("fp32", "int8_static")


@pytest.fixture
def timed(project: Project) -> Project:
    project.write("test_s.py", suite(metrics=["latency_ratio", "size"], more="baseline=False"))
    return project


def test_its_json_holds_the_times_of_the_worker(timed: Project) -> None:
    result = timed.run_apart("--benchmark-json=bench.json", "-W", "error::pytest.PytestWarning")
    assert result.ret == 0
    stored = json.loads((timed.folder / "bench.json").read_text())
    benchmarks = {entry["extra_info"]["cell"]: entry for entry in stored["benchmarks"]}
    cells = {cell["id"]: cell for cell in timed.results()["cells"]}
    assert set(benchmarks) == set(cells) == {f"linear/{name}/fakert/local" for name in NAMES}
    for cell, entry in benchmarks.items():
        rounds = [sides[0] for pair in cells[cell]["details"]["latency_rounds_ns"] for sides in pair]
        assert entry["stats"]["rounds"] == len(rounds)
        assert entry["stats"]["median"] * 1e9 == pytest.approx(statistics.median(rounds), rel=1e-6)
        assert entry["group"] == "linear/fakert"


def test_its_table_shows_them(timed: Project) -> None:
    result = timed.run_apart()
    result.stdout.fnmatch_lines(["*benchmark 'linear/fakert': 2 tests*", "*linear/fp32/fakert/local*"])


def test_only_skip_and_disable_do_what_they_say(timed: Project) -> None:
    only = timed.run_apart("--benchmark-only", "-v")
    only.stdout.fnmatch_lines(["*test_latency_ratio*REPORTED*", "*test_size*SKIPPED*"])
    skipped = timed.run_apart("--benchmark-skip", "-v")
    skipped.stdout.fnmatch_lines(["*test_latency_ratio*SKIPPED*", "*test_size*REPORTED*"])
    disabled = timed.run_apart("--benchmark-disable", "-v")
    disabled.stdout.fnmatch_lines(["*test_latency_ratio*REPORTED*", "*test_size*REPORTED*"])
    assert timed.verdicts()["linear/int8_static/fakert/local", "latency_ratio", "budget"] == "reported"


def test_a_cell_that_was_not_timed_is_no_unused_benchmark(project: Project) -> None:
    project.write("conftest.py", conftest('runtimes.add(FakeRuntime("refusing", refuses=["int8_static"]))'))
    project.write("test_s.py", suite(metrics=["latency_ratio"], runtimes=["refusing"], more="baseline=False"))
    result = project.run_apart("-W", "error::Warning")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*not used*")
    result.assert_outcomes(skipped=1)


def test_it_works_without_the_plugin(timed: Project) -> None:
    assert timed.run_apart("-p", "no:benchmark").ret == 0
    assert len(timed.results()["findings"]) == 4
