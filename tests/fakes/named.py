"""Plain arrays as the harness's contracts take them: tensors by name, and signatures."""

from __future__ import annotations

from typing import Any

from harness.core.signature import Input, Signature
from harness.core.tensors import Tensors, values_of


def one(values: Any, name: str = "image") -> Tensors:
    """The only tensor *name*: an array (n, ...), or a list of samples whose shapes differ."""
    return Tensors({name: values_of(values)})


def signature(
    shape: tuple[int | str | None, ...],
    name: str = "image",
    dtype: str = "float32",
    outputs: tuple[str, ...] = ("output",),
) -> Signature:
    """Of a model that takes the only tensor *name*."""
    return Signature(inputs=(Input(name=name, shape=shape, dtype=dtype),), outputs=outputs)
