"""What a constant is, told from who reads it; each format says who that is in its own graph."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from harness.core.tensors import Array

Value = TypeVar("Value", bound=Hashable)
"""How a format calls a value in its graph: a name, an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[Value]):
    """One operator that reads a value."""

    elementwise: bool = False
    """Whether it computes element by element, so that what it reads is no kernel."""
    passed_on: Value | None = None
    """Its output, where it only passes elements on or makes floats of them: then that one's readers tell."""


class ConstantGraph(Generic[Value]):
    """The readers of constants in a graph.

    Args:
        reads_of: gives all operators that read a value.
    """

    def __init__(self, reads_of: Callable[[Value], Iterable[Read[Value]]]) -> None:
        self._reads_of = reads_of

    def is_elementwise(self, value: Value) -> bool:
        """Whether something reads *value*, and all that read it compute element by element."""
        reads = list(self._reads_of(value))
        return bool(reads) and all(
            read.elementwise if read.passed_on is None else self.is_elementwise(read.passed_on) for read in reads
        )

    def dimensions(self, value: Value, shape: Sequence[int]) -> int:
        """Dimensions of a tensor of *shape*; of what meets each element, axes of length 1 are there to broadcast."""
        if not self.is_elementwise(value):
            return len(shape)
        return min(max(sum(length > 1 for length in shape), 1), len(shape))

    def is_plain_number(self, value: Value, size: int) -> bool:
        """Whether it is one number that every element meets, as a formula has it: no weight of the model."""
        return size == 1 and self.is_elementwise(value)


def bfloat16_magnitudes(bits: Array) -> Array:
    """Bits of bfloat16 numbers without the sign: 0 exactly where the number is zero. numpy has no such type."""
    return bits & np.uint16(0x7FFF)
