"""Models that are no plain network: each is built, or refused with what to return instead."""

from pathlib import Path

import pytest
from fakes.lab import load
from fakes.registries import only_shipped

from harness.core.names import Cell

from .conftest import of_selected_tests, parameters, prepared

pytestmark = pytest.mark.runtimes
MODELS = Path(__file__).with_name("unusual_models.py")

BUILT = [
    Cell(model="compiled", recipe="fp32", runtime="onnxruntime"),
    Cell(model="channels_last", recipe="fp32", runtime="executorch"),
    Cell(model="channels_last", recipe="int8_static", runtime="executorch"),
    # Its cells start from constant zeros, which are no activation that calibration left empty.
    Cell(model="recurrent", recipe="int8_static", runtime="openvino"),
]
REFUSED = {
    Cell(model="scripted", recipe="fp32", runtime="onnxruntime"): "return the torch.nn.Module that was scripted",
    Cell(model="branching", recipe="fp32", runtime="onnxruntime"): "unusual_models.py:",
    Cell(model="branching", recipe="fp32", runtime="executorch"): "choose with torch.where",
    Cell(model="recurrent_keras", recipe="fp32", runtime="litert"): "build the layer with unroll=True",
}


def by_day(cell):
    return cell.runtime == "onnxruntime" and cell.model != "compiled"


@pytest.fixture(scope="module")
def run(request, settings):
    with only_shipped():
        load(MODELS)
        return prepared(settings, of_selected_tests(request, [*BUILT, *REFUSED]))


@pytest.mark.parametrize("cell", parameters(BUILT, by_day))
def test_it_is_built(run, cell):
    assert cell in run.artifacts, run.results[cell].reason


@pytest.mark.parametrize("cell", parameters(REFUSED, by_day))
def test_it_is_refused_with_what_to_do(run, cell):
    assert run.results[cell].status == "error(convert)"
    assert REFUSED[cell] in run.results[cell].reason
