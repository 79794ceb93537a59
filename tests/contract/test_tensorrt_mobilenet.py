"""Engines of the narrow MobileNet for two GPUs, built here without one: sizes, audit, and the layers that were chosen."""

import pytest

import examples.zoo  # noqa: F401 - importing registers them
from harness.core.matrix import Matrix
from harness.core.metrics import metric_named
from harness.errors import DataSetError
from harness.pipeline.run import Run
from harness.registries import datasets
from harness.targets.local import Local

from .conftest import first_alone

pytestmark = [pytest.mark.runtimes, pytest.mark.nightly]

FORMATS = {"fp32": "float32", "fp16": "float16", "int8_static": "int8"}
SMS = ("86", "89")


@pytest.fixture(scope="module")
def built(settings):
    try:
        datasets.get("fashion_mnist").loaded()
    except DataSetError as err:
        pytest.skip(str(err))
    matrix = Matrix.parse(
        models=["fashion_mobilenet"],
        recipes=list(FORMATS),
        runtimes=[f"tensorrt,sm={sm}" for sm in SMS],
        budgets=[("*", {"weights_ratio": "1.01 x", "accuracy_drop": "1 pp"})],
        baseline=False,
    )
    run = Run(settings, lambda case: {}, lambda line: None)
    cases = {
        (cell.recipe, cell.runtime, metric): matrix.case("tensorrt", cell, metric_named(metric))
        for cell in matrix.cells()
        for metric in ("weights_ratio", "accuracy_drop")
    }
    with first_alone(settings):
        run.prepare(cases.values())
    return run, cases


@pytest.mark.parametrize("sm", SMS)
@pytest.mark.parametrize("recipe", FORMATS)
def test_an_engine_is_built_and_audited(built, recipe, sm):
    run, cases = built
    case = cases[recipe, f"tensorrt,sm={sm}", "weights_ratio"]
    (finding,) = run.judge(case)
    assert str(finding.verdict) == ("reported" if recipe == "fp32" else "pass"), finding.reason
    artifact = run.artifacts[case.cell]
    assert artifact.path.suffix == ".engine"
    assert artifact.weights.share(FORMATS[recipe]) >= 0.95
    assert artifact.provenance.built_with == {"sm": sm}
    layers = artifact.provenance.details["layers"]
    assert layers["listed"] or layers["counts"], layers
    assert artifact.provenance.placement["cuda"]["Conv"] >= 20


@pytest.mark.parametrize("recipe", FORMATS)
def test_each_gpu_has_an_engine_of_its_own(built, recipe):
    run, cases = built
    one, other = (run.artifacts[cases[recipe, f"tensorrt,sm={sm}", "weights_ratio"].cell] for sm in SMS)
    assert one.sha256 != other.sha256


@pytest.mark.skipif("cuda" in Local().devices(), reason="there is a CUDA device")
def test_what_needs_the_gpu_is_unavailable_and_nothing_else(built):
    run, cases = built
    case = cases["fp16", "tensorrt,sm=86", "accuracy_drop"]
    (finding,) = run.judge(case)
    assert finding.reason == "unavailable: no CUDA device"
    held = run.results[case.cell].measurements
    assert {"size_bytes", "weights_ratio", "fp16_share_fraction", "macs_count"} <= held.keys()
