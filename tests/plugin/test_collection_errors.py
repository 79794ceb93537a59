"""Mistakes in a suite are errors of collection: what was asked, what exists, what to do, and no traceback."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.project import suite

from tests.plugin.conftest import Project

SIZE = [("*", {"size": "1 kB"})]
NOISE = ("Traceback", "harness/pytest_plugin", "INTERNALERROR", "edge-harness: reference")
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"models": ["linaer"]}, "unknown model 'linaer'; did you mean 'linear'?"),
    ({"recipes": ["int8_statik"]}, "unknown recipe step 'int8_statik'; did you mean 'int8_static'"),
    ({"recipes": ["int8_static+fp16"]}, "can't follow 'int8_static'"),
    ({"recipes": ["prune0"]}, "step 'prune0': percent is 0, it must be 1 to 99 (prune{percent})"),
    ({"recipes": ["prune100"]}, "step 'prune100': percent is 100, it must be 1 to 99"),
    ({"recipes": ["svd0"]}, "step 'svd0': percent is 0, it must be 1 to 99"),
    ({"recipes": ["prun50"]}, "unknown recipe step 'prun50'; did you mean 'prune50'"),
    ({"recipes": ["prune50+distill"]}, "'distill' makes a new model and throws away what 'prune50' did; put it first"),
    (
        {"recipes": ["prune50+svd50_finetune"]},
        "'svd50_finetune' trains the weights, which undoes the zeros of 'prune50'",
    ),
    ({"runtimes": ["fakertt"]}, "unknown runtime 'fakertt'; did you mean 'fakert'"),
    ({"runtimes": ["fakert,threads"]}, "runtime name 'fakert,threads' is not of the form"),
    ({"more": "targets=['rpi']"}, "unknown target 'rpi'"),
    ({"models": []}, "models is empty"),
    ({"recipes": []}, "recipes is empty"),
    ({"runtimes": []}, "runtimes is empty"),
    ({"models": ["linear", "linear"]}, "models names a thing twice: ['linear']"),
    ({"more": "required=['litert']"}, "required=['litert'] names no runtime of this matrix"),
    ({"budgets": [("*", {"size": "1"})]}, "size='1' has no unit. Write for example size='1 B'"),
    ({"budgets": [("*", {"size": 1})]}, "size=1: a bare value says no unit"),
    ({"budgets": [("*", {"size": "1 pp"})]}, "'pp' is not a unit of size; it takes B, kB, MB"),
    ({"budgets": [("*", {"size": "-1 kB"})]}, "a limit must be finite and not negative"),
    ({"budgets": [("*", {"sise": "1 kB"})]}, "unknown metric 'sise'; did you mean 'size'"),
    ({"budgets": [*SIZE, ("*/int4/*", {"size": "1 kB"})]}, "budget row '*/int4/*' fits no cell of the matrix"),
    ({"budgets": [("*", {"size": "1 kB", "memory": "1 MB"})]}, "limits memory, but no test gates on it"),
    ({"budgets": [("*", {"size": "1 kB", "latency_change": "1.1 x"})]}, "limits latency_change"),
    ({"budgets": [("*/fp32", {"size": "1 kB"})]}, "no budget row gives size a limit for linear/int8_static/fakert"),
    ({"budgets": []}, "no budget row gives size a limit for linear/fp32/fakert/local. Add one to the table"),
)
"""What a matrix can say, and what is told of it."""


def refused(project: Project, text: str, *arguments: str) -> str:
    """What collecting a suite of *text* says; nothing is measured, nothing is written, nothing is traced."""
    project.write("test_s.py", text)
    result = project.run(*arguments)
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = "\n".join(result.outlines)
    assert not [noise for noise in NOISE if noise in told]
    assert not (project.folder / "reports").exists()
    return told


def test_a_wrong_matrix_is_told(project: Project) -> None:
    # One run for all of them: each is an error of its own, and none hides another.
    for number, (wrong, _) in enumerate(WRONG):
        project.write(f"test_{number:02}.py", suite(**{"metrics": ["size"], "budgets": SIZE, **wrong}))
    result = project.run()
    result.assert_outcomes(errors=len(WRONG))
    parts = result.stdout.str().split("_ ERROR collecting ")
    assert len(parts) == len(WRONG) + 1
    for number, (part, (_, told)) in enumerate(zip(parts[1:], WRONG, strict=True)):
        assert part.startswith(f"test_{number:02}.py")
        assert told in part
        assert not [noise for noise in NOISE if noise in part]


def test_an_unknown_metric_of_a_gate_is_told(project: Project) -> None:
    text = suite(metrics=["size"], budgets=SIZE).replace('gate("size")', 'gate("sizes")').replace("'size')", "'sizes')")
    assert "unknown metric 'sizes'; did you mean 'size'" in refused(project, text)


def test_a_gate_without_a_matrix_is_told(project: Project) -> None:
    text = "import harness\n\n\n@harness.gate('size')\ndef test_it(case):\n    case.check()\n"
    assert "test_s.py::test_it has a gate but no matrix" in refused(project, text)


def test_a_test_that_takes_case_without_a_gate_is_told(project: Project) -> None:
    text = suite(metrics=["size"], budgets=SIZE) + "\n\ndef test_it(case):\n    case.check()\n"
    told = refused(project, text)
    assert "test_s.py::test_it takes 'case' but gates on nothing. Add @harness.gate('accuracy_drop')" in told


def test_a_gate_that_takes_no_case_is_told(project: Project) -> None:
    # It would pass without looking at anything.
    text = suite(metrics=["size"], budgets=SIZE) + "\n\n@harness.gate('accuracy')\ndef test_it():\n    pass\n"
    assert "test_s.py::test_it is a gate but does not take 'case'" in refused(project, text)


def test_a_matrix_without_any_gate_is_told(project: Project) -> None:
    text = suite(metrics=[], budgets=SIZE) + "\n\ndef test_it():\n    pass\n"
    assert "test_s.py has a matrix, but none of its tests is a gate" in refused(project, text)


def test_a_failed_collection_measures_nothing_of_the_good_suites(project: Project) -> None:
    project.write("test_good.py", suite(metrics=["size"], budgets=SIZE))
    refused(project, suite(metrics=["size"], models=["linaer"], budgets=SIZE))


def test_good_suites_run_where_pytest_is_told_to_go_on(project: Project) -> None:
    project.write("test_bad.py", suite(metrics=["size"], models=["linaer"], budgets=SIZE))
    project.write("test_good.py", suite(metrics=["size"], recipes=["fp32"], budgets=[("*", {"size": "99 kB"})]))
    result = project.run("--continue-on-collection-errors", "--harness-baseline-lenient")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts("budget") == {("linear/fp32/fakert/local", "size", "budget"): "pass"}


def test_two_models_of_one_name_are_told_with_both_places(project: Project) -> None:
    project.write(
        "sub/conftest.py",
        "import harness\nfrom fakes.linear import INPUT, trained\n\n\n"
        '@harness.model("linear", dataset="blobs", framework="fake", input=INPUT)\ndef linear():\n    return trained()\n',
    )
    project.write("sub/test_s.py", suite(metrics=["size"], budgets=SIZE))
    result = project.run()
    assert result.ret != 0
    told = "\n".join(result.outlines + result.errlines)
    assert "model 'linear' is registered twice" in told
    assert str(project.folder / "conftest.py") in told
    assert str(project.folder / "sub" / "conftest.py") in told


def test_case_outside_a_gate_is_told(project: Project) -> None:
    project.write("test_s.py", "def test_it(case):\n    case.check()\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*takes 'case' outside a gate: mark it @harness.gate*"])


def test_a_wrong_option_is_told(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"], budgets=SIZE))
    for option, told in {
        "--harness-threads=0": "--harness-threads must be positive, not 0",
        "--harness-timeout=-1": "--harness-timeout must be positive, not -1.0",
        "--harness-build-timeout=0": "--harness-build-timeout must be positive",
        "--harness-jobs=-2": "--harness-jobs must not be negative",
        "--harness-data=gone": "--harness-data gone: no such folder",
    }.items():
        result = project.run(option)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert told in "\n".join(result.errlines)


def test_a_limit_in_a_class_needs_a_gate_of_that_class(project: Project) -> None:
    text = """
import harness


@harness.matrix(models=["linear"], recipes=["fp32"], runtimes=["fakert"], budgets=[("*", dict(size="1 MB"))])
class TestOne:
    @harness.gate("size")
    def test_size(self, case):
        case.check()


@harness.matrix(
    models=["linear"], recipes=["fp16"], runtimes=["fakert"], budgets=[("*", dict(memory="9 MB", size="1 MB"))]
)
class TestOther:
    @harness.gate("memory")
    def test_memory(self, case):
        case.check()
"""
    assert "the budget table limits size, but no test gates on it" in refused(project, text)


@pytest.mark.parametrize(
    ("metric", "limit", "told"),
    [
        ("accuracy_gain", "0 pp", "accuracy_gain: no step of 'fp16' has a control to be compared with"),
        ("calibration_spread", "1 pp", "calibration_spread: 'fp16' draws no calibration samples"),
    ],
)
def test_what_a_recipe_has_nothing_of_can_not_be_demanded(project: Project, metric: str, limit: str, told: str) -> None:
    assert told in refused(project, suite(metrics=[metric], recipes=["fp16"], budgets=[("*", {metric: limit})]))
