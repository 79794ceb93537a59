"""Named tensors as bytes, on both ends of a worker's pipes.

It is sent to the worker as text, beside the program: the standard library and numpy, nothing of this package. Tensors are a
dict by name: an array with a row per sample, or a list of arrays where the samples' shapes differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ALIGNMENT = 16
"""Where a tensor begins: an array of int64 behind one of three bools would lie across words, and be slower to compute with."""


def pack(tensors: dict[str, Any]) -> dict[str, Any]:
    """*tensors* as two fields of a message: what they are, and their bytes."""
    heads, parts = [], []
    for name, values in tensors.items():
        if isinstance(values, list):
            heads.append([name, str(values[0].dtype), [[int(d) for d in one.shape] for one in values], True])
        else:
            heads.append([name, str(values.dtype), [int(d) for d in values.shape], False])
        held = [np.ascontiguousarray(one).tobytes() for one in (values if isinstance(values, list) else [values])]
        parts += [*held, bytes(-sum(map(len, held)) % ALIGNMENT)]
    return {"tensors": heads, "data": b"".join(parts)}


def unpack(tensors: list[Any], data: bytes) -> dict[str, Any]:
    """What ``pack`` made of them; arrays can't be written to."""
    found: dict[str, Any] = {}
    at = 0
    for name, dtype, shapes, differ in tensors:
        kind = np.dtype(dtype)
        values = []
        for shape in shapes if differ else [shapes]:
            size = int(np.prod(shape, dtype=np.int64))
            values.append(np.frombuffer(data, kind, size, at).reshape(shape))
            at += size * kind.itemsize
        at += -at % ALIGNMENT
        found[name] = values if differ else values[0]
    return found


def count(tensors: dict[str, Any]) -> int:
    """How many samples *tensors* hold."""
    return len(next(iter(tensors.values())))


def rows(tensors: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    """The samples from *start* to *end*, each an array with a row per sample; those of different shapes one at a time."""
    found = {}
    for name, values in tensors.items():
        chosen = values[start:end]
        found[name] = np.stack(chosen) if isinstance(values, list) else chosen
    return found


def named(given: Any, names: list[str], samples: int) -> dict[str, Any]:
    """What an engine *given* back, by the *names* of the outputs, checked.

    Raises:
        ValueError: there are more, fewer or other outputs, or not a row per sample.
    """
    if not isinstance(given, dict):
        values = list(given) if isinstance(given, list | tuple) else [given]
        if len(values) != len(names):
            raise ValueError(f"{len(values)} outputs, the model has {len(names)}: {', '.join(names)}")
        given = dict(zip(names, values, strict=True))
    if set(given) != set(names):
        raise ValueError(f"outputs {', '.join(map(str, given))}, the model has {', '.join(names)}")
    found = {name: np.asarray(given[name]) for name in names}
    for name, rows in found.items():
        if rows.dtype.hasobject or rows.ndim == 0 or len(rows) != samples:
            raise ValueError(
                f"predict must give an array with a row per sample: {samples} samples, {name} is {rows.dtype} {rows.shape}"
            )
    return found


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The samples of *parts*, in order."""
    found: dict[str, Any] = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        if len({one.dtype for one in values}) > 1:
            raise ValueError(f"{name} is of several types: {', '.join(sorted({str(one.dtype) for one in values}))}")
        same = len({one.shape[1:] for one in values}) == 1
        found[name] = np.concatenate(values) if same else [row for one in values for row in one]
    return found
