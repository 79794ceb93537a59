"""What lies between a model's tensors and those of a file that somebody else made: names, layouts, shapes, integers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.core.tensors import Array, Values, each_sample
from harness.errors import ContractError

ARROW = "->"


@dataclass(frozen=True, slots=True, kw_only=True)
class InFile:
    """How one of the model's tensors stands in a file: only what differs needs to be said."""

    name: str = ""
    """The file's name of it."""
    layout: str = ""
    """The model's order of dimensions and the file's, with N for the batch: ``NCHW->NHWC``."""
    shape: tuple[int, ...] = ()
    """Of one sample in the file, where it is another one with the same number of elements, such as a flattened input; of an
    output, of one sample of the model."""
    scale: float = 0.0
    """Of integers in the file that stand for the model's floats, where the file does not say it."""
    zero_point: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be.

        Raises:
            ContractError: a layout that is no reordering, a shape of lengths below 1, or a scale that divides nothing.
        """
        if self.layout:
            ours, arrow, theirs = self.layout.partition(ARROW)
            letters = sorted(ours)
            if (
                not arrow
                or not letters
                or letters != sorted(theirs)
                or len(set(letters)) != len(letters)
                or ours[:1] != theirs[:1]
            ):
                raise ContractError(
                    f"layout={self.layout!r}: write the model's order of dimensions, '->' and the file's, a letter for each, the "
                    "batch first in both, as in 'NCHW->NHWC'."
                )
        shape = tuple(self.shape) if isinstance(self.shape, list | tuple) else (self.shape,)
        if not all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in shape):
            raise ContractError(f"shape={self.shape!r}: write the lengths of one sample in the file, as in (3072,).")
        object.__setattr__(self, "shape", shape)
        if not (math.isfinite(self.scale) and self.scale >= 0) or (self.zero_point and not self.scale):
            raise ContractError(
                f"scale={self.scale!r}, zero_point={self.zero_point!r}: an integer of the file stands for "
                "(integer - zero_point) * scale, so a scale is a positive number, and a zero point needs one."
            )

    @property
    def order(self) -> tuple[int, ...]:
        """The axes of a sample in the model's order, as the file has them; empty without a layout."""
        ours, _, theirs = self.layout.partition(ARROW)
        return tuple(ours.index(letter) - 1 for letter in theirs[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """One tensor of the model, and what is done on the way to the file's or back from it."""

    model_name: str
    file_name: str
    order: tuple[int, ...] = ()
    """The model's axes of one sample in the file's order; empty: they are the same."""
    shape: tuple[int, ...] = ()
    """Of one sample on the other side, after reordering; empty: it stays."""
    dtype: str = ""
    """What values become: with a scale integers that stand for the model's floats, else the same numbers; empty: they stay."""
    scale: float = 0.0
    zero_point: int = 0

    def to_file(self, values: Values) -> Values:
        """An input's samples, (n, ...), as the file takes them."""

        def adapted(sample: Array) -> Array:
            if self.order:
                sample = sample.transpose(self.order)
            if self.shape:
                sample = sample.reshape(self.shape)
            if self.scale:
                bounds = np.iinfo(self.dtype)
                steps = np.rint(sample / self.scale) + self.zero_point
                sample = np.clip(steps, bounds.min, bounds.max).astype(self.dtype)
            elif self.dtype:
                sample = _same_numbers(sample, self.dtype)
            return sample

        return each_sample(values, adapted) if self._changes else values

    @property
    def _changes(self) -> bool:
        return bool(self.order or self.shape or self.dtype)

    def to_model(self, values: Values) -> Values:
        """An output's samples, (n, ...), as the model gives them."""

        def adapted(sample: Array) -> Array:
            if self.scale:
                sample = ((sample.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)
            elif self.dtype:
                sample = sample.astype(self.dtype)
            if self.shape:
                sample = sample.reshape(self.shape)
            return sample.transpose(np.argsort(self.order)) if self.order else sample

        return each_sample(values, adapted) if self._changes else values


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptations:
    """Those of a whole file: its inputs and its outputs, each in the model's order."""

    inputs: tuple[Adaptation, ...]
    outputs: tuple[Adaptation, ...]

    def to_file(self, given: Mapping[str, Values]) -> dict[str, Values]:
        """All inputs by the model's names, (n, ...) each, as the file takes them, by its own names."""
        return {one.file_name: one.to_file(given[one.model_name]) for one in self.inputs}

    def to_model(self, given: Mapping[str, Values]) -> dict[str, Values]:
        """All outputs by the file's names, (n, ...) each, as the model gives them, by its names."""
        return {one.model_name: one.to_model(given[one.file_name]) for one in self.outputs}


def _same_numbers(sample: Array, dtype: str) -> Array:
    """*sample* as *dtype*; floats are rounded to shorter ones.

    Raises:
        ValueError: these are whole numbers, and it can't hold them.
    """
    turned = sample.astype(dtype)
    if not np.issubdtype(sample.dtype, np.floating) and not np.array_equal(turned, sample):
        raise ValueError(f"the file takes {dtype}, it was given values from {sample.min()} to {sample.max()}")
    return turned
