"""int8 weights in ONNX files, by operator; each file is run beside the float one."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from harness.core.weights import Weights
from harness.runtimes.onnxruntime.reading import read_tensors
from harness.runtimes.onnxruntime.weight_only import write_weight_only

pytestmark = pytest.mark.runtimes

RANDOM = np.random.default_rng(0)


def values(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def saved(path, nodes, constants, taken, given=()):
    """A model file of *nodes* from ``x`` of shape *taken* to ``y``."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, taken), *given],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(held, name) for name, held in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, str(path))
    return path


def run(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def lowered(source):
    main = source.with_name("lowered.onnx")
    write_weight_only(source, main)
    return main


def stored(path):
    return {held.name: numpy_helper.to_array(held) for held in onnx.load(str(path)).graph.initializer}


@pytest.mark.parametrize(
    ("node", "kernel", "taken", "scales"),
    [
        (helper.make_node("Conv", ["x", "w"], ["y"]), (6, 3, 3, 3), (1, 3, 8, 8), (6, 1, 1, 1)),
        (helper.make_node("Conv", ["x", "w"], ["y"], group=3), (6, 1, 3, 3), (1, 3, 8, 8), (6, 1, 1, 1)),
        (helper.make_node("ConvTranspose", ["x", "w"], ["y"]), (3, 5, 2, 2), (1, 3, 8, 8), (1, 5, 1, 1)),
        (helper.make_node("Gemm", ["x", "w"], ["y"]), (7, 4), (2, 7), (1, 4)),
        (helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), (4, 7), (2, 7), (4, 1)),
        (helper.make_node("MatMul", ["x", "w"], ["y"]), (7, 4), (2, 7), (1, 4)),
        (helper.make_node("MatMul", ["x", "w"], ["y"]), (3, 7, 4), (3, 2, 7), (1, 1, 4)),
    ],
    ids=["conv", "depthwise", "transposed", "gemm", "gemm-transB", "matmul", "matmul-batch"],
)
def test_a_kernel_has_a_scale_per_output_channel(tmp_path, node, kernel, taken, scales):
    w, x = values(*kernel), values(*taken)
    source = saved(tmp_path / "float.onnx", [node], {"w": w}, taken)
    main = lowered(source)
    held = stored(main)
    assert held["w_quantized"].dtype == np.int8
    assert held["w_scale"].shape == scales
    # No value is further off than half a step, and the largest of each channel is met.
    assert np.abs(held["w_quantized"] * held["w_scale"] - w).max() <= 0.5001 * held["w_scale"].max()
    assert set(np.abs(held["w_quantized"]).max(axis=tuple(i for i, n in enumerate(scales) if n == 1))) == {127}
    expected = run(source, x)
    assert np.abs(run(main, x) - expected).max() <= 0.03 * np.abs(expected).max()


def test_onnxruntime_makes_the_weights_float_once_when_it_loads_them(tmp_path):
    w = values(6, 3, 3, 3)
    source = saved(tmp_path / "float.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], {"w": w}, (1, 3, 8, 8))
    settings = onnxruntime.SessionOptions()
    settings.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    settings.log_severity_level = 3  # it warns that the file suits this machine only
    onnxruntime.InferenceSession(str(lowered(source)), settings, providers=["CPUExecutionProvider"])
    operators = {node.op_type for node in onnx.load(str(tmp_path / "optimized.onnx")).graph.node}
    assert not operators & {"Cast", "Mul", "DequantizeLinear"}


def test_a_channel_of_zeros_stays_zero(tmp_path):
    w = values(4, 7)
    w[1] = 0
    w[2] = 1e-45  # so small that its scale is no number above zero
    node = helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)
    main = lowered(saved(tmp_path / "float.onnx", [node], {"w": w}, (2, 7)))
    assert stored(main)["w_scale"][1:3, 0].tolist() == [1, 1]
    assert not stored(main)["w_quantized"][1:3].any()
    assert np.isfinite(run(main, values(2, 7))).all()


def test_a_shared_kernel_is_stored_once_and_read_by_all(tmp_path):
    w, x = values(5, 5), values(2, 5)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Gemm", ["a", "w"], ["b"], transB=1),
        helper.make_node("Add", ["b", "row"], ["c"]),
        helper.make_node("Slice", ["w", "start", "end"], ["row"]),
        helper.make_node("Identity", ["c"], ["y"]),
    ]
    nodes = [nodes[3], *nodes[:3], nodes[4]]
    constants = {"w": w, "start": np.array([0]), "end": np.array([1])}
    source = saved(tmp_path / "float.onnx", nodes, constants, (2, 5))
    main = lowered(source)
    assert [name for name, held in stored(main).items() if held.dtype == np.int8] == ["w_quantized"]
    assert np.abs(run(main, x) - run(source, x)).max() <= 0.03 * np.abs(run(source, x)).max()


def test_what_is_no_kernel_stays(tmp_path):
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["a"]),
        helper.make_node("Mul", ["a", "table"], ["y"]),
    ]
    constants = {"w": values(7, 4), "b": values(4), "table": values(2, 4)}
    main = lowered(saved(tmp_path / "float.onnx", nodes, constants, (2, 7)))
    assert {name: held.dtype for name, held in stored(main).items()} == {
        "w_quantized": np.int8,
        "w_scale": np.float32,
        "b": np.float32,
        "table": np.float32,
    }


def test_what_a_caller_may_override_stays(tmp_path):
    given = helper.make_tensor_value_info("w", TensorProto.FLOAT, (7, 4))
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    main = lowered(saved(tmp_path / "float.onnx", [node], {"w": values(7, 4)}, (2, 7), given=[given]))
    assert set(stored(main)) == {"w"}


def test_subgraphs_are_left_whole(tmp_path):
    def branch(name):
        return helper.make_graph(
            [helper.make_node("MatMul", ["x", "own"], ["m"]), helper.make_node("MatMul", ["m", "w"], [name])],
            name,
            [],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, (2, 5))],
            [numpy_helper.from_array(values(5, 5), "own")],
        )

    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("If", ["yes"], ["b"], then_branch=branch("then"), else_branch=branch("other")),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    constants = {"w": values(5, 5), "yes": np.array(True)}
    source = saved(tmp_path / "float.onnx", nodes, constants, (2, 5))
    main, x = lowered(source), values(2, 5)
    assert np.abs(run(main, x) - run(source, x)).max() <= 0.03 * np.abs(run(source, x)).max()
    weights = Weights.of(read_tensors(onnx.load(str(main)).graph))
    assert weights.kernel_bytes == {"float32": 2 * 100, "int8": 25}
    assert weights.parameters == 75
