"""The tensors that a model file takes and gives, as it says itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.signature import Input, Signature
from harness.errors import ContractError

OTHER = "object"
"""The dtype of what holds no numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTensor:
    """One input or output of a file: name, dtype and shape, the batch included."""

    name: str
    dtype: str
    """As numpy calls it."""
    shape: tuple[int | str | None, ...] | None
    """A free length is None, or a name where the file gives it one; None: the file does not say the shape."""
    scale: float = 0.0
    """Of integers that stand for numbers, where the file says so: ``(integer - zero_point) * scale``; 0: they don't."""
    zero_point: int = 0

    def describe(self) -> str:
        """Name, dtype and shape in words."""
        if self.shape is None:
            return f"{self.name!r} {self.dtype}, of a shape that the file does not say"
        lengths = ", ".join("free" if one is None else str(one) for one in self.shape)
        quantized = f", scale {self.scale:g}, zero point {self.zero_point}" if self.scale else ""
        return f"{self.name!r} {self.dtype} ({lengths}{',' if len(self.shape) == 1 else ''}){quantized}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTensors:
    """All inputs and outputs of a file, in its order."""

    inputs: tuple[FileTensor, ...]
    outputs: tuple[FileTensor, ...]

    def describe(self) -> str:
        """Both sides in words."""
        inputs, outputs = (", ".join(one.describe() for one in side) for side in (self.inputs, self.outputs))
        return f"takes {inputs or 'nothing'} and gives {outputs or 'nothing'}"

    def signature(self) -> Signature:
        """What a model that is this file takes and gives, under the file's names.

        Raises:
            ContractError: the file takes or gives nothing, or something that is no number, has a tensor without a name or a
                shape, or takes a batch that is neither free nor of one sample.
        """
        for side, tensors in (("input", self.inputs), ("output", self.outputs)):
            names = [one.name for one in tensors]
            if not names:
                raise ContractError(f"it has no {side}s")
            if not all(names) or len(set(names)) != len(names):
                raise ContractError(f"its {side}s are called {names!r}: each takes a name of its own")
            check_numbers(side, tensors)
        check_batch(self.inputs)
        return Signature(
            inputs=tuple(Input(name=one.name, shape=(one.shape or ())[1:], dtype=one.dtype) for one in self.inputs),
            outputs=tuple(one.name for one in self.outputs),
        )


def check_numbers(side: str, tensors: Sequence[FileTensor]) -> None:
    """Check that all *tensors* hold numbers; *side* says whether they are inputs or outputs.

    Raises:
        ContractError: one holds something else, such as strings.
    """
    for one in tensors:
        if one.dtype == OTHER:
            raise ContractError(
                f"its {side} {one.describe()} holds something else than numbers, such as strings: export the model without it"
            )


def check_batch(inputs: Sequence[FileTensor]) -> None:
    """Check that every input's first dimension is that of samples: free, or of one.

    Raises:
        ContractError: one is not.
    """
    for one in inputs:
        if not one.shape:
            what = "a single number" if one.shape == () else "of a shape that the file does not say"
            raise ContractError(f"its input {one.name!r} is {what}; every input has a first dimension for samples")
        if isinstance(one.shape[0], int) and one.shape[0] != 1:
            raise ContractError(
                f"its input {one.describe()} takes {one.shape[0]} samples at a time, and evaluation gives one: "
                "write the file with a batch of one, or a free one"
            )
