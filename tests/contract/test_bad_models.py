"""Models and files that an engine can't make sense of: each is one clear error, of the stage where it was found."""

from dataclasses import replace

import numpy as np
import pytest
from fakes.lab import load
from fakes.named import one
from fakes.registries import only_shipped

from harness.core.names import Cell
from harness.registries import runtimes
from harness.targets.local import Local
from harness.worker.process import Worker, WorkerFailure

from .conftest import (
    MODELS,
    NAMES,
    RUNTIMES,
    SPECIAL_MODELS,
    claimed,
    of_selected_tests,
    parameters,
    prepared,
)

pytestmark = pytest.mark.runtimes

FADING = [
    Cell(model=f"fading_{framework}", recipe="int8_static", runtime=name)
    for name in RUNTIMES
    for framework in MODELS
    if claimed(runtimes.get(name), framework, "int8_static")
]
BY_DAY = [("fading_torch", "onnxruntime"), ("fading_torch", "openvino")]


@pytest.fixture(scope="module")
def faded(request, settings):
    with only_shipped():
        load(SPECIAL_MODELS)
        cells = of_selected_tests(request, FADING)
        return prepared(settings, [*cells, *(replace(cell, recipe="fp32") for cell in cells)])


@pytest.mark.parametrize("cell", parameters(FADING, lambda cell: (cell.model, cell.runtime) in BY_DAY))
def test_scales_that_can_hold_nothing_end_the_build(faded, cell):
    assert cell not in faded.artifacts
    found = faded.results[cell]
    assert found.status == "error(convert)"
    assert "degenerate int8 scales of activations: " in found.reason
    assert "is the model trained" in found.reason
    assert replace(cell, recipe="fp32") in faded.artifacts, "the float model is what it is"


def onnx_model(*, opset=17, operator="Relu", domain=""):
    import onnx
    from onnx import TensorProto, helper

    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 4])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph(
        [helper.make_node(operator, ["image"], ["output"], domain=domain)], "g", [image], [output]
    )
    imports = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(graph, opset_imports=imports)
    model.ir_version = 8
    return onnx.ModelProto.SerializeToString(model)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param(onnx_model(), None, id="a good one"),
        pytest.param(onnx_model(opset=999), "opset", id="an opset of the future"),
        pytest.param(onnx_model(operator="Sorcery"), "Sorcery", id="no such operator"),
        pytest.param(onnx_model(operator="Spell", domain="my.own"), "Spell", id="an operator without a kernel"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_what_onnxruntime_cannot_read_is_told(tmp_path, file, said):
    path = tmp_path / "model.onnx"
    path.write_bytes(file)
    side = runtimes.get("onnxruntime").run_side
    options = {**NAMES, "threads": 1, "provider": "cpu", "graph_optimization": "all"}
    with Worker(Local(), threads=1, run_side=side, log=tmp_path / "log", timeout_s=60) as worker:
        if said is None:
            worker.ask("load", path=str(path), options=options)
            assert worker.predict(one(-np.ones((1, 4), np.float32)), 1).only.max() == 0
        else:
            with pytest.raises(WorkerFailure, match=rf"load failed: .*{said}"):
                worker.ask("load", path=str(path), options=options)
