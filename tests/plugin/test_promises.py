"""Broken promises: an artifact that is not what its recipe says fails every case of its cell, and no other."""

from __future__ import annotations

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

STEPS = """
import numpy as np


def without_smallest(weights, share):
    edge = np.quantile(np.abs(weights), share)
    return np.where(np.abs(weights) <= edge, np.float32(0), weights)


@harness.step("cut{percent}", method="pruning", leaves=["zeros"],
              promise=lambda percent: {"sparsity": f"{0.9 * percent:g} %"})
def cut(model, percent):
    return Linear(model | {"weights": without_smallest(model["weights"], percent / 100)})


@harness.step("narrow{percent}", method="pruning", promise={"parameters_ratio": "0.85 x"})
def narrow(model, percent):
    rows = int(len(model["weights"]) * percent / 100)  # only zeroes what it says it takes away
    weights = model["weights"].copy()
    weights[np.argsort(np.abs(weights).sum(axis=1))[:rows]] = 0
    return Linear(model | {"weights": weights})


@harness.step("jitter", method="training")
def jitter(model):
    noise = np.random.default_rng(0).normal(size=model["weights"].shape).astype(np.float32)
    return Linear(model | {"weights": model["weights"] + 0.02 * noise})


runtimes.add(FakeRuntime("forgetful", only=["int8_static"], stays_float=True))
runtimes.add(FakeRuntime("filling", fills_zeros=True))
"""
REPORTED = [("*", {"accuracy_drop": "report", "size_ratio": "report"})]


def run(project: Project, recipes: list[str], runtime: str = "fakert") -> pytest.RunResult:
    project.write("conftest.py", conftest(STEPS))
    text = suite(
        metrics=["accuracy_drop", "size_ratio"],
        recipes=["fp32", *recipes],
        runtimes=[runtime],
        budgets=REPORTED,
        more="baseline=False",
    )
    project.write("test_s.py", text)
    return project.run()


@pytest.mark.parametrize(
    ("recipe", "runtime", "metric", "reason"),
    [
        pytest.param(
            "int8_static",
            "forgetful",
            "int8_share",
            "int8 share below its limit: int8_static on forgetful has 0.00 %, limit 95 %; in float32: weights",
            id="a quantizer that returns the float model",
        ),
        pytest.param(
            "cut50",
            "filling",
            "sparsity",
            "sparsity below its limit: cut50 on filling has 0.00 %, limit 45 %",
            id="pruning that is undone on the way",
        ),
        pytest.param(
            "narrow30",
            "fakert",
            "parameters_ratio",
            "parameters over budget: narrow30 on fakert takes 1.000 x fp32's (2,570 of 2,570), limit 0.85 x",
            id="structured pruning that only zeroes",
        ),
    ],
)
def test_a_broken_promise_fails_its_cell(project: Project, recipe: str, runtime: str, metric: str, reason: str) -> None:
    result = run(project, [recipe, "fp16"], runtime)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    broken = [one for one in project.results()["findings"] if one["against"] == "promise"]
    cell = f"linear/{recipe}/{runtime}/local"
    assert [(one["cell"], one["metric"], one["verdict"]) for one in broken] == [(cell, metric, "over_budget")] * 2
    assert {one["reason"] for one in broken} == {f"over_budget(promise): {reason}"}
    failed = {name for name, case in project.junit().items() if case.findall("failure")}
    assert failed == {f"test_accuracy_drop[{cell}]", f"test_size_ratio[{cell}]"}
    result.stdout.fnmatch_lines([f"over_budget(promise): {reason}"])
    result.stdout.re_match_lines([rf"linear/.*{runtime} .*over_budget\(promise\)"])


def test_kept_promises_are_silent(project: Project) -> None:
    result = run(project, ["cut50", "cut50+int8_static", "int8_static"])

    assert result.ret == 0
    assert {one["against"] for one in project.results()["findings"]} == {"budget"}


def test_zeros_are_stored_like_any_number_and_it_is_said(project: Project) -> None:
    run(project, ["cut50"])

    (found,) = [
        one["reason"]
        for one in project.results()["findings"]
        if one["metric"] == "size_ratio" and "/cut50/" in one["cell"]
    ]
    assert "cut50 left the file 0.0 % smaller (zeros are stored like any number); zstd would make it 0.6" in found


def test_a_promise_binds_the_whole_chain(project: Project) -> None:
    run(project, ["cut50+jitter+int8_static"])

    broken = [one for one in project.results()["findings"] if one["against"] == "promise"]
    assert {(one["metric"], one["verdict"]) for one in broken} == {("sparsity", "over_budget")}
    assert broken[0]["value"] < 0.45
