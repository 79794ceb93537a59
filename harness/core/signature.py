"""What a model takes and gives: tensors by name, with the lengths that samples leave free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from harness.core.tensors import Array, Ragged, Tensors, values_of
from harness.errors import ContractError, DataSetError

Lengths = Mapping[str, tuple[int, int]]
"""The least and the greatest length of free dimensions, by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A tensor that a model takes: its name, the shape of one sample (no batch dimension) and the dtype."""

    shape: tuple[int | str | None, ...]
    """A length that samples leave free is a name, or None; one name is one length, in all inputs."""
    name: str = "input"
    dtype: str = "float32"
    layout: str = ""
    """What the dimensions are, with N for the batch, such as ``NCHW``; only artifacts that others made need it."""

    def __post_init__(self) -> None:
        """Refuse what no tensor can have.

        Raises:
            ContractError: a dimension, the dtype or the layout is none.
        """
        # A length alone is meant by ("length"), which Python reads as the text.
        shape = tuple(self.shape) if isinstance(self.shape, list | tuple) else (self.shape,)
        for length in shape:
            if length is not None and not (isinstance(length, str) and length) and not _is_length(length):
                raise ContractError(
                    f"input {self.name!r}: shape={self.shape!r} holds {length!r}: a dimension is a length, a name or None "
                    "where samples differ, as in harness.Input(shape=('length', 40))."
                )
        # A length of numpy's is one of Python's: shapes travel in messages, and are compared.
        object.__setattr__(self, "shape", tuple(int(one) if isinstance(one, np.integer) else one for one in shape))
        try:
            known = np.dtype(self.dtype)
        except TypeError:
            raise ContractError(f"input {self.name!r}: dtype={self.dtype!r} is none of numpy's.") from None
        object.__setattr__(self, "dtype", str(known))
        if self.layout and len(self.layout) != 1 + len(shape):
            raise ContractError(
                f"input {self.name!r}: layout={self.layout!r} has a letter for each dimension of a batch, {1 + len(shape)} here."
            )

    @property
    def dimensions(self) -> tuple[int | str, ...]:
        """The shape of one sample, every free length under a name."""
        return tuple(f"{self.name}_{axis}" if length is None else length for axis, length in enumerate(self.shape))

    @property
    def free(self) -> tuple[str, ...]:
        """The names of its free lengths."""
        return tuple(length for length in self.dimensions if isinstance(length, str))

    def describe(self) -> str:
        """Dtype and shape in words."""
        return f"{self.dtype} {_shape_words(self.shape)}"

    def check(self, inputs: Array | Ragged, where: str) -> None:
        """Raise ``ContractError`` unless *inputs* are samples of this tensor."""
        samples = Tensors({self.name: inputs})
        for shape in samples.shapes(self.name):
            fits = len(shape) == len(self.shape) and all(
                not isinstance(wanted, int) or wanted == length
                for wanted, length in zip(self.shape, shape, strict=True)
            )
            if not fits or str(inputs.dtype) != self.dtype:
                raise ContractError(
                    f"{where}: one sample is {inputs.dtype} {shape}, but the model's input {self.name!r} takes {self.describe()}"
                    f"{_remedy(str(inputs.dtype), self.dtype)}."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """All tensors that a model takes and gives, in its order."""

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...] = ("output",)
    lengths: Lengths = field(default_factory=dict)
    """Of free dimensions, as the samples have them; empty until they were seen."""

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.inputs)

    def describe(self) -> str:
        """Both sides in words."""
        inputs = ", ".join(f"{one.name!r} {one.describe()}" for one in self.inputs)
        return f"takes {inputs} and gives {', '.join(map(repr, self.outputs))}"

    @property
    def single(self) -> bool:
        """Whether it is one tensor in and one out."""
        return len(self.inputs) == 1 and len(self.outputs) == 1

    @property
    def free(self) -> tuple[str, ...]:
        """The names of all free lengths."""
        return tuple(dict.fromkeys(name for one in self.inputs for name in one.free))

    def tensors(self, given: Any, where: str) -> Tensors:
        """What a data set gave as this model's inputs: an array, a mapping of arrays, or a sequence of samples.

        Raises:
            DataSetError: it is something else.
            ContractError: names, shapes or dtypes are not the model's.
        """
        found = tensors_of(given, self.input_names, where)
        if set(found.names) != set(self.input_names):
            raise ContractError(
                f"{where}: samples have {_listed(found.names)}, the model takes {_listed(self.input_names)}."
            )
        for one in self.inputs:
            one.check(found[one.name], where)
        return Tensors({name: found[name] for name in self.input_names})

    def with_lengths(self, *parts: Tensors) -> Signature:
        """The same with the lengths that the samples of *parts* have.

        Raises:
            ContractError: in one sample a free length is of two sizes.
        """
        found: dict[str, tuple[int, int]] = {}
        for part in parts if self.free else ():
            for number in range(len(part)):
                own = self._lengths_of(part.sample(number), number)
                for name, length in own.items():
                    least, greatest = found.get(name, (length, length))
                    found[name] = min(least, length), max(greatest, length)
        return replace(self, lengths=found)

    def _lengths_of(self, sample: Mapping[str, Array], number: int) -> dict[str, int]:
        own: dict[str, int] = {}
        for one in self.inputs:
            for name, length in zip(one.dimensions, sample[one.name].shape[1:], strict=True):
                if isinstance(name, str) and own.setdefault(name, length) != length:
                    raise ContractError(
                        f"the free length {name!r} is {own[name]} in one input of sample {number} and {length} in another: "
                        "give lengths that are independent names of their own"
                    )
        return own

    def named(self, given: Any, samples: int) -> dict[str, Array]:
        """What a model gave for *samples* samples, an array, a sequence or a mapping of them, by the declared names.

        Raises:
            ContractError: it is something else, has more, fewer or other outputs, or not a row per sample.
        """
        if isinstance(given, Mapping):
            found = {str(name): value for name, value in given.items()}
            if len(found) == len(self.outputs) == 1:  # one output needs no name
                found = {self.outputs[0]: next(iter(found.values()))}
            if set(found) != set(self.outputs):
                raise ContractError(
                    f"the model gives {_listed(found)}, and declared are {_listed(self.outputs)}: write "
                    f"harness.model(..., outputs={list(found)!r})"
                )
        else:
            values = list(given) if isinstance(given, list | tuple) else [given]
            if len(values) != len(self.outputs):
                raise ContractError(
                    f"the model gives {len(values)} output{'' if len(values) == 1 else 's'}, and declared are {_listed(self.outputs)}: write "
                    "harness.model(..., outputs=[...]) with a name for each, in its order"
                )
            found = dict(zip(self.outputs, values, strict=True))
        for name, value in found.items():
            if not isinstance(value, np.ndarray) or value.dtype.hasobject or value.shape[:1] != (samples,):
                what = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
                raise ContractError(
                    f"output {name!r} of the model must be a tensor with a row per sample: it is {what} for {samples} samples"
                )
        return {name: found[name] for name in self.outputs}


def tensors_of(given: Any, names: Sequence[str], where: str) -> Tensors:
    """What a user gave for tensors called *names*: one array, a mapping by name, or a sequence of samples of either kind.

    Raises:
        DataSetError: it is something else.
    """
    if isinstance(given, Tensors):
        return given
    samples_by_name = isinstance(given, list | tuple) and bool(given) and isinstance(given[0], Mapping)
    try:
        if samples_by_name:
            kinds = {tuple(sorted(map(str, one))) for one in given if isinstance(one, Mapping)}
            if len(kinds) != 1 or not all(isinstance(one, Mapping) for one in given):
                raise ValueError("samples that have different tensors")
            given = {name: [np.asarray(one[name]) for one in given] for name in given[0]}
        if isinstance(given, Mapping):
            if not given:
                raise ValueError("no tensor")
            found = {}
            for name, values in given.items():
                try:
                    found[str(name)] = values_of(values)
                except ValueError as err:
                    raise ValueError(f"{err} ({name!r})") from err
            return Tensors(found)
        return Tensors({names[0] if len(names) == 1 else "": values_of(given)})
    except ValueError as err:
        raise DataSetError(f"{where}: {err}.") from err


def _is_length(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) > 0


def _shape_words(shape: Sequence[int | str | None]) -> str:
    return f"({', '.join('free' if one is None else str(one) for one in shape)}{',' if len(shape) == 1 else ''})"


def _remedy(found: str, wanted: str) -> str:
    return f": convert the samples with .astype({wanted!r})" if found != wanted else ""


def _listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join(repr(name) if name else "one unnamed tensor" for name in names)
