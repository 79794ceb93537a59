"""What the plugin must not do: import engines, slow listing down, or be heard in projects that don't use it."""

from __future__ import annotations

import json
import sys

import pytest
from fakes.project import suite

from tests.plugin.conftest import Project

NOT_OURS = """
import pytest


@pytest.fixture
def case():
    return 7


def test_own_fixture(case):
    assert case == 7


@pytest.mark.parametrize("case", [1, 2])
def test_own_parameter(case):
    assert case


def test_failing():
    assert 1 + 1 == 3
"""
ENGINES = {
    "torch",
    "torchvision",
    "torchao",
    "onnx",
    "onnxruntime",
    "ai_edge_litert",
    "ai_edge_quantizer",
    "litert_torch",
    "tensorflow",
    "scipy",
    "pandas",
    "sklearn",
}
TELL = """
import atexit, json, pathlib, sys

atexit.register(lambda: pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules))))
"""


def test_listing_a_suite_of_shipped_engines_imports_none(project: Project) -> None:
    project.write("conftest.py", TELL)
    text = suite(
        metrics=["accuracy_drop", "size_ratio", "latency_ratio", "memory"],
        models=["digits_cnn", "digits_keras_cnn"],
        recipes=["fp32", "fp16", "int8_dynamic", "int8_static"],
        runtimes=["torch", "onnxruntime", "litert"],
    )
    project.write("test_s.py", text)
    result = project.run_apart("--collect-only", "-q", "-p", "no:xdist", junit=False)
    result.stdout.fnmatch_lines(["96 tests collected*"])
    modules = {name.partition(".")[0] for name in json.loads((project.folder / "modules.json").read_text("utf-8"))}
    assert "harness" in modules
    assert modules & ENGINES == set()


def test_importing_harness_imports_no_engine(project: Project) -> None:
    code = (
        f"import sys, harness; print(sorted({ENGINES | {'pytest'}!r} & {{m.partition('.')[0] for m in sys.modules}}))"
    )
    result = project._pytester.run(sys.executable, "-c", code)
    assert result.outlines == ["[]"]


def test_a_project_that_does_not_use_it_sees_nothing_of_it(project: Project) -> None:
    for name in ("conftest.py", "test_s.py"):
        project.write(name, "" if name == "conftest.py" else NOT_OURS)
    seen = {}
    for name, arguments in {"with": [], "without": ["-p", "no:edge-harness"]}.items():
        result = project.run("-v", "-p", "no:cacheprovider", *arguments, junit=False)
        kept = [
            line
            for line in result.outlines
            if not line.startswith(("plugins:", "platform", "======")) and "passed in" not in line
        ]
        seen[name] = (result.ret, kept, result.errlines)
    assert seen["with"] == seen["without"]
    assert seen["with"][0] == pytest.ExitCode.TESTS_FAILED
    left = {path.name for path in project.folder.iterdir()} - {"__pycache__", ".benchmarks"}
    assert left == {"conftest.py", "test_s.py"}


@pytest.mark.parametrize("text", ["", "def test_it():\n    pass\n"], ids=["empty", "passing"])
def test_exit_codes_of_other_projects_are_pytests(project: Project, text: str) -> None:
    project.write("conftest.py", "")
    project.write("test_s.py", text)
    assert project.run(junit=False).ret == (pytest.ExitCode.OK if text else pytest.ExitCode.NO_TESTS_COLLECTED)


def test_it_works_without_pytest_benchmark_and_without_a_terminal(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["latency_ratio"], recipes=["fp16"]))
    assert project.run("-p", "no:benchmark", "-p", "no:terminal", "-p", "no:cacheprovider").ret == 0
    assert set(project.verdicts().values()) == {"reported"}


def test_warnings_of_ours_would_be_errors(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    project.write("test_s.py", suite(metrics=["accuracy_drop", "size_ratio", "latency_ratio"]))
    result = project.run()
    assert result.ret == 0
    assert "warning" not in result.outlines[-1]
