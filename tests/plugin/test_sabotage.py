"""Planted faults: each must turn its own case red with the exact verdict, and leave all others as they were."""

from __future__ import annotations

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

FAULTS = """
# Ranges from data a hundred times too large: every activation rounds to nothing.
@harness.dataset("miscalibrated")
def miscalibrated():
    good = blobs()
    wrong = harness.Split((good.calibration.inputs * 100).astype("float32"), good.calibration.labels)
    return harness.DataSet(evaluation=good.evaluation, calibration=wrong)


@harness.model("misled", dataset="miscalibrated", framework="fake", input=INPUT)
def misled():
    return trained()


runtimes.add(FakeRuntime("padded", only=["int8_static"], padding_bytes=100_000))
runtimes.add(FakeRuntime("ignoring", only=["int8_static"], stays_float=True))
runtimes.add(FakeRuntime("slowed", only=["fp16"], spin_percent=50))
"""
METRICS = ("accuracy_drop", "size_ratio", "weights_ratio", "latency_ratio")
BUDGETS = [
    ("*", dict(accuracy_drop="2 pp", size_ratio="2 x", weights_ratio="1.01 x", latency_ratio="100 x")),
    ("*/int8_static", dict(weights_ratio="0.5 x")),
    # Both compute in float32: without the spin fp16 takes as long as fp32.
    ("*/fp16", dict(weights_ratio="0.6 x", latency_ratio="1.25 x")),
]


def run_suite(project: Project, *, model: str = "linear", runtime: str = "fakert") -> int:
    # Timed as users time it: with shortened epochs the noise could hide a fault.
    project.write("conftest.py", conftest(FAULTS, quick=False))
    recipes = ["fp32", "fp16", "int8_static"]
    text = suite(
        models=[model], recipes=recipes, runtimes=[runtime], metrics=METRICS, budgets=BUDGETS, more="baseline=False"
    )
    project.write("test_s.py", text)
    return int(project.run_apart().ret)


def failures(project: Project) -> set[tuple[str, str, str]]:
    """Cell, metric and verdict of everything that is neither pass nor reported, as results.json says it."""
    return {
        (finding["cell"], finding["metric"], finding["verdict"])
        for finding in project.results()["findings"]
        if finding["verdict"] not in ("pass", "reported")
    }


def test_without_a_fault_everything_passes(project: Project) -> None:
    assert run_suite(project) == 0
    assert failures(project) == set()
    assert len(project.results()["findings"]) == 3 * len(METRICS)


@pytest.mark.parametrize(
    ("model", "recipe", "runtime", "metric"),
    [
        pytest.param("misled", "int8_static", "fakert", "accuracy_drop", id="wrong calibration ruins int8 accuracy"),
        pytest.param("linear", "int8_static", "padded", "size_ratio", id="the artifact grew"),
        pytest.param("linear", "int8_static", "ignoring", "weights_ratio", id="int8 that stayed float"),
        pytest.param("linear", "fp16", "slowed", "latency_ratio", id="a worker made slower by half"),
    ],
)
def test_a_planted_fault_fails_its_own_case_and_no_other(
    project: Project, model: str, recipe: str, runtime: str, metric: str
) -> None:
    cell = f"{model}/{recipe}/{runtime}/local"
    assert run_suite(project, model=model, runtime=runtime) == 1
    assert failures(project) == {(cell, metric, "over_budget")}
    red = {name for name, case in project.junit().items() if case.find("failure") is not None}
    assert red == {f"test_{metric}[{cell}]"}
    failed = project.junit()[f"test_{metric}[{cell}]"]
    properties = {p.get("name"): p.get("value") for p in failed.iter("property")}
    assert properties["verdict_budget"] == "over_budget"
    failure = failed.find("failure")
    assert failure is not None
    assert "over budget" in str(failure.get("message"))
