"""Cells marked ``nightly`` or ``gpu``: left out unless asked for, counted, and nobody else's tests with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.project import suite

from harness.pytest_plugin.on_request import asked_marks, is_named, mark_in_the_way
from tests.plugin.conftest import Project

THEIRS = """
import pytest


@pytest.mark.nightly
def test_of_somebody_else():
    assert True
"""


def marked(mark: str) -> str:
    """A suite of one cell whose module carries *mark* beside its matrix."""
    text = suite(metrics=["size"], recipes=["fp32"])
    return f"{text}\nimport pytest\n\npytestmark = [pytestmark, pytest.mark.{mark}]\n"


@pytest.fixture
def suites(project: Project) -> Project:
    """A project with a suite of each kind, and a test that is no cell."""
    project.write("suites/test_default.py", suite(metrics=["size"]))
    project.write("suites/test_night.py", marked("nightly"))
    project.write("suites/test_device.py", marked("gpu"))
    project.write("suites/test_theirs.py", THEIRS)
    return project


def collected(project: Project, *arguments: str) -> set[str]:
    result = project.run("--collect-only", "-q", "--strict-markers", *arguments, junit=False)
    return {Path(line.partition("::")[0]).stem.removeprefix("test_") for line in result.outlines if "::" in line}


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        pytest.param(["suites"], {"default", "theirs"}, id="a folder"),
        pytest.param([], {"default", "theirs"}, id="no argument"),
        pytest.param(["suites", "-m", "nightly"], {"night", "theirs"}, id="nightly by -m"),
        pytest.param(["suites", "-m", "nightly or linear"], {"night", "default", "theirs"}, id="nightly among others"),
        pytest.param(["suites", "-m", "linear"], {"default"}, id="-m of another name"),
        pytest.param(["suites", "--harness-nightly"], {"default", "night", "theirs"}, id="nightly by its option"),
        pytest.param(["suites", "-m", "gpu"], {"device"}, id="gpu"),
        pytest.param(["suites", "-m", "not gpu"], {"default", "theirs"}, id="not gpu: that names no nightly"),
        pytest.param(["suites", "-m", "not nightly and not gpu"], {"default"}, id="neither"),
        pytest.param(["suites/test_night.py"], {"night"}, id="its file"),
        pytest.param(
            ["suites/test_night.py::test_size[linear/fp32/fakert/local]", "suites/test_device.py"],
            {"night", "device"},
            id="one item, and another file",
        ),
    ],
)
def test_what_runs(suites: Project, arguments: list[str], files: set[str]) -> None:
    assert collected(suites, *arguments) == files


def test_what_was_left_out_is_counted_with_the_way_to_run_it(suites: Project) -> None:
    suites.write("suites/test_another_night.py", marked("nightly"))
    result = suites.run("suites", "--harness-baseline-lenient")
    result.stdout.fnmatch_lines(
        [
            "edge-harness: 1 case marked gpu left out; -m gpu runs them",
            "edge-harness: 2 cases marked nightly left out; -m nightly or --harness-nightly runs them",
        ]
    )
    assert {cell["id"] for cell in suites.results()["cells"]} == {
        "linear/fp32/fakert/local",
        "linear/int8_static/fakert/local",
    }


def test_a_run_that_leaves_out_all_is_not_green(project: Project) -> None:
    project.write("suites/test_night.py", marked("nightly"))
    assert project.run("suites").ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.nightly
def test_the_processes_of_xdist_leave_out_the_same(suites: Project) -> None:
    result = suites.run_apart("suites", "-n", "2", "--harness-baseline-lenient")
    assert result.ret == pytest.ExitCode.OK
    assert len(suites.junit()) == 3
    result = suites.run_apart("suites/test_night.py", "-n", "2", "--harness-baseline-lenient")
    assert len(suites.junit()) == 1


@pytest.mark.parametrize(
    ("expression", "nightly", "asked"),
    [
        ("", False, set()),
        ("", True, {"nightly"}),
        ("nightly", False, {"nightly"}),
        ("not nightly", False, {"nightly"}),
        ("(gpu or nightly) and litert", False, {"gpu", "nightly"}),
        ("nightly_build or gpus", False, set()),
    ],
)
def test_asked_marks(expression: str, nightly: bool, asked: set[str]) -> None:
    assert asked_marks(expression, nightly) == asked


@pytest.mark.parametrize(
    ("marks", "asked", "way"),
    [
        ([], set(), ""),
        (["int8_static"], set(), ""),
        (["nightly"], set(), "nightly"),
        (["nightly"], {"nightly"}, ""),
        (["gpu"], {"nightly"}, "gpu"),
        (["gpu", "nightly"], {"gpu"}, "nightly"),
        (["gpu", "nightly"], {"gpu", "nightly"}, ""),
    ],
)
def test_mark_in_the_way(marks: list[str], asked: set[str], way: str) -> None:
    assert mark_in_the_way(marks, frozenset(asked)) == way


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("suites/test_a.py", True),
        ("suites/test_a.py::test_x[a::b]", True),
        ("./suites/../suites/test_a.py", True),
        ("suites", False),
        (".", False),
        ("", False),
        ("suites/test_ab.py", False),
    ],
)
def test_is_named(tmp_path: Path, argument: str, named: bool) -> None:
    assert is_named(tmp_path.resolve() / "suites/test_a.py", [argument], tmp_path) is named
    assert is_named(tmp_path.resolve() / "suites/test_a.py", ["elsewhere", argument], tmp_path) is named
