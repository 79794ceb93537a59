"""How processes start, held to limits and baselines in whole runs: planted faults, their controls, and what is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.project import conftest, suite

import harness.pipeline.workers
from tests.plugin.conftest import Project

pytestmark = pytest.mark.slow
NIGHT = pytest.mark.nightly

CELL = "linear/fp16/starting/local"
METRICS = ("load_ratio", "first_inference_ratio")
CHANGES = {"load_change": "1.5 x", "first_inference_change": "1.5 x"}
STARTING = """
runtimes.add(FakeRuntime("starting", only=["fp16"], base_start_ms=100{more}))
"""
"""Loading and the first inference sleep: what is planted is what is there, however busy the machine."""
PADDED = ", padding_bytes=10"
"""Another artifact that starts as fast."""
SOME_COLD = """
import os


def drop(main, names):
    large = os.path.getsize(main) > 8_000
    return {"files": "cached" if large else "cold", "why": "it was planted" if large else ""}
"""
"""Says of the float artifact, which is larger, that its files stay cached."""


def write(project: Project, *, more: str = "", metrics: tuple[str, ...] = METRICS, **limits: str) -> None:
    project.write("conftest.py", conftest(STARTING.format(more=more)))
    rows = [("*", {**dict.fromkeys(metrics, "report"), **limits})]
    project.write("test_s.py", suite(metrics=metrics, recipes=["fp16"], runtimes=["starting"], budgets=rows))


def cell(project: Project) -> dict[str, Any]:
    (found,) = [one for one in project.results()["cells"] if one["id"] == CELL]
    return dict(found)


def findings(project: Project, against: str) -> dict[str, dict[str, Any]]:
    return {one["metric"]: one for one in project.results()["findings"] if one["against"] == against}


def record(project: Project) -> str:
    """Record baselines of both starts; the condition that they were taken in."""
    write(project, **CHANGES)
    assert project.run("--harness-update", f"--harness-cache={project.folder / 'cache'}").ret == 0
    held = json.loads(project.baseline().read_text())["cells"][CELL]
    (condition,) = {one["condition"] for one in held.values()}
    assert condition in ("files cold", "files cached")
    return str(condition)


@pytest.mark.parametrize(
    ("later", "regressed"),
    [
        pytest.param(PADDED, None, id="as fast", marks=NIGHT),
        pytest.param(f"{PADDED}, load_ms=200", "load_ratio", id="loads longer"),
        pytest.param(f"{PADDED}, first_ms=200", "first_inference_ratio", id="first inference longer", marks=NIGHT),
    ],
)
def test_a_slower_start_regresses_beside_the_artifact_of_its_baseline(
    project: Project, later: str, regressed: str | None
) -> None:
    condition = record(project)
    write(project, more=later, **CHANGES)
    result = project.run(f"--harness-cache={project.folder / 'cache'}")

    found = findings(project, "baseline")
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if regressed else pytest.ExitCode.OK)
    assert {metric: (one["verdict"], one["rung"]) for metric, one in found.items()} == {
        metric: ("regressed" if metric == regressed else "pass", "paired artifact") for metric in METRICS
    }
    assert all(f"process pairs, {condition}" in one["reason"] for one in found.values()), found
    # Both were answered by the same pairs of processes, and each start of them is on record.
    rounds = cell(project)["latency_rounds"]
    assert {one["n"] for one in found.values()} == {len(rounds["starts_against_baseline"])}
    assert len(rounds["starts_against_baseline"]) == len(rounds["against_baseline"])
    starts = [start for pair in (*rounds["starts"], *rounds["starts_against_baseline"]) for start in pair]
    assert {f"files {start['files']}" for start in starts} == {condition}
    assert all(bool(start["why_not_cold"]) == (start["files"] != "cold") for start in starts)


@NIGHT
def test_the_same_artifact_needs_no_clock(project: Project) -> None:
    record(project)
    assert project.run(f"--harness-cache={project.folder / 'cache'}").ret == 0
    assert {one["rung"] for one in findings(project, "baseline").values()} == {"same artifact"}
    assert cell(project)["latency_rounds"]["starts_against_baseline"] == []


@NIGHT
@pytest.mark.parametrize(
    ("later", "verdicts"),
    [(PADDED, ("pass", "inconclusive")), (f"{PADDED}, load_ms=1000", ("regressed",))],
    ids=["as fast", "longer"],
)
def test_without_that_artifact_the_stored_ratio_is_held(
    project: Project, later: str, verdicts: tuple[str, ...]
) -> None:
    """One process of five that was held up on a busy machine leaves stored figures open, and fails nothing."""
    condition = record(project)
    write(project, more=later, **CHANGES)
    project.run(f"--harness-cache={project.folder / 'another'}", "-k", "load")

    found = findings(project, "baseline")["load_ratio"]
    assert found["verdict"] in verdicts, found["reason"]
    assert found["rung"] == "ratio to the reference"
    assert f"; ratio to the reference; {condition})" in found["reason"]


@NIGHT
def test_a_baseline_of_warm_files_is_not_compared_with_cold_ones(project: Project) -> None:
    condition = record(project)
    other = {"files cold": "files cached", "files cached": "files cold"}[condition]
    document = json.loads(project.baseline().read_text())
    for figure in document["cells"][CELL].values():
        figure["condition"] = other
    project.baseline().write_text(json.dumps(document))
    write(project, more=PADDED, **CHANGES)
    project.run(f"--harness-cache={project.folder / 'another'}")

    for found in findings(project, "baseline").values():
        assert found["verdict"] == "incomparable", found["reason"]
        assert f"incomparable(condition: {other}, now {condition})" in found["reason"]


def test_sides_of_which_only_one_was_cold_are_not_compared(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = project.write("some_cold.py", SOME_COLD)
    monkeypatch.setattr(harness.pipeline.workers, "FILE_CACHE", planted)
    metrics = ("load", "load_ratio", "first_inference_ratio")
    write(project, metrics=metrics, load="10 s", load_ratio="100 x", first_inference_ratio="100 x")
    project.run()

    found = findings(project, "budget")
    assert {metric: one["verdict"] for metric, one in found.items()} == {
        "load": "pass",
        "load_ratio": "inconclusive",
        "first_inference_ratio": "inconclusive",
    }
    assert "processes, files cold)" in found["load"]["reason"]
    unlike = "; the processes did not start alike, files cold or files cached: it was planted"
    assert found["load_ratio"]["reason"].endswith(unlike)


@pytest.mark.parametrize(
    ("limits", "recorded"),
    [({}, set()), ({"load_change": "1.5 x"}, {"load_ns", "load_ratio"})],
    ids=["no limit", "a limit of one"],
)
def test_a_start_is_recorded_only_where_its_change_has_a_limit(
    project: Project, limits: dict[str, str], recorded: set[str]
) -> None:
    write(project, **limits)
    assert project.run("--harness-update").ret == 0

    held = json.loads(project.baseline().read_text())["cells"][CELL] if project.baseline().exists() else {}
    assert set(held) == recorded
    assert all(one["interval"] is not None and one["n"] >= 5 for one in held.values())
    measured = {one["name"]: one for one in cell(project)["measurements"]}
    assert measured["load_ns"]["condition"] in ("files cold", "files cached")
    assert measured["latency_p50_ns_per_inference"]["condition"] == ""
