"""Zeros and parameters of tensors that the shipped quantizers don't write, or only of other models."""

import io
import json
import zipfile

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from harness.core.weights import Weights
from harness.runtimes.litert.reading import read_tensors as read_tflite
from harness.runtimes.onnxruntime.reading import read_tensors as read_onnx
from harness.runtimes.torch.reading import read_tensors as read_pt2

pytestmark = pytest.mark.runtimes

GRID = np.array([[0, 3, 5], [3, 3, 5]], np.uint8)


def onnx_tensors(nodes, constants, **given):
    graph = helper.make_graph(nodes, "graph", [], [], [numpy_helper.from_array(v, n) for n, v in constants.items()])
    return {one.name: one for one in read_onnx(graph, **given)}


@pytest.mark.parametrize(
    ("node", "zero_point", "zeros"),
    [
        (helper.make_node("DequantizeLinear", ["w", "s"], ["y"]), [], 1),
        (helper.make_node("DequantizeLinear", ["w", "s", "z"], ["y"]), 3, 3),
        (helper.make_node("DequantizeLinear", ["w", "s", "z"], ["y"], axis=0), [5, 3], 3),
        (helper.make_node("DequantizeLinear", ["w", "s", "z"], ["y"], axis=1), [0, 3, 5], 5),
        (helper.make_node("DequantizeLinear", ["w", "s", "z"], ["y"], axis=-1), [0, 3, 5], 5),
        (helper.make_node("DequantizeLinear", ["w", "s", "z"], ["y"], axis=1, block_size=2), [[0, 5], [3, 5]], 5),
        (helper.make_node("ConvInteger", ["x", "w", "a", "z"], ["y"]), [5, 3], 3),
        (helper.make_node("MatMulInteger", ["x", "w", "a", "z"], ["y"]), [0, 3, 5], 5),
        (helper.make_node("MatMulInteger", ["w", "x", "z"], ["y"]), [5, 3], 3),
        (helper.make_node("QLinearConv", ["x", "xs", "xz", "w", "s", "z", "ys", "yz"], ["y"]), [5, 3], 3),
        (helper.make_node("QLinearMatMul", ["x", "xs", "xz", "w", "s", "z", "ys", "yz"], ["y"]), [0, 3, 5], 5),
        (helper.make_node("QGemm", ["x", "xs", "xz", "w", "s", "z"], ["y"], transB=1), [5, 3], 3),
        (helper.make_node("QGemm", ["x", "xs", "xz", "w", "s", "z"], ["y"]), [0, 3, 5], 5),
        (helper.make_node("DynamicQuantizeMatMul", ["x", "w", "s", "z"], ["y"]), [0, 3, 5], 5),
        (helper.make_node("MatMulIntegerToFloat", ["x", "w", "a", "s", "az", "z"], ["y"]), [0, 3, 5], 5),
    ],
    ids=lambda value: value.op_type if hasattr(value, "op_type") else str(value),
)
def test_onnx_zeros_are_what_equals_the_zero_point(node, zero_point, zeros):
    found = onnx_tensors([node], {"w": GRID, "s": np.float32(1), "z": np.array(zero_point, np.uint8)})
    assert found["w"].zeros == zeros
    assert [name for name, one in found.items() if one.parameter] == ["w"]


def test_onnx_zeros_of_an_lstm_whose_zero_points_are_per_channel():
    node = helper.make_node("DynamicQuantizeLSTM", ["x", "w", "r", *[""] * 6, "z"], ["y"])
    found = onnx_tensors([node], {"w": GRID[None], "z": np.array([[0, 3, 5]], np.uint8)})
    assert found["w"].zeros == 5


def test_onnx_zeros_are_found_behind_a_lookup():
    nodes = [
        helper.make_node("Gather", ["w", "i"], ["rows"]),
        helper.make_node("DequantizeLinear", ["rows", "s", "z"], ["y"]),
    ]
    found = onnx_tensors(nodes, {"w": GRID, "i": np.array([0]), "s": np.float32(1), "z": np.uint8(3)})
    assert (found["w"].zeros, found["w"].parameter, found["i"].parameter) == (3, True, False)


def test_onnx_four_bits_are_half_a_byte_each():
    packed = helper.make_tensor("w", TensorProto.INT4, (3, 3), [0, 1, -8, 7, 0, 0, 2, 3, 4])
    graph = helper.make_graph([helper.make_node("DequantizeLinear", ["w", "s"], ["y"])], "graph", [], [], [packed])
    (found,) = read_onnx(graph)
    assert (found.dtype, found.size, found.stored_bytes, found.zeros, found.dimensions) == ("int4", 9, 5, 3, 2)


def test_onnx_parameters_are_told_from_settings_and_shapes():
    constants = {
        **{"kernel": np.ones((4, 3, 1, 1), np.float32), "bias": np.ones(4, np.float32)},
        **{"scale": np.ones(4, np.float32), "mean": np.ones(4, np.float32)},
        **{"low": np.float32(0), "six": np.array([6], np.float32), "shape": np.array([1, -1])},
        **{"vector": np.ones((4, 1, 1), np.float32), "grid": np.ones((1, 5, 4), np.float32)},
    }
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "bias"], ["a"]),
        # An exporter stores equal tensors once: what is a bias here is a mean there.
        helper.make_node("BatchNormalization", ["a", "scale", "bias", "bias", "mean"], ["b"]),
        helper.make_node("Clip", ["b", "low"], ["c"]),
        helper.make_node("Mul", ["c", "six"], ["d"]),
        helper.make_node("Mul", ["d", "vector"], ["e"]),
        helper.make_node("Reshape", ["e", "shape"], ["f"]),
        helper.make_node("Add", ["f", "grid"], ["y"]),
    ]
    found = onnx_tensors(nodes, constants)
    assert {name for name, one in found.items() if one.parameter} == {"kernel", "bias", "scale", "vector", "grid"}
    assert {name: found[name].dimensions for name in ("kernel", "bias", "vector", "grid")} == {
        **{"kernel": 4, "bias": 1},
        **{"vector": 1, "grid": 2},
    }


def test_onnx_integer_biases_are_parameters():
    nodes = [helper.make_node("QLinearConv", ["x", "xs", "xz", "w", "s", "z", "ys", "yz", "b"], ["y"])]
    found = onnx_tensors(nodes, {"b": np.array([1, 0], np.int32), "z": np.uint8(0)})
    assert (found["b"].parameter, found["b"].dimensions, found["b"].zeros) == (True, 1, 1)


def test_onnx_scales_that_meet_a_measured_scale_are_no_parameters():
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]),
        helper.make_node("Mul", ["qs", "s"], ["y"]),
    ]
    assert not onnx_tensors(nodes, {"s": np.ones(4, np.float32)})["s"].parameter


def tflite(tensors, operators=(), behind=b""):
    """A file of constants: (name, type, shape, data or (offset, size), scales, zero points, axis)."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    graph.tensors, graph.operators, model.operatorCodes = [], [], []
    for name, dtype, shape, data, scales, points, axis in tensors:
        tensor, buffer = schema.TensorT(), schema.BufferT()
        tensor.name, tensor.type, tensor.shape = name, getattr(schema.TensorType, dtype), list(shape)
        if isinstance(data, tuple):
            buffer.offset, buffer.size = data
        else:
            buffer.data = list(data)
        if scales:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = scales, points
            tensor.quantization.quantizedDimension = axis
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
        graph.tensors.append(tensor)
    for name, inputs, outputs in operators:
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        operator.opcodeIndex, operator.inputs, operator.outputs = len(model.operatorCodes), inputs, outputs
        model.operatorCodes.append(code)
        graph.operators.append(operator)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()) + behind


@pytest.mark.parametrize(
    ("points", "axis", "zeros"), [([], 0, 1), ([3], 0, 3), ([5, 3], 0, 3), ([0, 3, 5], 1, 5)], ids=str
)
def test_tflite_zeros_are_what_equals_the_zero_point(points, axis, zeros):
    file = tflite([("w", "UINT8", (2, 3), GRID.tobytes(), [1.0] * max(len(points), 1), points, axis)])
    (found,) = read_tflite(file)
    assert (found.zeros, found.size, found.stored_bytes, found.dimensions, found.parameter) == (zeros, 6, 6, 2, True)


def test_tflite_four_bits_are_unpacked():
    # 1, 0, -1, 0, 0 and a half byte that nothing uses
    (found,) = read_tflite(tflite([("w", "INT4", (5,), bytes([0x01, 0x0F, 0x00]), [1.0], [0], 0)]))
    assert (found.dtype, found.size, found.stored_bytes, found.zeros) == ("int4", 5, 3, 3)
    (found,) = read_tflite(tflite([("w", "INT4", (5,), bytes([0x01, 0x0F, 0x00]), [1.0], [-1], 0)]))
    assert found.zeros == 1


def test_tflite_data_behind_the_flatbuffer_is_read():
    empty = tflite([("w", "INT8", (2, 3), (2, 6), [1.0], [3], 0)])
    file = tflite([("w", "INT8", (2, 3), (len(empty), 6), [1.0], [3], 0)], behind=GRID.tobytes())
    (found,) = read_tflite(file)
    assert (found.zeros, found.stored_bytes) == (3, 6)
    with pytest.raises(ValueError, match="the file ends before the 6 bytes"):
        list(read_tflite(file[:-1]))


def test_tflite_shapes_and_single_numbers_are_no_parameters():
    ones = np.ones(4, np.float32).tobytes()
    tensors = [
        ("kernel", "FLOAT32", (4, 1, 1, 1), ones, [], [], 0),
        ("bias", "INT32", (4,), bytes(16), [1.0], [0], 0),
        ("shape", "INT32", (4,), bytes(16), [], [], 0),
        ("scale", "FLOAT32", (1, 1, 1, 4), ones, [], [], 0),
        ("half", "FLOAT32", (), ones[:4], [], [], 0),
        ("epsilon", "FLOAT32", (1,), ones[:4], [], [], 0),
        ("single", "FLOAT32", (1, 1), ones[:4], [], [], 0),
    ]
    operators = [
        *(("CONV_2D", [9, 0, 1], [10]), ("RESHAPE", [10, 2], [11]), ("MUL", [11, 3], [12])),
        *(("MUL", [12, 4], [13]), ("ADD", [13, 5], [14]), ("FULLY_CONNECTED", [14, 6, -1], [15])),
    ]
    found = {one.name: one for one in read_tflite(tflite(tensors, operators))}
    assert {name for name, one in found.items() if one.parameter} == {"kernel", "bias", "scale", "single"}
    assert {name: one.dimensions for name, one in found.items() if one.parameter} == {
        **{"kernel": 4, "bias": 1},
        **{"scale": 1, "single": 2},
    }


PT2_DTYPES = {"uint8": 1, "int64": 5, "float32": 7, "bfloat16": 13}


def pt2(tmp_path, tensors, nodes):
    """An archive of tensors (name, dtype, stored array, shape, strides, is it a parameter) and a graph."""
    config, specs = {}, []
    path = tmp_path / "model.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, dtype, held, shape, strides, is_parameter) in enumerate(tensors):
            payload = io.BytesIO(held.tobytes())
            archive.writestr(f"model/data/weights/weight_{number}", payload.getvalue())
            config[name] = {
                "path_name": f"weight_{number}",
                "is_param": is_parameter,
                "tensor_meta": {
                    "dtype": PT2_DTYPES[dtype],
                    "sizes": [{"as_int": length} for length in shape],
                    "strides": [{"as_int": stride} for stride in strides],
                    "storage_offset": {"as_int": 0},
                },
            }
            kind = "parameter" if is_parameter else "buffer"
            specs.append({kind: {"arg": {"name": f"p_{name}"}, f"{kind}_name": name}})
        archive.writestr("model/data/weights/model_weights_config.json", json.dumps({"config": config}))
        module = {"signature": {"input_specs": specs}, "graph": {"nodes": nodes}}
        archive.writestr("model/models/model.json", json.dumps({"graph_module": module}))
    return {one.name: one for one in read_pt2(path)}


def node(target, output, **inputs):
    return {
        "target": target,
        "inputs": [{"name": name, "arg": arg} for name, arg in inputs.items()],
        "outputs": [{"as_tensor": {"name": output}}],
    }


def tensor(name):
    return {"as_tensor": {"name": name}}


PER_TENSOR = "torch.ops.quantized_decomposed.dequantize_per_tensor.default"
PER_CHANNEL = "torch.ops.quantized_decomposed.dequantize_per_channel.default"


def test_pt2_zeros_are_what_equals_the_zero_point(tmp_path):
    read = node(PER_TENSOR, "d", input=tensor("p_w"), scale={"as_float": 1.0}, zero_point={"as_int": 3})
    found = pt2(tmp_path, [("w", "uint8", GRID, (2, 3), (3, 1), False)], [read])
    assert (found["w"].zeros, found["w"].parameter, found["w"].dimensions) == (3, True, 2)


def test_pt2_zero_points_per_channel_follow_the_layout(tmp_path):
    points = np.array([0, 3, 5])
    given = {"scales": tensor("p_s"), "zero_points": tensor("p_z"), "axis": {"as_int": 1}}
    tensors = [
        ("w", "uint8", np.ascontiguousarray(GRID.T), (2, 3), (1, 2), False),  # columns lie together
        ("s", "float32", np.ones(3, np.float32), (3,), (1,), False),
        ("z", "int64", points, (3,), (1,), False),
    ]
    found = pt2(tmp_path, tensors, [node(PER_CHANNEL, "d", input=tensor("p_w"), **given)])
    assert found["w"].zeros == 5
    assert [name for name, one in found.items() if one.parameter] == ["w"]


def test_pt2_parameters_are_those_of_the_model_and_short_floats_are_read(tmp_path):
    bits = np.array([0x0000, 0x8000, 0x3F80, 0x0001], np.uint16)  # 0, -0, 1 and the least above 0
    tensors = [
        ("w", "bfloat16", bits, (4, 1), (1, 1), True),
        ("gain", "float32", np.ones(4, np.float32), (4, 1, 1), (1, 1, 1), True),
        ("mean", "float32", np.ones(4, np.float32), (4,), (1,), False),
    ]
    nodes = [
        node("torch.ops.aten.linear.default", "a", input=tensor("x"), weight=tensor("p_w")),
        node("torch.ops.aten.mul.Tensor", "b", self=tensor("a"), other=tensor("p_gain")),
    ]
    found = pt2(tmp_path, tensors, nodes)
    assert (found["w"].zeros, found["w"].dtype, found["w"].dimensions) == (2, "bfloat16", 2)
    assert found["gain"].dimensions == 1
    assert Weights.of(found.values()).parameters == 8
