"""What lies between a model's tensors and those of a file that somebody else made: names, layouts, shapes, integers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.file_tensors import FileTensor, check_batch
from harness.core.signature import Input, Signature
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
    """Of one sample in the file, where it is another one with the same number of elements, such as a flattened input."""
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
            if not arrow or letters != sorted(theirs) or len(set(letters)) != len(letters) or ours[:1] != theirs[:1]:
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
    """Of integers that stand for the model's floats; empty: values stay."""
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
            return sample

        return each_sample(values, adapted) if self.order or self.shape or self.scale else values

    def to_model(self, values: Values) -> Values:
        """An output's samples, (n, ...), as the model gives them."""

        def adapted(sample: Array) -> Array:
            if self.scale:
                sample = ((sample.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)
            if self.shape:
                sample = sample.reshape(self.shape)
            return sample.transpose(np.argsort(self.order)) if self.order else sample

        return each_sample(values, adapted) if self.order or self.shape or self.scale else values


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


def adapted_inputs(
    signature: Signature, tensors: Sequence[FileTensor], declared: Mapping[str, InFile]
) -> tuple[Adaptation, ...]:
    """How the model's inputs become those of a file.

    Raises:
        ContractError: which belongs to which is not clear, or shapes or dtypes don't fit as declared.
    """
    check_batch(tensors)
    pairs = _paired("input", signature.input_names, tensors, declared)
    return tuple(_input(one, pairs[one.name], declared.get(one.name, InFile())) for one in signature.inputs)


def adapted_outputs(
    signature: Signature, tensors: Sequence[FileTensor], declared: Mapping[str, InFile]
) -> tuple[Adaptation, ...]:
    """How a file's outputs become the model's; an output's ``shape`` is that of one sample of the model.

    Raises:
        ContractError: which belongs to which is not clear, or dtypes don't fit as declared.
    """
    pairs = _paired("output", signature.outputs, tensors, declared)
    return tuple(_output(name, pairs[name], declared.get(name, InFile())) for name in signature.outputs)


def _paired(
    side: str, names: Sequence[str], tensors: Sequence[FileTensor], declared: Mapping[str, InFile]
) -> dict[str, FileTensor]:
    """The file's tensor of each of the model's: by the name that was declared, by an equal name, or as the only ones.

    Never by their order: two tensors of one shape would be mistaken for each other without a word.
    """
    by_name = {one.name: one for one in tensors}
    everything = f"the file's {side}s are {', '.join(one.describe() for one in tensors) or 'none'}"
    unknown = [name for name in declared if name not in names]
    if unknown:
        raise ContractError(f"{side}s={{{unknown[0]!r}: ...}}: the model's {side}s are {', '.join(map(repr, names))}")
    if len(tensors) != len(names):
        raise ContractError(f"the model has {len(names)} {side}s ({', '.join(map(repr, names))}), and {everything}")
    pairs: dict[str, FileTensor] = {}
    for name in names:
        wanted = declared.get(name, InFile()).name or name
        if wanted in by_name:
            pairs[name] = by_name[wanted]
        elif len(names) == 1 and wanted == name:
            pairs[name] = tensors[0]
        else:
            hint = f"write {side}s={{{name!r}: harness.InFile(name='...')}}"
            raise ContractError(f"nothing in the file is called {wanted!r}: {everything}; {hint}")
    if len({one.name for one in pairs.values()}) != len(pairs):
        raise ContractError(f"two of the model's {side}s are the same one of the file; {everything}")
    return pairs


def _input(model: Input, tensor: FileTensor, declared: InFile) -> Adaptation:
    assert tensor.shape is not None, "inputs without a shape were refused"
    lengths = model.dimensions
    if declared.order:
        if len(declared.order) != len(lengths):
            raise ContractError(
                f"layout={declared.layout!r} has {len(declared.order)} dimensions of one sample, the model's input {model.name!r} "
                f"takes {model.describe()}"
            )
        lengths = tuple(lengths[axis] for axis in declared.order)
    expected = tensor.shape[1:]
    if declared.shape:
        known = [one for one in lengths if isinstance(one, int)]
        if len(known) != len(lengths) or math.prod(known) != math.prod(declared.shape):
            raise ContractError(
                f"shape={declared.shape!r} has {math.prod(declared.shape)} elements, the model's input {model.name!r} takes "
                f"{model.describe()}"
            )
        lengths = declared.shape
    if not _fits(lengths, expected):
        raise ContractError(
            f"the model's input {model.name!r} takes {model.describe()} a sample, the file's {tensor.describe()}"
            f"{_layout_hint(model, expected)}"
        )
    dtype, scale, zero_point = _integers(f"input {model.name!r}", tensor, declared)
    if not scale and not tensor.scale and tensor.dtype != model.dtype and not _widened(model.dtype, tensor.dtype):
        raise ContractError(
            f"the model's input {model.name!r} is {model.dtype}, the file's {tensor.describe()}: of integers that stand for "
            f"floats say the scale, inputs={{{model.name!r}: harness.InFile(scale=..., zero_point=...)}}"
        )
    return Adaptation(
        model_name=model.name,
        file_name=tensor.name,
        order=declared.order,
        shape=declared.shape,
        dtype=dtype,
        scale=scale,
        zero_point=zero_point,
    )


def _output(name: str, tensor: FileTensor, declared: InFile) -> Adaptation:
    dtype, scale, zero_point = _integers(f"output {name!r}", tensor, declared)
    return Adaptation(
        model_name=name,
        file_name=tensor.name,
        order=declared.order,
        shape=declared.shape,
        dtype=dtype,
        scale=scale,
        zero_point=zero_point,
    )


def _integers(which: str, tensor: FileTensor, declared: InFile) -> tuple[str, float, int]:
    """Dtype, scale and zero point of integers that stand for floats; nothing where the engine itself turns them.

    Raises:
        ContractError: a scale is declared of floats, or another one than the file says.
    """
    if not declared.scale:
        return "", 0.0, 0
    if not np.issubdtype(np.dtype(tensor.dtype), np.integer):
        raise ContractError(f"a scale is declared of {which}, and the file has {tensor.describe()} there")
    if not tensor.scale:
        return tensor.dtype, declared.scale, declared.zero_point
    same = math.isclose(tensor.scale, declared.scale, rel_tol=1e-6) and tensor.zero_point == declared.zero_point
    if not same:
        raise ContractError(
            f"scale {declared.scale:g} and zero point {declared.zero_point} are declared of {which}, and the file says "
            f"{tensor.describe()}: leave them out"
        )
    return "", 0.0, 0


def _fits(lengths: Sequence[int | str], expected: Sequence[int | str | None]) -> bool:
    return len(lengths) == len(expected) and all(
        not isinstance(theirs, int) or not isinstance(ours, int) or ours == theirs
        for ours, theirs in zip(lengths, expected, strict=True)
    )


def _widened(model: str, file: str) -> bool:
    """Whether a run side narrows the model's integers by itself: TFLite's converters make 32 bits of 64."""
    return (model, file) == ("int64", "int32")


def _layout_hint(model: Input, expected: Sequence[int | str | None]) -> str:
    """What to declare where the same lengths stand in another order, or as many elements in another shape."""
    ours = model.dimensions
    orders = [
        order
        for order in itertools.permutations(range(len(ours)))
        if len(ours) == len(expected) and _fits([ours[axis] for axis in order], expected)
    ]
    if orders and len(ours) <= 4:
        letters = {1: "NC", 2: "NHW", 3: "NCHW", 4: "NCDHW"}[len(ours)]
        theirs = "N" + "".join(letters[1 + axis] for axis in orders[0])
        return (
            f"; write inputs={{{model.name!r}: harness.InFile(layout='{letters}->{theirs}')}} or whatever order it is"
        )
    fixed = [one for one in expected if isinstance(one, int)]
    if len(fixed) == len(expected) and math.prod(fixed) == math.prod(one for one in ours if isinstance(one, int)):
        return f"; write inputs={{{model.name!r}: harness.InFile(shape={tuple(fixed)!r})}} if that is a reshaped sample"
    return ""
