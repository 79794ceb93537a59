"""ONNX files with weights in int8 and everything else in float: onnxruntime's own quantizer has no such mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.core.tensors import Array

TOP = 127
WEIGHT_INPUT = 1
"""Position of the weights among the inputs of every operator handled here."""


def write_weight_only(source: Path, main: Path) -> None:
    """Store the kernels of *source* as int8 with a scale per output channel, and make them float again by Cast and Mul.

    The product takes the kernel's old name, so whatever reads a kernel, several nodes or a subgraph, reads it as before.
    Kernels that belong to a subgraph stay float.
    """
    import onnx

    model = onnx.load(str(source))
    graph = model.graph
    axes = _axes_of_kernels(graph)
    kept: list[Any] = []
    restoring: list[Any] = []
    for held in graph.initializer:
        name = held.name
        if name not in axes:
            kept.append(held)
            continue
        quantized, scale, cast = f"{name}_quantized", f"{name}_scale", f"{name}_cast"
        values, scales = _quantized(onnx.numpy_helper.to_array(held), axes[name])
        kept += [onnx.numpy_helper.from_array(values, quantized), onnx.numpy_helper.from_array(scales, scale)]
        # DequantizeLinear would say the same in one node, but onnxruntime computes that one anew in every inference
        # (four times the latency of float in 1.32): it is kept from constant folding, for the sake of int8 kernels.
        restoring += [
            onnx.helper.make_node("Cast", [quantized], [cast], name=cast, to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Mul", [cast, scale], [name], name=f"{name}_restored"),
        ]
    nodes = [*restoring, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.save(model, str(main))


def _axes_of_kernels(graph: Any) -> dict[str, int]:
    """The axis of output channels of every float initializer that a node of *graph* itself reads as its kernel."""
    import onnx

    given = {one.name for one in graph.input}  # a caller may override these, so they are no constants
    ranks = {
        held.name: len(held.dims)
        for held in graph.initializer
        if held.data_type == onnx.TensorProto.FLOAT and held.name not in given
    }
    axes: dict[str, int] = {}
    for node in graph.node:
        if node.domain not in ("", "ai.onnx") or len(node.input) <= WEIGHT_INPUT:
            continue
        name = node.input[WEIGHT_INPUT]
        if ranks.get(name, 0) >= 2:
            axis = _output_axis(node, ranks[name])
            if axis is not None:
                axes.setdefault(name, axis)
    return axes


def _output_axis(node: Any, rank: int) -> int | None:
    match node.op_type:
        case "Conv":
            return 0
        case "ConvTranspose":
            return 1
        case "Gemm":
            return 0 if any(one.name == "transB" and one.i for one in node.attribute) else 1
        case "MatMul":
            return rank - 1
    return None


def _quantized(values: Array, axis: int) -> tuple[Array, Array]:
    """Int8 values and the float scales that multiply them; symmetric, so that 0.0 is 0."""
    others = tuple(one for one in range(values.ndim) if one != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    # The scale of a channel that is all zero does not matter, but nothing can be divided by zero.
    scales = (largest / TOP).astype(np.float32)
    scales[scales == 0] = 1
    return np.clip(np.rint(values / scales), -TOP, TOP).astype(np.int8), scales
