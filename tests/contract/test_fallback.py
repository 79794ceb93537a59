"""An operator that a provider can't take, through the whole path: the cell is over_budget(placement), by its name."""

import pytest
from fakes.lab import load
from fakes.registries import only_shipped

from harness.core.finding import PLACEMENT, Verdict
from harness.core.matrix import Matrix
from harness.core.metrics import metric_named
from harness.pipeline.run import Run
from harness.registries import runtimes

from .conftest import SPECIAL_MODELS, first_alone, of_selected_tests

pytestmark = pytest.mark.runtimes

LEFT = {"litert:xnnpack": "SELECT", "executorch:xnnpack": "fmod", "onnxruntime:qnn": "Mod"}


@pytest.fixture(scope="module")
def judged(request, settings):
    with only_shipped():
        load(SPECIAL_MODELS)
        matrix = Matrix.parse(
            models=["dividing_torch"],
            recipes=["fp32"],
            runtimes=[*of_selected_tests(request, LEFT, "runtime"), "litert", "onnxruntime"],
            budgets=[("*", {"output_error": "0.0001 abs"})],
            baseline=False,
        )
        run = Run(settings, lambda case: {}, lambda line: None)
        cases = [matrix.case("fallback", cell, metric_named("output_error")) for cell in matrix.cells()]
        with first_alone(settings):
            run.prepare(cases)
        return {case.cell.runtime: run.judge(case) for case in cases}


@pytest.mark.parametrize(
    "runtime", [pytest.param(name, marks=pytest.mark.nightly if "executorch" in name else ()) for name in LEFT]
)
def test_what_was_left_behind_is_named(judged, runtime):
    found = {one.against: one for one in judged[runtime]}
    name, _, provider = runtime.partition(":")
    asked = next(one.asks_engine for one in runtimes.get(name).providers if one.name == provider)
    if asked and found["budget"].verdict is Verdict.UNAVAILABLE:
        pytest.skip(found["budget"].reason)  # the engine itself says that it finds no device on this CPU
    assert found["budget"].verdict is Verdict.PASS, "it computes the right thing all the same: nothing else would tell"
    assert found[PLACEMENT].verdict is Verdict.OVER_BUDGET
    assert f"1 {LEFT[runtime]}" in found[PLACEMENT].reason.partition("left to ")[2], found[PLACEMENT].reason


@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
def test_nobody_asked_for_a_provider(judged, runtime):
    assert [one.verdict for one in judged[runtime]] == [Verdict.PASS]
