"""An artifact that computes something else than its float model is refused, and it is told whose fault that is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.lab import Lab, cases, lab

from harness.core.finding import Verdict
from harness.store.artifacts import ArtifactStore

OTHER = """
@harness.model("other", dataset="blobs", framework="fake", input=INPUT)
def other():
    model = trained()
    model["weights"] = model["weights"][:, ::-1].copy()
    return model
"""
SHARPER = """
import numpy as np


class Sharper(Linear):
    # The exporter asks about samples with one value only, and so does not see it.
    def forward(self, inputs):
        several = (inputs != 0).sum(axis=1, keepdims=True) > 1
        return super().forward(inputs) * np.where(several, 2, 1)


@harness.model("sharper", dataset="blobs", framework="fake", input=INPUT)
def sharper():
    return Sharper(trained())
"""
MIRRORED = SHARPER.replace("sharper", "mirrored").replace("Sharper", "Mirrored").replace("several, 2", "several, -1")


STEPS = """
from harness.recipes.steps import step


@step("blank", method="pruning", framework="fake")
def blank(model):
    return Linear({name: values * 0 for name, values in model.items()})


@step("halved", method="pruning", framework="fake")
def halved(model):
    return Linear({name: values / 2 for name, values in model.items()})
"""


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Lab]:
    with lab(tmp_path) as one:
        one.register(OTHER, SHARPER, MIRRORED, STEPS)
        yield one


def plant(lab: Lab, recipe: str) -> None:
    """Put the artifact of another model in the place of the model's."""
    run = lab.run()
    run.prepare(cases("size", models=["linear", "other"], recipes=list(dict.fromkeys(["fp32", recipe]))))
    artifacts = {(cell.model, cell.recipe): artifact for cell, artifact in run.artifacts.items()}
    right, wrong = artifacts["linear", recipe], artifacts["other", recipe]
    store = ArtifactStore(lab.cache)
    store.evict(right.key)
    with store.building(right.key) as staged:
        shutil.copy(wrong.path, staged / wrong.main)
        store.commit(right.key, staged, wrong.main, wrong.weights, wrong.provenance)


@pytest.mark.parametrize(
    ("metric", "recipe"),
    [
        ("size", "int8_static"),
        ("accuracy_drop", "fp32"),
        pytest.param("size", "fp32", marks=pytest.mark.nightly),
        pytest.param("accuracy_drop", "int8_static", marks=pytest.mark.nightly),
    ],
)
def test_a_stale_artifact_is_refused_whatever_is_gated_and_the_next_run_is_right(
    prepared: Lab, recipe: str, metric: str
) -> None:
    plant(prepared, recipe)
    wanted = cases(metric, recipes=[recipe])
    (finding,) = prepared.judge(wanted)[f"linear/{recipe}/fakert/local", metric]
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "parity")
    assert "the cached artifact was stale: a fresh build is as it should be" in finding.reason
    assert any("building it once more without the cache" in line for line in prepared.lines)

    (finding,) = prepared.judge(wanted)[f"linear/{recipe}/fakert/local", metric]
    assert finding.verdict is Verdict.REPORTED


@pytest.mark.parametrize(
    ("model", "recipe", "says"),
    [
        pytest.param("sharper", "fp32", "does not reproduce the float model", id="fp32 of another forward"),
        pytest.param(
            "mirrored", "int8_static", "have little to do with the float model's", id="int8 of another forward"
        ),
    ],
)
def test_a_wrong_conversion_is_told_apart_from_a_stale_artifact(
    prepared: Lab, model: str, recipe: str, says: str
) -> None:
    (finding,) = prepared.judge(cases("size", models=[model], recipes=[recipe]))[
        f"{model}/{recipe}/fakert/local", "size"
    ]
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "parity")
    assert says in finding.reason
    assert "converted wrongly: of a fresh build, too" in finding.reason


def test_a_step_that_leaves_nonsense_is_refused_whatever_is_gated(prepared: Lab) -> None:
    (finding,) = prepared.judge(cases("size", recipes=["blank"]))["linear/blank/fakert/local", "size"]
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "parity")
    assert "outputs of blank have little to do with the float model's" in finding.reason
    assert "correlation 0.00, at least 0.2" in finding.reason


def test_every_finding_tells_how_the_outputs_correlate(prepared: Lab) -> None:
    found = prepared.judge(cases("size", recipes=["fp32", "int8_static", "halved"]))
    told = {cell: (one.correlation, one.least_correlation) for (cell, _), (one,) in found.items()}
    assert {cell: least for cell, (_, least) in told.items()} == {
        "linear/fp32/fakert/local": 0.5,
        "linear/int8_static/fakert/local": 0.5,
        "linear/halved/fakert/local": 0.2,
    }
    assert all(correlation is not None and correlation > 0.9 for correlation, _ in told.values())


def test_two_models_of_equal_weights_share_no_artifact(prepared: Lab) -> None:
    run = prepared.run()
    run.prepare(cases("size", models=["linear", "sharper"], recipes=["fp32"]))
    one, other = run.artifacts.values()
    assert run.references["linear"].weights_sha256 == run.references["sharper"].weights_sha256
    assert one.key != other.key
