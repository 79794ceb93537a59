"""The baseline workflow: missing, written, held to, changed, accepted; and everything that must not be written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

WORSE = """
import numpy as np


def trained():
    from fakes.linear import trained

    model = trained()
    model["weights"] = model["weights"] + {noise} * np.random.default_rng(3).normal(size=(256, 10)).astype("f4")
    return model
"""
MUCH_WORSE, A_LITTLE_WORSE = WORSE.format(noise=0.15), WORSE.format(noise=0.02)
LARGER = "runtimes.add(FakeRuntime(padding_bytes=500))"
CELLS = ("linear/fp32/fakert/local", "linear/int8_static/fakert/local")
LIMITS = [("*", {"accuracy_drop": "2 pp", "size": "20 kB"})]


@pytest.fixture
def suited(project: Project) -> Project:
    """A project with one suite over two cells."""
    project.write("test_s.py", suite(metrics=["accuracy_drop", "size"], budgets=LIMITS))
    return project


def stored(project: Project) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(project.baseline().read_text(encoding="utf-8"))
    return document


def edit(project: Project, **figures: Any) -> None:
    """Change stored figures of the int8 cell by hand, as a reviewer could."""
    document = stored(project)
    for name, value in figures.items():
        document["cells"][CELLS[1]][name]["value"] = value
    project.baseline().write_text(json.dumps(document), encoding="utf-8")


def test_the_five_steps(suited: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    suited.write("test_s.py", suite(metrics=["accuracy_drop", "size"], recipes=["fp32"], budgets=LIMITS))
    missing = suited.run()
    missing.assert_outcomes(failed=2)
    missing.stdout.fnmatch_lines(
        ["*size without baseline: fp32 on fakert has none for size_bytes; record one with --harness-up*"]
    )
    assert not suited.baseline().exists()

    monkeypatch.delenv("CI")
    written = suited.run("--harness-update")
    assert written.ret == 0
    written.stdout.fnmatch_lines(
        [
            "recorded linear/fp32/fakert/local accuracy_fraction: none -> 0.964",
            "recorded linear/fp32/fakert/local size_bytes: none -> 10788",
            f"baselines: {suited.baseline()}: 2 figures recorded",
        ]
    )
    document = stored(suited)
    assert (document["schema"], document["suite"], document["model"]) == (1, "s", "linear")
    assert list(document["cells"]) == [CELLS[0]]
    figure = document["cells"][CELLS[0]]["accuracy_fraction"]
    assert figure["value"] == 0.964
    assert figure["samples"]["n"] == 1000
    assert figure["reason"] == "first figure"

    monkeypatch.setenv("CI", "true")
    present = suited.run()
    assert present.ret == 0
    present.assert_outcomes(passed=2)
    assert set(suited.verdicts("baseline").values()) == {"pass"}

    suited.write("conftest.py", conftest(MUCH_WORSE))
    changed = suited.run("-v")
    changed.assert_outcomes(failed=1, passed=1)
    changed.stdout.fnmatch_lines(
        ["*test_accuracy_drop?linear/fp32/fakert/local? REGRESSED*", "*baseline 96.40 %: drop *"]
    )
    assert suited.verdicts("baseline")[CELLS[0], "accuracy_drop", "baseline"] == "regressed"
    assert stored(suited) == document

    monkeypatch.delenv("CI")
    refused = suited.run("--harness-update")
    assert refused.ret == pytest.ExitCode.TESTS_FAILED
    refused.stdout.fnmatch_lines(
        [
            "refused  linear/fp32/fakert/local accuracy_fraction: 0.964 -> 0.* (worse; give --harness-reason to accept it)"
        ]
    )
    assert {cell: held["accuracy_fraction"]["value"] for cell, held in stored(suited)["cells"].items()} == {
        cell: held["accuracy_fraction"]["value"] for cell, held in document["cells"].items()
    }

    accepted = suited.run("--harness-update", "--harness-reason=the new data set is harder")
    assert accepted.ret == 0
    figure = stored(suited)["cells"][CELLS[0]]["accuracy_fraction"]
    assert figure["value"] < 0.95
    assert figure["reason"] == "the new data set is harder"
    monkeypatch.setenv("CI", "true")
    suited.run().assert_outcomes(passed=2)


def test_an_update_that_changes_nothing_leaves_the_bytes(suited: Project) -> None:
    suited.run("--harness-update", "-k", "fp32")
    before = suited.baseline().read_bytes()
    again = suited.run("--harness-update", "-k", "fp32")
    again.stdout.fnmatch_lines(["baselines: *: 0 figures recorded"])
    assert suited.baseline().read_bytes() == before


def test_a_size_is_held_to_the_byte(suited: Project) -> None:
    suited.run("--harness-update", "-k", "size")
    suited.write("conftest.py", conftest(LARGER))
    grown = suited.run("-k", "size")
    grown.assert_outcomes(failed=2)
    assert "(+7" in grown.stdout.str()  # 500 bytes and their entry in the archive
    suited.write("conftest.py", conftest())
    edit(suited, size_bytes=10_000_000)
    shrunk = suited.run("-k", "size")
    assert shrunk.ret == 0
    notes = [f["notes"] for f in suited.results()["findings"] if f["cell"] == CELLS[1] and f["against"] == "baseline"]
    assert ["improved"] in notes


@pytest.mark.parametrize("option", ["--harness-update", "--harness-update-new-only"])
def test_ci_does_not_update_unless_told(suited: Project, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    monkeypatch.setenv("CI", "true")
    refused = suited.run(option)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "CI is set: update them on your machine and commit them" in "\n".join(refused.errlines)
    assert not suited.baseline().exists()
    assert suited.run(option, "--harness-update-in-ci", "-k", "size").ret == 0
    assert suited.baseline().exists()


def test_an_update_keeps_what_it_did_not_measure(suited: Project) -> None:
    suited.run("--harness-update", "-k", "size")
    document = stored(suited)
    document["cells"]["linear/fp32/other/local"] = document["cells"][CELLS[0]]
    for cell in CELLS:
        document["cells"][cell]["size_bytes"]["value"] = 99_999
    suited.baseline().write_text(json.dumps(document), encoding="utf-8")
    assert suited.run("--harness-update", "-k", "size and int8").ret == 0
    cells = stored(suited)["cells"]
    assert cells["linear/fp32/other/local"] == document["cells"]["linear/fp32/other/local"]
    assert cells[CELLS[0]] == document["cells"][CELLS[0]]
    assert cells[CELLS[1]]["size_bytes"]["value"] == 3662


def test_new_only_writes_what_is_missing_and_touches_nothing_else(suited: Project) -> None:
    suited.run("--harness-update", "-k", "fp32 and size")
    document = stored(suited)
    document["cells"][CELLS[0]]["size_bytes"]["value"] = 99_999
    suited.baseline().write_text(json.dumps(document), encoding="utf-8")
    assert suited.run("--harness-update-new-only", "-k", "size").ret == 0
    cells = stored(suited)["cells"]
    assert cells[CELLS[0]] == document["cells"][CELLS[0]]
    assert cells[CELLS[1]]["size_bytes"]["value"] == 3662


def test_a_figure_over_its_budget_is_not_recorded(project: Project) -> None:
    limits = [("*", {"size": "5 kB"})]
    project.write("test_s.py", suite(metrics=["size"], budgets=limits))
    result = project.run("--harness-update", "--harness-reason=it must be")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["refused  linear/fp32/fakert/local size_bytes: none -> 10788 (size over budget: *"])
    assert list(stored(project)["cells"]) == [CELLS[1]]


def test_an_accuracy_whose_budget_is_inconclusive_is_recorded(project: Project) -> None:
    project.write(
        "test_s.py", suite(metrics=["accuracy"], recipes=["int8_static"], budgets=[("*", {"accuracy": "96 %"})])
    )
    result = project.run("--harness-update")
    result.stdout.fnmatch_lines(["*accuracy inconclusive*", "recorded linear/int8_static/fakert/local accuracy_*"])
    assert result.ret == 0
    assert project.run().ret == 0
    assert project.verdicts("baseline") == {(CELLS[1], "accuracy", "baseline"): "pass"}


def test_suites_of_one_name_in_two_folders_keep_baselines_of_their_own(project: Project) -> None:
    for folder, limit in (("one", "2 pp"), ("two", "3 pp")):
        project.write(f"{folder}/__init__.py", "")
        project.write(f"{folder}/test_s.py", suite(budgets=[("*", {"accuracy_drop": limit})]))
    assert project.run("--harness-update").ret == 0
    assert project.baseline("one/s").exists()
    assert project.baseline("two/s").exists()
    assert not project.baseline("s").exists()


def test_a_suite_without_baselines_neither_reads_nor_writes_any(project: Project) -> None:
    text = suite(metrics=["size"], budgets=[("*", {"size": "20 kB"})], more="baseline=False")
    project.write("test_s.py", text)
    project.write("baselines/s/linear.json", "not json")
    assert project.run("--harness-update").ret == 0
    assert project.baseline().read_text(encoding="utf-8") == "not json"
    assert project.verdicts("baseline") == {}


@pytest.mark.parametrize(
    ("damage", "told", "arguments"),
    [
        ("corrupt", "is corrupt or truncated", []),
        ("truncated", "is corrupt or truncated", ["--harness-update"]),
        ("newer", "was written by a newer edge-harness (schema 99", []),
        ("newer", "was written by a newer edge-harness (schema 99", ["--harness-update"]),
        ("no schema", "has no schema number", ["--harness-update-new-only"]),
    ],
)
def test_a_damaged_file_is_an_error_that_names_it_and_changes_nothing(
    suited: Project, damage: str, told: str, arguments: Sequence[str]
) -> None:
    text = {"corrupt": "<<<<<<< HEAD\n{", "truncated": '{"schema": 1, "cells": {', "newer": '{"schema": 99}'}
    path = suited.baseline()
    suited.write("baselines/s/linear.json", text.get(damage, "{}"))
    before = path.read_bytes()
    result = suited.run("-k", "size", *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=2)
    assert f"baseline {path} {told}" in result.stdout.str()
    remedy = "Upgrade edge-harness" if damage == "newer" else f"git checkout -- {path}"
    assert remedy in result.stdout.str()
    assert path.read_bytes() == before
    assert {f["verdict"] for f in suited.results()["findings"]} == {"error"}


def test_a_baseline_folder_that_cannot_be_written_is_told_and_the_reports_are_written(suited: Project) -> None:
    suited.write("baselines", "a file, not a folder")
    result = suited.run("-k", "size", "--harness-update")
    assert result.ret != 0
    assert str(suited.folder / "baselines") in result.stdout.str()
    assert len(suited.results()["cells"]) == 2


def test_another_folder_can_be_named(suited: Project) -> None:
    assert suited.run("--harness-update", "--harness-baselines=reviewed/figures", "-k", "size").ret == 0
    assert (suited.folder / "reviewed/figures/s/linear.json").is_file()
    assert not (suited.folder / "baselines").exists()


def test_an_incomparable_baseline_follows_its_policy(suited: Project) -> None:
    suited.run("--harness-update", "-k", "accuracy and int8")
    document = stored(suited)
    for environment in document["environments"].values():
        environment["hardware"]["machine"] = "riscv64"
    suited.baseline().write_text(json.dumps(document), encoding="utf-8")
    for policy, outcomes in {"warn": {}, "fail": {"failed": 1}, "skip": {"skipped": 1}}.items():
        result = suited.run("-v", "-k", "accuracy and int8", f"--harness-incomparable={policy}")
        assert result.ret == len(outcomes) * (policy == "fail")
        result.assert_outcomes(**outcomes)
        result.stdout.fnmatch_lines(["*INCOMPARABLE*", "*incomparable(hardware: int8 kernels of riscv64*"])


def test_the_same_accuracy_by_other_samples_is_noted(suited: Project) -> None:
    suited.run("--harness-update", "-k", "accuracy and fp32")
    suited.write("conftest.py", conftest(A_LITTLE_WORSE))
    result = suited.run("-k", "accuracy and fp32")
    assert result.ret == 0
    (finding,) = [f for f in suited.results()["findings"] if f["against"] == "baseline"]
    assert finding["verdict"] in ("pass", "inconclusive")
    assert "changed" in finding["notes"]


def test_baselines_of_a_suite_that_was_moved_are_named(suited: Project) -> None:
    suited.run("--harness-update")
    before = suited.baseline()
    text = (suited.folder / "test_s.py").read_text(encoding="utf-8")
    (suited.folder / "test_s.py").unlink()
    suited.write("moved/test_s.py", text)
    moved = suited.run()
    moved.stdout.fnmatch_lines(
        [f"edge-harness: *{before.name} holds baselines of a suite that is gone; if it is moved/s now: git mv *"]
    )
