"""``harness.suite``: a budget table alone is a test of every cell and metric that it names."""

from __future__ import annotations

from tests.plugin.conftest import Project

SUITE = """import pytest

import harness

test_cells = harness.suite(
    models=["linear"],
    recipes=["fp32", "int8_static"],
    runtimes=["fakert"],
    budgets=[("*", dict(accuracy_drop="5 pp")), ("*/int8*", dict(size="5 kB"))],
    baseline=False,
)
"""
FP32, INT8 = "linear/fp32/fakert/local", "linear/int8_static/fakert/local"


def test_items_are_called_after_metric_and_cell_and_a_cell_stays_together(project: Project) -> None:
    project.write("test_s.py", SUITE)
    result = project.run("--collect-only", "-q", junit=False)
    assert [line for line in result.outlines if "::" in line] == [
        f"test_s.py::test_cells[accuracy_drop-{FP32}]",
        f"test_s.py::test_cells[accuracy_drop-{INT8}]",
        f"test_s.py::test_cells[size-{INT8}]",
    ]


def test_each_metric_of_the_table_is_judged_by_its_limit(project: Project) -> None:
    project.write("test_s.py", SUITE)
    project.run("-v").assert_outcomes(passed=3)
    assert project.verdicts() == {
        (FP32, "accuracy_drop", "budget"): "pass",
        (INT8, "accuracy_drop", "budget"): "pass",
        (INT8, "size", "budget"): "pass",
    }


def test_a_limit_of_the_table_that_is_broken_fails_its_item_alone(project: Project) -> None:
    project.write("test_s.py", SUITE.replace("5 kB", "1 kB"))
    result = project.run("-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([f"*repeat: pytest 'test_s.py::test_cells[[]size-{INT8}]'*"])
    # The place is the user's file, not the one in which the test's body stands.
    assert not [line for line in result.outlines if "harness/suite.py" in line]


def test_m_and_k_choose_by_cell_and_by_metric(project: Project) -> None:
    project.write("test_s.py", SUITE)
    for chosen, count in {("-m", "fp32"): 1, ("-m", "int8_static"): 2, ("-k", "size-linear"): 1}.items():
        result = project.run("--collect-only", "-q", "--strict-markers", *chosen, junit=False)
        assert len([line for line in result.outlines if "::" in line]) == count, chosen


def test_marks_and_a_policy_hold_for_this_suite_alone(project: Project) -> None:
    marked = SUITE.replace("baseline=False,", 'policy=dict(no_baseline="fail"), marks=pytest.mark.nightly,')
    project.write("test_s.py", marked + SUITE.replace("test_cells", "test_more").replace("baseline=False,", ""))
    default = project.run(".", "--harness-baseline-lenient")
    assert default.ret == 0
    default.stdout.fnmatch_lines(["edge-harness: 3 cases marked nightly left out*"])
    project.run("-m", "nightly", "--harness-baseline-lenient").assert_outcomes(failed=3)


def test_several_marks_are_a_list(project: Project) -> None:
    marks = "marks=[pytest.mark.nightly, pytest.mark.xfail(run=False)],"
    project.write("test_s.py", SUITE.replace("baseline=False,", marks))
    project.run("-m", "nightly").assert_outcomes(xfailed=3)


def test_a_suite_in_a_class_or_with_a_cell_that_nothing_is_demanded_of_is_told(project: Project) -> None:
    in_class = SUITE.replace("test_cells = harness.suite", "class TestIt:\n    test_cells = harness.suite")
    for text, told in {
        in_class: "test_s.py::test_cells is a harness.suite(...) inside a class. Put it at the top level of the module.",
        SUITE.replace('("*", dict(accuracy_drop="5 pp")), ', ""): f"no budget row names a metric for {FP32}",
        SUITE.replace('"linear"', '"linaer"'): "unknown model 'linaer'; did you mean 'linear'?",
        SUITE.replace("5 kB", "5"): "size='5' has no unit",
    }.items():
        project.write("test_s.py", text)
        result = project.run("--collect-only", junit=False)
        result.assert_outcomes(errors=1)
        assert told in result.stdout.str()


def test_a_gate_on_the_matrix_of_the_module_stands_beside_a_suite(project: Project) -> None:
    gates = """
pytestmark = harness.matrix(models=["linear"], recipes=["fp32"], runtimes=["fakert"], budgets=[("*", dict(memory="1 GB"))])


@harness.gate("memory")
def test_memory(case):
    case.check()
    assert case.cell.recipe == "fp32"
"""
    project.write("test_s.py", SUITE + gates)
    project.run("--harness-baseline-lenient").assert_outcomes(passed=4)
    assert len(project.verdicts("budget")) == 4
