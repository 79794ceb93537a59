"""ONNX files with weights in int8 as TensorRT takes them: its parser wants them behind DequantizeLinear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.runtimes.onnxruntime.weight_only import write_weight_only


def write_dequantized_weights(source: Path, main: Path) -> None:
    """Write *source* to *main* with kernels in int8, a scale per output channel, and a DequantizeLinear for each."""
    import onnx

    write_weight_only(source, main)
    model = onnx.load(str(main))
    graph = model.graph
    stored = {one.name: one for one in graph.initializer}
    casts = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "Cast" and _is_int8(stored.get(node.input[0]))
    }
    nodes = [
        _dequantizing(node, casts[node.input[0]], stored[node.input[1]])
        if node.op_type == "Mul" and node.input[0] in casts
        else node
        for node in graph.node
        if not set(node.output) & casts.keys()
    ]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(main))


def _dequantizing(product: Any, kernel: str, scale: Any) -> Any:
    """The node in place of *product*; *scale* loses the axes that were there to broadcast."""
    import onnx

    # As many axes as the kernel has, and only that of the channels is longer than one.
    axis = next((number for number, length in enumerate(scale.dims) if length > 1), 0)
    scale.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(scale).reshape(-1), scale.name))
    taken = [kernel, scale.name]
    return onnx.helper.make_node("DequantizeLinear", taken, list(product.output), name=product.name, axis=axis)


def _is_int8(tensor: Any) -> bool:
    import onnx

    return tensor is not None and tensor.data_type == onnx.TensorProto.INT8
