"""What an artifact holds, read from the artifact itself: its constant tensors, and sums over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from harness.core.tensors import Array

NAMED_KERNELS = 5
"""Kernels of a dtype that are kept by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTensor:
    """One constant tensor of an artifact."""

    name: str
    dtype: str
    size: int
    """Elements."""
    dimensions: int
    stored_bytes: int
    zeros: int
    """Elements that stand for zero: of a quantized tensor, those that equal their zero point."""
    parameter: bool = True
    """Whether it holds weights of the model; False for scales, zero points, shapes and the like."""

    @classmethod
    def of(
        cls, name: str, values: Array, *, zero_point: Array | int = 0, parameter: bool = True, dtype: str = ""
    ) -> WeightTensor:
        """The record of *values*; *zero_point* must broadcast to them, *dtype* names a type that numpy lacks."""
        return cls(
            name=name,
            dtype=dtype or str(values.dtype),
            size=int(values.size),
            dimensions=values.ndim,
            stored_bytes=int(values.nbytes),
            zeros=int(np.count_nonzero(values == zero_point)),
            parameter=parameter,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Sums over the tensors of an artifact."""

    bytes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of all constant tensors, by dtype."""
    kernel_bytes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of kernels by dtype; a kernel is a parameter of two or more dimensions, so a bias is none."""
    parameters: int = 0
    """Elements of all parameters."""
    kernel_size: int = 0
    """Elements of all kernels."""
    kernel_zeros: int = 0
    largest_kernels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the largest kernels by dtype, the largest first."""

    @classmethod
    def of(cls, tensors: Iterable[WeightTensor]) -> Weights:
        """The sums over *tensors*."""
        tensors = list(tensors)
        kernels = [one for one in tensors if one.parameter and one.dimensions >= 2]
        return cls(
            bytes=_by_dtype(tensors),
            kernel_bytes=_by_dtype(kernels),
            parameters=sum(one.size for one in tensors if one.parameter),
            kernel_size=sum(one.size for one in kernels),
            kernel_zeros=sum(one.zeros for one in kernels),
            largest_kernels=_largest(kernels),
        )

    @classmethod
    def read(cls, held: Mapping[str, Any]) -> Weights:
        """What ``plain`` gave.

        Raises:
            ValueError, TypeError, AttributeError, KeyError: it is something else.
        """
        bytes_, kernel_bytes = (
            {str(dtype): int(count) for dtype, count in held[name].items()} for name in ("bytes", "kernel_bytes")
        )
        return cls(
            bytes=bytes_,
            kernel_bytes=kernel_bytes,
            parameters=int(held["parameters"]),
            kernel_size=int(held["kernel_size"]),
            kernel_zeros=int(held["kernel_zeros"]),
            largest_kernels={
                str(dtype): tuple(map(str, names)) for dtype, names in held.get("largest_kernels", {}).items()
            },
        )

    def plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @property
    def total_bytes(self) -> int:
        return sum(self.bytes.values())

    def share(self, *dtypes: str) -> float | None:
        """The share of kernel bytes that have one of *dtypes*; None without kernels."""
        total = sum(self.kernel_bytes.values())
        return sum(self.kernel_bytes.get(dtype, 0) for dtype in dtypes) / total if total else None

    @property
    def sparsity(self) -> float | None:
        """The share of kernel elements that are zero; None without kernels."""
        return self.kernel_zeros / self.kernel_size if self.kernel_size else None


def _largest(kernels: Sequence[WeightTensor]) -> dict[str, tuple[str, ...]]:
    ordered = sorted(kernels, key=lambda kernel: (-kernel.stored_bytes, kernel.name))
    return {
        dtype: tuple(kernel.name for kernel in ordered if kernel.dtype == dtype)[:NAMED_KERNELS]
        for dtype in sorted({kernel.dtype for kernel in kernels})
    }


def _by_dtype(tensors: Iterable[WeightTensor]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in tensors:
        found[one.dtype] += one.stored_bytes
    return dict(sorted(found.items()))
