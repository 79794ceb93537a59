"""The files of a run: where, when, and what stands in them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

BROKEN = """
runtimes.add(FakeRuntime("refusing", refuses=["int8_static"]))
runtimes.add(FakeRuntime("to_nan", only=["int8_static"], nan=True))
"""
FILES = ["report.md", "results.csv", "results.json"]


def refuse_constant(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def everything(value: Any) -> list[Any]:
    """*value* and all that stands in it."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(below for one in inner for below in everything(one))]


def test_a_run_leaves_its_folder_and_latest(project: Project) -> None:
    project.write("conftest.py", conftest(BROKEN))
    limits = [("*", {"accuracy_drop": "2 pp", "size": "5 kB"})]
    metrics = ["accuracy_drop", "size"]
    project.write("test_s.py", suite(metrics=metrics, budgets=limits, runtimes=["fakert", "refusing", "to_nan"]))
    result = project.run("--harness-threads=2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    own, latest = sorted((project.folder / "reports").iterdir())
    assert latest.name == "latest"
    result.stdout.fnmatch_lines([f"reports: {own} and {latest}"])
    for folder in (own, latest):
        assert sorted(path.name for path in folder.iterdir()) == FILES
    for name in FILES:
        assert (own / name).read_bytes() == (latest / name).read_bytes()

    text = (latest / "results.json").read_text(encoding="utf-8")
    document = json.loads(text, parse_constant=refuse_constant)
    assert list(document) == ["schema", "run", "cells", "findings"]
    assert document["schema"] == 2
    assert {type(value) for value in everything(document)} <= {str, int, float, bool, list, dict, type(None)}

    run = document["run"]
    assert run["id"] == own.name
    assert run["exit_status"] == 1
    assert run["threads"] == 2
    assert run["command"] == ["--junitxml=junit.xml", "--harness-threads=2", *run["command"][2:]]
    assert run["hardware"]["local"]["machine"]
    assert {"numpy", "pytest", "edge-harness"} <= run["versions"].keys()

    cells = {cell["id"]: cell for cell in document["cells"]}
    assert len(cells) == 6
    measured = cells["linear/int8_static/fakert/local"]
    assert (measured["model"], measured["recipe"], measured["runtime"], measured["target"]) == (
        "linear",
        "int8_static",
        "fakert",
        "local",
    )
    assert measured["status"] == "measured"
    figures = {row["name"]: row for row in measured["measurements"]}
    assert figures["size_bytes"]["value"] == measured["artifact"]["size_bytes"] == 3662
    assert figures["accuracy_fraction"]["n"] == 1000
    assert figures["accuracy_fraction"]["unit"] == "fraction"
    assert figures["accuracy_fraction"]["interval"][0] < 0.963 < figures["accuracy_fraction"]["interval"][1]
    assert len(measured["artifact"]["sha256"]) == 64
    assert measured["environment"]["runtime_versions"]
    assert cells["linear/int8_static/refusing/local"]["status"] == "unsupported"
    assert cells["linear/int8_static/to_nan/local"]["status"] == "error(measure)"
    assert "NaN" in cells["linear/int8_static/to_nan/local"]["reason"]

    assert {(f["cell"], f["metric"]) for f in document["findings"]} == {(c, m) for c in cells for m in metrics}
    over = next(f for f in document["findings"] if f["verdict"] == "over_budget")
    assert over["value"] > over["limit"] == 5000
    assert all(f["reason"] for f in document["findings"])

    rows = list(csv.DictReader(io.StringIO((latest / "results.csv").read_text(encoding="utf-8"))))
    assert [row["id"] for row in rows] == list(cells)
    assert rows[1]["size_bytes"] == "3662" or float(rows[1]["size_bytes"]) == 3662
    report = (latest / "report.md").read_text(encoding="utf-8")
    for heading in ("# Edge Harness report", "## Errors", "## Over budget", "## Unsupported", "## No baseline"):
        assert heading in report


def test_a_second_run_keeps_the_first_ones_folder_and_renews_latest(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"], recipes=["fp32"]))
    project.run()
    first = project.results()["run"]["id"]
    project.run("--harness-no-reports")
    assert project.results()["run"]["id"] == first
    project.run()
    second = project.results()["run"]["id"]
    assert second != first
    assert {path.name for path in (project.folder / "reports").iterdir()} == {first, second, "latest"}


def test_no_reports_are_written_where_none_are_wanted(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"], recipes=["fp32"]))
    result = project.run("--harness-no-reports")
    assert result.ret == 0
    assert not (project.folder / "reports").exists()
    result.stdout.fnmatch_lines(
        ["*edge-harness*", "cell * size *verdict", "linear/fp32/fakert * 10.79 kB *reported; no baseline"]
    )


def test_another_folder_is_taken_from_where_pytest_was_started(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pytest.ini", "[pytest]\n")
    project.write("sub/test_s.py", suite(metrics=["size"], recipes=["fp32"]))
    monkeypatch.chdir(project.folder / "sub")
    assert project.run("--harness-reports=out").ret == 0
    assert (project.folder / "sub/out/latest/results.json").is_file()
    assert not (project.folder / "reports").exists()


@pytest.mark.parametrize("place", ["reports", "above"])
def test_an_unwritable_folder_is_refused_before_anything_is_measured(project: Project, place: str) -> None:
    project.write("test_s.py", suite(metrics=["size"], recipes=["fp32"]))
    project.write(place, "a file, not a folder")
    arguments = [] if place == "reports" else ["--harness-reports=above/below"]
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "\n".join(result.errlines)
    assert "reports can't be written to" in told
    assert "--harness-no-reports" in told
    assert "edge-harness: reference" not in result.stdout.str()
    assert project.run(*arguments, "--harness-no-reports").ret == 0


def test_a_folder_that_becomes_unwritable_fails_the_run(project: Project) -> None:
    spoil = "\n    import pathlib\n    pathlib.Path('reports').rmdir()\n    pathlib.Path('reports').touch()"
    text = suite(metrics=["size"], recipes=["fp32"]).replace("case.check()", "case.check()" + spoil)
    project.write("test_s.py", text)
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["ERROR: reports can't be written to *"])


def test_listing_writes_nothing(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"]))
    assert project.run("--collect-only", junit=False).ret == 0
    assert not (project.folder / "reports").exists()


def test_the_scratch_folder_is_removed(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    project.write("test_s.py", suite(recipes=["fp32"]))
    assert project.run().ret == 0
    assert not list(scratch.glob("edge-harness-run-*"))


def test_the_run_names_the_commit(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"], recipes=["fp32"]))
    project.run()
    run = project.results()["run"]
    assert (run["commit"], run["dirty"]) == ("", False)  # a folder outside git
    assert "no commit" in (project.folder / "reports/latest/report.md").read_text(encoding="utf-8")
