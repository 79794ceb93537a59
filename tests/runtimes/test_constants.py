"""Kernels are told from what is only added or multiplied, by who reads them."""

from __future__ import annotations

import numpy as np
import pytest

from harness.runtimes.constants import ConstantGraph, Read, bfloat16_magnitudes

ADDED: Read[str] = Read(elementwise=True)
CONVOLVED: Read[str] = Read(elementwise=False)


@pytest.mark.parametrize(
    ("reads", "elementwise"),
    [
        pytest.param({}, False, id="nothing reads it"),
        pytest.param({"w": [ADDED]}, True, id="added"),
        pytest.param({"w": [ADDED, ADDED]}, True, id="added twice"),
        pytest.param({"w": [CONVOLVED]}, False, id="a kernel"),
        pytest.param({"w": [ADDED, CONVOLVED]}, False, id="both"),
        pytest.param({"w": [Read(passed_on="y")], "y": [ADDED]}, True, id="dequantized, then added"),
        pytest.param({"w": [Read(passed_on="y")], "y": [CONVOLVED]}, False, id="dequantized, then a kernel"),
        pytest.param({"w": [Read(passed_on="y", elementwise=True)], "y": []}, False, id="passed on to nobody"),
        pytest.param(
            {"w": [Read(passed_on="x")], "x": [Read(passed_on="y")], "y": [ADDED]}, True, id="passed on twice"
        ),
        pytest.param({"w": [Read(passed_on="y"), CONVOLVED], "y": [ADDED]}, False, id="one way of two"),
    ],
)
def test_who_reads_it_tells(reads: dict[str, list[Read[str]]], elementwise: bool) -> None:
    graph = ConstantGraph[str](lambda value: reads.get(value, ()))

    assert graph.is_elementwise("w") is elementwise
    assert graph.dimensions("w", (1, 4, 1)) == (1 if elementwise else 3)
    assert graph.is_plain_number("w", 1) is elementwise
    assert not graph.is_plain_number("w", 2)


@pytest.mark.parametrize(
    ("shape", "dimensions"),
    [((), 0), ((1,), 1), ((1, 1), 1), ((4,), 1), ((4, 1, 1), 1), ((1, 5, 4), 2), ((2, 5, 4), 3)],
)
def test_axes_to_broadcast_do_not_count(shape: tuple[int, ...], dimensions: int) -> None:
    assert ConstantGraph[str](lambda value: [ADDED]).dimensions("w", shape) == dimensions
    assert ConstantGraph[str](lambda value: [CONVOLVED]).dimensions("w", shape) == len(shape)


def test_both_zeros_of_bfloat16_are_zero() -> None:
    bits = np.array([0x0000, 0x8000, 0x0001, 0x8001, 0x3F80], "<u2")

    assert (bfloat16_magnitudes(bits) == 0).tolist() == [True, True, False, False, False]
