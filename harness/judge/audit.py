"""What an artifact's content says about its size, and an engine about its placement, in words."""

from __future__ import annotations

from harness.core import figures
from harness.core.names import REFERENCE_RECIPE
from harness.core.result import CellResult
from harness.judge.words import say

HARDLY = 0.98
"""A file of this share of the float file's size has hardly become smaller."""
COMPRESSES = 0.9
"""Compressed size relative to fp32's below which the redundancy is real."""
SOME_ZEROS = 0.1


def size_remark(result: CellResult) -> str:
    """Why a compressed file is no smaller although there is less in it; empty where that is not so."""
    size, packed, zeros = (
        result.measurements.get(one.name) for one in (figures.SIZE_RATIO, figures.ZSTD_RATIO, figures.SPARSITY)
    )
    if result.cell.is_reference or size is None or packed is None or size.value < HARDLY or packed.value > COMPRESSES:
        return ""
    sparse = zeros is not None and zeros.value >= SOME_ZEROS
    why = "zeros are stored like any number" if sparse else "equal values are stored like any others"
    smaller = f"{100 * (1 - size.value):.1f} % smaller" if size.value <= 1 else f"{100 * (size.value - 1):.1f} % larger"
    return f"{result.cell.recipe} left the file {smaller} ({why}); zstd would make it {say(packed.value, 'ratio')}"


def placement_remark(result: CellResult) -> str:
    """The operators that the provider asked for did not take, by who took them; empty when there are none."""
    if result.placement is None:
        return ""
    return "; ".join(
        f"left to {provider}: {', '.join(f'{count} {name}' for name, count in sorted(operators.items()))}"
        for provider, operators in sorted(result.placement.operators.items())
        if provider != result.placement.provider and operators
    )


def float_remark(result: CellResult) -> str:
    """The largest kernels that were left in float32 beside int8 ones; empty when there are none."""
    kernels = result.artifact.largest_kernels if result.artifact is not None else {}
    names = kernels.get("float32", ())
    return f"in float32: {', '.join(names)}" if names and result.cell.recipe != REFERENCE_RECIPE else ""


def integer_remark(result: CellResult) -> str:
    """The largest kernels that are no float32, with their types; empty when there are none."""
    kernels = result.artifact.largest_kernels if result.artifact is not None else {}
    others = {dtype: names for dtype, names in kernels.items() if dtype != "float32"}
    return "; ".join(f"in {dtype}: {', '.join(names)}" for dtype, names in sorted(others.items()) if names)
