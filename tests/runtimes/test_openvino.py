"""What is particular to OpenVINO: what it computes in, its files, and inputs it would convert silently."""

import importlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from harness.core.weights import Weights
from harness.errors import ContractError
from harness.runtimes.openvino.reading import read_tensors
from tests.fakes.named import signature

from .building import NAMES, SAMPLES, SHAPE, lowering, predicted
from .shared_builds import ROOT

pytestmark = pytest.mark.runtimes

INPUTS = np.random.default_rng(0).standard_normal((SAMPLES, *SHAPE)).astype(np.float32)
BUILD_TWICE = """
import sys
from pathlib import Path
import numpy as np
from harness.runtimes.openvino.runtime import OpenVino
from tests.runtimes.building import lowering

source, inputs, folder, *names = sys.argv[1:]
for name in names:
    (Path(folder) / name).mkdir(parents=True)
    OpenVino().lower(Path(source), lowering(name, np.load(inputs)), Path(folder) / name)
"""
ASK_WHAT_RUNS = """
import json, sys
import numpy as np
from harness.runtimes.openvino import run_side

names = {"inputs": ["image"], "outputs": ["output"]}
session = run_side.open_session(sys.argv[1], {**names, "threads": 1, "provider": "cpu", "precision_hint": sys.argv[2]})
outputs = session.predict({"image": np.load(sys.argv[3])})
told = session.describe()
loaded = [name for name in ("openvino_telemetry", "torch", "nncf", "pandas", "onnx") if sys.modules.get(name)]
print(json.dumps({"outputs": outputs.tolist(), "told": told, "loaded": loaded}))
"""


@pytest.fixture(scope="module")
def openvino(built_for):
    return built_for("openvino")


@pytest.fixture
def opened():
    run_side = importlib.import_module("harness.runtimes.openvino.run_side")

    def open_file(path, hint="f32"):
        return run_side.open_session(str(path), {**NAMES, "threads": 1, "provider": "cpu", "precision_hint": hint})

    return open_file


def python(text, *arguments):
    made = subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return made.stdout


def saved(path, nodes, constants, taken):
    """An ONNX file of *nodes* from ``x`` of shape *taken* to ``y``."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *taken])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(held, name) for name, held in constants.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))
    return path


def lowered(openvino, source, precision, inputs, folder, name="image"):
    folder.mkdir()
    taken = signature(inputs.shape[1:], name)
    return openvino.runtime.lower(source, lowering(precision, inputs, taken), folder).main


GRID = np.array([[0, 3, 5], [3, 3, 5]], np.uint8)
TYPES = {
    **{"float32": "f32", "float16": "f16", "uint16": "bf16"},
    **{"uint8": "u8", "int8": "i8", "int64": "i64", "int32": "u4"},
}
"""What these files call the types; numpy lacks two of them."""


def ir(folder, layers, edges, shared=()):
    """An IR of *layers*, a type or a constant's values by name, and *edges* "from to port"; what it holds, by name.

    The first of *shared* lies where the second one does.
    """
    data, places, text = b"", {}, ""
    for number, (name, held) in enumerate(layers.items()):
        if isinstance(held, str):
            text += f'<layer id="{number}" name="{name}" type="{held}" version="opset1"/>'
            continue
        places[name] = len(data)
        if name in shared[:1]:
            places[name] = places[shared[1]]
        else:
            data += held.tobytes()
        shape = ", ".join(map(str, held.shape))
        text += (
            f'<layer id="{number}" name="{name}" type="Const" version="opset1"><data element_type="{TYPES[str(held.dtype)]}" '
            f'shape="{shape}" offset="{places[name]}" size="{held.nbytes}"/></layer>'
        )
    numbers = {name: number for number, name in enumerate(layers)}
    rows = [edge.split() for edge in edges]
    text = f"<layers>{text}</layers><edges>" + "".join(
        f'<edge from-layer="{numbers[source]}" from-port="0" to-layer="{numbers[reader]}" to-port="{port}"/>'
        for source, reader, port in rows
    )
    (folder / "model.bin").write_bytes(data)
    (folder / "model.xml").write_text(f"<net>{text}</edges></net>")
    return {one.name: one for one in read_tensors(folder / "model.xml")}


@pytest.mark.parametrize(("point", "zeros"), [(3, 3), ([[5], [3]], 3), ([[0, 3, 5]], 5)], ids=str)
def test_zeros_are_what_equals_the_zero_point(tmp_path, point, zeros):
    layers = {
        "w": GRID,
        "f": "Convert",
        "z": np.array(point, np.uint8),
        "g": "Convert",
        "s": np.ones((2, 1), np.float16),
    }
    layers |= {"shifted": "Subtract", "scaled": "Multiply", "h": "Convert", "product": "MatMul"}
    edges = [
        "w f 0",
        "f shifted 0",
        "z g 0",
        "g shifted 1",
        "shifted scaled 0",
        "s scaled 1",
        "scaled h 0",
        "h product 1",
    ]
    found = ir(tmp_path, layers, edges)
    assert (found["w"].zeros, found["w"].dtype, found["w"].dimensions) == (zeros, "uint8", 2)
    assert [name for name, one in found.items() if one.parameter] == ["w"]


def test_parameters_are_told_from_settings_and_shapes(tmp_path):
    layers = {
        **{"kernel": np.ones((4, 3, 1, 1), np.float16), "half": "Convert", "a": "Convolution"},
        **{"scale": np.ones(4, np.float32), "shift": np.zeros(4, np.float32), "b": "BatchNormInference"},
        **{"mean": np.ones(4, np.float32), "low": np.zeros((1, 4, 1, 1), np.float32), "c": "FakeQuantize"},
        **{
            "six": np.array([[6]], np.float32),
            "d": "Multiply",
            "vector": np.ones((1, 4, 1, 1), np.float32),
            "e": "Add",
        },
        **{"shape": np.array([1, -1]), "f": "Reshape", "grid": np.array([[[0x8000, 1]] * 3], np.uint16), "g": "Add"},
    }
    edges = ["kernel half 0", "half a 1", "a b 0", "scale b 1", "shift b 2", "mean b 3", "b c 0", "low c 1", "c d 0"]
    edges += ["six d 1", "d e 0", "vector e 1", "e f 0", "shape f 1", "f g 0", "grid g 1"]
    found = ir(tmp_path, layers, edges)
    assert {name: one.dimensions for name, one in found.items() if one.parameter} == {
        **{"kernel": 4, "scale": 1, "shift": 1, "vector": 1},
        **{"grid": 2},
    }
    assert (found["kernel"].dtype, found["grid"].dtype, found["grid"].zeros) == ("float16", "bfloat16", 3)


def test_bytes_that_constants_share_count_once_and_as_a_parameter(tmp_path):
    layers = {"low": np.ones((1, 4), np.float32), "a": "FakeQuantize", "bias": np.ones((1, 4), np.float32), "b": "Add"}
    found = ir(tmp_path, layers, ["low a 1", "a b 0", "bias b 1"], shared=("bias", "low"))
    assert {name: one.parameter for name, one in found.items()} == {"bias": True}


def test_a_type_that_is_not_known_is_named(tmp_path):
    with pytest.raises(ContractError, match=r"constant w is of type u4.*known: f64, f32"):
        ir(tmp_path, {"w": np.ones((2, 2), np.int32), "a": "MatMul"}, ["w a 1"])


def test_it_computes_in_float_unless_told_otherwise(openvino, tmp_path):
    np.save(tmp_path / "inputs.npy", INPUTS)
    answer = json.loads(python(ASK_WHAT_RUNS, openvino.path("fp32"), "f32", tmp_path / "inputs.npy"))
    assert np.abs(np.array(answer["outputs"]) - openvino.outputs["reference"]).max() <= 1e-5
    assert answer["told"]["precision_hint"] == "f32"
    assert {kernel.rsplit("_", 1)[1] for kernel in answer["told"]["kernels"]} == {"f32"}
    assert answer["told"]["placement"]["cpu"]["Convolution"] == 3
    # A worker holds the engine and nothing else, and reports to nobody.
    assert answer["loaded"] == []


def computed_in(path, hint):
    """What OpenVINO itself says that it computes *path* in on this CPU when *hint* is asked for."""
    import openvino as engine

    asked = {"INFERENCE_PRECISION_HINT": getattr(engine.Type, hint)}
    compiled = engine.Core().compile_model(str(path), "CPU", asked)
    return compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()


@pytest.mark.parametrize("hint", ["f32", "bf16", "f16"])
def test_a_precision_is_computed_in_or_refused_and_never_replaced(openvino, opened, hint):
    path = openvino.path("fp32")
    used = computed_in(path, hint)
    if used != hint:
        with pytest.raises(RuntimeError, match=f"asked for precision_hint={hint}, this CPU computes in {used}"):
            opened(path, hint)
        return
    session = opened(path, hint)
    error = np.abs(predicted(session, INPUTS) - openvino.outputs["reference"]).max()
    assert error <= 1e-5 if hint == "f32" else 1e-4 < error < 0.05
    assert session.describe()["precision_hint"] == hint


def test_f32_is_taken_by_any_cpu(openvino):
    assert computed_in(openvino.path("fp32"), "f32") == "f32"


def test_int8_weights_leave_the_arithmetic_in_float(openvino, opened, tmp_path):
    """By default, OpenVINO would round the inputs of linear layers as large as these."""
    random = np.random.default_rng(0)
    kernels = {name: random.standard_normal((1024, 1024)).astype(np.float32) / 32 for name in ("a", "b")}
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "b"], ["y"]),
    ]
    inputs = random.standard_normal((4, 1024)).astype(np.float32)
    source = saved(tmp_path / "model.onnx", nodes, kernels, [1024])
    main = lowered(openvino, source, "int8_weight_only", inputs, tmp_path / "made", "x")

    import openvino as engine

    model = engine.Core().read_model(main)
    first, second = (
        operator.input_value(0).get_node().input_value(0).get_node().get_data().astype(np.float64)
        * operator.input_value(1).get_node().get_data()
        for operator in model.get_ordered_ops()
        if operator.get_type_name() == "Multiply"
    )
    expected = np.maximum(inputs @ first.T, 0) @ second.T
    assert Weights.of(read_tensors(main)).share("int8") == 1.0
    assert np.abs(predicted(opened(main), inputs, "x") - expected).max() <= 1e-4


def test_int8_linear_layers_without_bias_are_computed(openvino, opened, tmp_path):
    """OpenVINO 2026.4.1 makes zeros of these, by the kernels that the run side does without."""
    random = np.random.default_rng(0)
    kernels = {
        "a": random.standard_normal((16, 12)).astype(np.float32),
        "b": random.standard_normal((12, 10)).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "b"], ["y"]),
    ]
    inputs = random.random((64, 16)).astype(np.float32)
    source = saved(tmp_path / "model.onnx", nodes, kernels, [16])
    main = lowered(openvino, source, "int8_static", inputs, tmp_path / "made", "x")
    outputs = predicted(opened(main), inputs, "x")
    expected = np.maximum(inputs @ kernels["a"], 0) @ kernels["b"]
    # No bound on the error: without VNNI these kernels cut large sums, up to a fifth of the largest output here.
    assert np.abs(outputs).max() > 0
    assert np.corrcoef(outputs.ravel(), expected.ravel())[0, 1] >= 0.95


def test_two_builds_give_the_same_bytes_wherever_they_are(openvino, tmp_path):
    names = ("fp32", "fp16", "int8_static", "int8_weight_only")
    other = tmp_path / "another folder"
    other.mkdir()
    source = shutil.copy(openvino.folder / "source.onnx", other / "other name.onnx")
    np.save(tmp_path / "inputs.npy", INPUTS)
    # In another order: OpenVINO counts what a process has made, and gives names by it.
    python(BUILD_TWICE, source, tmp_path / "inputs.npy", other, *reversed(names))
    for name in names:
        for file in ("model.xml", "model.bin"):
            again = (other / name / file).read_bytes()
            assert again == (openvino.folder / name / file).read_bytes(), (name, file)
            assert b"other name" not in again
            assert str(tmp_path).encode() not in again


def test_every_sample_has_a_request_of_its_own(openvino, opened):
    session = opened(openvino.path("fp32"))
    expected = session.predict({"image": INPUTS[:2]})
    first, second = (session.prepare({"image": one.copy()}) for one in (INPUTS[:1], INPUTS[1:2]))
    session.predict({"image": INPUTS[2:]})
    assert np.array_equal(second(), expected[1:])
    assert np.array_equal(first(), expected[:1])
    # What was given out stays as it is.
    assert not np.shares_memory(first(), first())


@pytest.mark.parametrize(
    "wrong",
    [
        INPUTS[:1].astype(np.float64),
        INPUTS[:1].astype(np.float16),
        INPUTS[:1, :, :9, :7],
        INPUTS[:1].transpose(0, 2, 3, 1),
    ],
    ids=["float64", "float16", "smaller", "channels last"],
)
def test_an_input_of_another_type_or_shape_is_refused(openvino, opened, wrong):
    session = opened(openvino.path("fp32"))
    with pytest.raises(RuntimeError):
        session.predict({"image": wrong})
    with pytest.raises(RuntimeError):
        session.prepare({"image": wrong})


@pytest.mark.parametrize("file", ["model.xml", "model.bin"])
def test_a_truncated_file_is_refused(openvino, opened, tmp_path, file):
    shutil.copytree(openvino.folder / "fp32", tmp_path / "broken")
    held = (tmp_path / "broken" / file).read_bytes()
    (tmp_path / "broken" / file).write_bytes(held[: len(held) - 100])
    with pytest.raises(RuntimeError):
        opened(tmp_path / "broken" / "model.xml")
    if file == "model.bin":
        with pytest.raises(ContractError, match="ends before"):
            list(read_tensors(tmp_path / "broken" / "model.xml"))


def test_ranges_of_constants_are_refused(openvino, tmp_path):
    """What nncf makes of them is wide enough to look like a range."""
    with pytest.raises(ContractError, match="degenerate int8 scales of activations: image"):
        lowered(openvino, openvino.folder / "source.onnx", "int8_static", np.zeros_like(INPUTS), tmp_path / "made")
