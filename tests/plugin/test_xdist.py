"""Several processes: the same findings, one table, and nothing lost without a word."""

from __future__ import annotations

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

pytest.importorskip("xdist", reason="pytest-xdist is an extra of the tests")
BUDGET = [("*", dict(accuracy_drop="2 pp", size_ratio="2 x", latency_ratio="50 x"))]
METRICS = ("accuracy_drop", "size_ratio", "latency_ratio")


def test_two_processes_find_what_one_finds(project: Project) -> None:
    project.write("test_s.py", suite(metrics=METRICS, budgets=BUDGET, more="baseline=False"))
    assert project.run_apart().ret == 0
    alone = project.verdicts()
    result = project.run_apart("-n", "2")
    assert result.ret == 0
    assert project.verdicts() == alone
    assert len(alone) == 6
    result.stdout.fnmatch_lines(["*= edge-harness =*", "linear*int8_static*fakert*"])
    cells = {cell["id"]: {m["name"] for m in cell["measurements"]} for cell in project.results()["cells"]}
    assert {"accuracy_fraction", "size_ratio", "latency_ratio"} <= cells["linear/int8_static/fakert/local"]


def test_a_failure_in_one_of_them_fails_the_run(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"], budgets=[("*", dict(size="10 B"))], more="baseline=False"))
    result = project.run_apart("-n", "2")
    assert result.ret == 1
    assert set(project.verdicts().values()) == {"over_budget"}


def test_baselines_are_written_by_the_controlling_process(project: Project) -> None:
    project.write("test_s.py", suite(budgets=[("*", dict(accuracy_drop="2 pp"))]))
    assert project.run_apart("-n", "2", "--harness-update").ret == 0
    assert project.baseline().exists()
    assert project.run_apart("-n", "2").ret == 0
    assert set(project.verdicts("baseline").values()) == {"pass"}


def test_a_process_that_dies_loses_no_item_without_a_word(project: Project) -> None:
    project.write("conftest.py", conftest())
    project.write("test_s.py", suite(metrics=["size"], more="baseline=False"))
    project.write("test_deadly.py", "import os\n\ndef test_deadly():\n    os.kill(os.getpid(), 9)\n")
    result = project.run_apart("-n", "2", "--max-worker-restart=0")
    assert result.ret != 0
    text = result.stdout.str()
    assert "crashed while running" in text or "planned items never ran" in text
    received = {finding["cell"] for finding in project.results()["findings"]} if "= edge-harness =" in text else set()
    assert len(received) == 2 or "planned items never ran" in text
