"""Several processes: the same findings, one table, and nothing lost without a word."""

from __future__ import annotations

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

pytestmark = pytest.mark.slow

pytest.importorskip("xdist", reason="pytest-xdist is an extra of the tests")

BROKEN = 'runtimes.add(FakeRuntime("torn", only=["int8_static"], predict="SIGSEGV"))'
LIMITS = {"accuracy_drop": "2 pp", "size_ratio": "1.5 x", "size": "5 kB", "latency_ratio": "99 x"}


def test_two_processes_find_what_one_finds(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    project.write("conftest.py", conftest(BROKEN))
    text = suite(
        metrics=list(LIMITS),
        budgets=[("*", LIMITS)],
        recipes=["fp32", "fp16", "int8_static"],
        runtimes=["torn"],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    project.run().assert_outcomes(failed=4, passed=6)
    alone, cells = project.verdicts(), project.results()["cells"]
    assert len(alone) == 12

    result = project.run("-n", "2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts() == alone
    result.stdout.fnmatch_lines(["*= edge-harness =*", "linear*int8_static*torn*error(run)", "reports: *"])
    assert "never ran" not in result.stdout.str()
    assert "Benchmarks are automatically disabled" not in result.stdout.str() + result.stderr.str()
    together = {cell["id"]: cell for cell in project.results()["cells"]}
    for cell in cells:
        figures = {row["name"] for row in cell["measurements"]}
        assert figures == {row["name"] for row in together[cell["id"]]["measurements"]}
    junit = project.junit()["test_size[linear/fp32/torn/local]"]
    assert {one.get("value") for one in junit.iter("property")} >= {"over_budget", "linear/fp32/torn/local"}


def test_baselines_are_written_by_the_controlling_process(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["accuracy_drop", "size"], recipes=["fp16"]))
    assert project.run("-n", "1", "--harness-update").ret == 0
    assert project.baseline().is_file()
    assert project.run().ret == 0
    assert set(project.verdicts("baseline").values()) == {"pass"}


def test_a_process_that_dies_loses_nothing_without_a_word(project: Project) -> None:
    text = suite(metrics=["size"], recipes=["fp32", "fp16", "int8_static", "int8_dynamic"], more="baseline=False")
    deadly = "if case.cell.recipe == 'fp16':\n        import os, signal\n        os.kill(os.getpid(), signal.SIGKILL)\n    case.check()"
    project.write("test_s.py", text.replace("case.check()", deadly))
    result = project.run("-n", "1", "--max-worker-restart=0")
    assert result.ret != 0
    told = result.stdout.str()
    assert "crashed while running 'test_s.py::test_size[linear/fp16/fakert/local]'" in told
    assert "2 planned items never ran, the first is test_s.py::test_size[linear/int8" in told
    assert project.verdicts() == {("linear/fp32/fakert/local", "size", "budget"): "reported"}


def test_a_process_that_dies_first_is_told_although_nothing_was_found(project: Project) -> None:
    text = suite(metrics=["size"], more="baseline=False")
    project.write("test_s.py", text.replace("case.check()", "import os\n    os._exit(1)"))
    result = project.run("-n", "1", "--max-worker-restart=0")
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        ["*= edge-harness =*", "1 planned items never ran, the first is test_s.py::*int8_static*"]
    )


def test_an_unwritable_report_folder_is_refused_before_anything_is_measured(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"]))
    project.write("reports", "a file, not a folder")
    result = project.run("-n", "1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "reports can't be written to" in "\n".join(result.errlines)
    assert "test_size" not in result.stdout.str()
