"""Which tensor of a file that somebody else made is which of the model's, and whether they fit as was declared."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from harness.core.adaptation import Adaptation, InFile
from harness.core.file_tensors import FileTensor, check_batch, check_numbers
from harness.core.signature import Input, Signature
from harness.errors import ContractError


def adapted_inputs(
    signature: Signature, tensors: Sequence[FileTensor], declared: Mapping[str, InFile]
) -> tuple[Adaptation, ...]:
    """How the model's inputs become those of a file.

    Raises:
        ContractError: which belongs to which is not clear, or shapes or dtypes don't fit as declared.
    """
    check_numbers("input", tensors)
    check_batch(tensors)
    pairs = _paired("input", signature.input_names, tensors, declared)
    return tuple(_input(one, pairs[one.name], declared.get(one.name, InFile())) for one in signature.inputs)


def adapted_outputs(
    signature: Signature, tensors: Sequence[FileTensor], declared: Mapping[str, InFile]
) -> tuple[Adaptation, ...]:
    """How a file's outputs become the model's; an output's ``shape`` is that of one sample of the model.

    Raises:
        ContractError: which belongs to which is not clear, or shapes or dtypes don't fit as declared.
    """
    check_numbers("output", tensors)
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
    if not scale:
        dtype = _number_type(model, tensor)
    return Adaptation(
        model_name=model.name,
        file_name=tensor.name,
        order=declared.order,
        shape=declared.shape,
        dtype=dtype,
        scale=scale,
        zero_point=zero_point,
    )


def _number_type(model: Input, tensor: FileTensor) -> str:
    """As what the model's numbers are given to *tensor*, where it holds another type of them; empty where they stay.

    Raises:
        ContractError: the file takes integers and the model floats, and nothing says what the integers stand for.
    """
    taken = "float32" if tensor.scale else tensor.dtype  # the engine itself makes its integers of floats
    if taken == model.dtype:
        return ""
    if np.issubdtype(np.dtype(taken), np.floating) or not np.issubdtype(np.dtype(model.dtype), np.floating):
        return taken
    raise ContractError(
        f"the model's input {model.name!r} is {model.dtype}, the file's {tensor.describe()}: of integers that stand for "
        f"floats say the scale, inputs={{{model.name!r}: harness.InFile(scale=..., zero_point=...)}}"
    )


def _output(name: str, tensor: FileTensor, declared: InFile) -> Adaptation:
    _check_output_shape(name, tensor, declared)
    dtype, scale, zero_point = _integers(f"output {name!r}", tensor, declared)
    if tensor.dtype == "float16":
        dtype = "float32"  # the model's; sums of half floats overflow
    return Adaptation(
        model_name=name,
        file_name=tensor.name,
        order=declared.order,
        shape=declared.shape,
        dtype=dtype,
        scale=scale,
        zero_point=zero_point,
    )


def _check_output_shape(name: str, tensor: FileTensor, declared: InFile) -> None:
    """Refuse what can't become the model's output as *declared*, as far as the file says its shape."""
    lengths = None if tensor.shape is None else tensor.shape[1:]
    if lengths is None or not all(isinstance(one, int) for one in lengths):
        return
    elements = math.prod(one for one in lengths if isinstance(one, int))
    if declared.shape and math.prod(declared.shape) != elements:
        raise ContractError(
            f"shape={declared.shape!r} of output {name!r} has {math.prod(declared.shape)} elements, the file's is {tensor.describe()}"
        )
    dimensions = len(declared.shape or lengths)
    if declared.order and len(declared.order) != dimensions:
        raise ContractError(
            f"layout={declared.layout!r} of output {name!r} has {len(declared.order)} dimensions of one sample, and it has "
            f"{dimensions}: the file's is {tensor.describe()}"
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
