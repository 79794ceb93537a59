"""Multiply-accumulates of a TensorFlow graph with known shapes."""

from __future__ import annotations

import math
from typing import Any

CONVOLUTIONS = ("Conv2D", "Conv3D")
DEPTHWISE = "DepthwiseConv2dNative"
TRANSPOSED = ("Conv2DBackpropInput", "Conv3DBackpropInputV2")
PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
INSIDE = ("While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase")
"""How often what they hold runs is known only when it runs."""
CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def count_macs(graph: Any) -> int | None:
    """Multiply-accumulates of all convolutions and matrix products in *graph*; None where that can't be told.

    TensorFlow's own profiler also counts biases, activations and what normalizations compute.
    """
    total = 0
    for operation in graph.get_operations():
        if operation.type in CALLS:
            # Keras wraps grouped convolutions in a function; nothing public gives its graph with shapes.
            found = count_macs(graph._get_function(operation.get_attr("f").name).graph)
        else:
            found = _macs(operation)
        if found is None:
            return None
        total += found
    return total


def _macs(operation: Any) -> int | None:
    kind = operation.type
    if kind in INSIDE:
        return None
    shapes = [one.shape for one in (*operation.inputs, *operation.outputs)]
    if kind not in (*CONVOLUTIONS, DEPTHWISE, *TRANSPOSED, *PRODUCTS, "Einsum"):
        return 0
    if not all(shape.is_fully_defined() for shape in shapes):
        return None
    taken: list[tuple[int, ...]] = [tuple(one.shape) for one in operation.inputs]
    given: tuple[int, ...] = tuple(operation.outputs[0].shape)
    if kind in CONVOLUTIONS:
        return math.prod(given) * math.prod(
            taken[1][:-1]
        )  # a kernel is (..., channels taken per group, channels given)
    if kind == DEPTHWISE:
        return math.prod(given) * math.prod(taken[1][:2])
    if kind in TRANSPOSED:
        return math.prod(taken[2]) * math.prod(taken[1][:-1])
    if kind in PRODUCTS:
        transposed = operation.get_attr("transpose_a" if kind == "MatMul" else "adj_x")
        return math.prod(given) * taken[0][-2 if transposed else -1]
    return _einsum_macs(operation.get_attr("equation").decode(), taken)


def _einsum_macs(equation: str, taken: list[tuple[int, ...]]) -> int | None:
    sides = equation.split("->")[0].split(",")
    if "." in equation or len(sides) != 2:
        return None
    lengths = dict(zip("".join(sides), (length for shape in taken for length in shape), strict=True))
    return math.prod(lengths.values())
