"""Samples that come one by one, written to disk as they come: a data set may be larger than the memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from harness.core.tensors import Array, Ragged, Values
from harness.errors import DataSetError


class _Column:
    """One tensor of all samples, in a file that is gone when nobody reads it any more."""

    def __init__(self) -> None:
        self._shapes: list[tuple[int, ...]] = []
        self._dtype: np.dtype[Any] = np.dtype(np.float32)
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - outlives it

    def add(self, value: Array, which: str) -> None:
        """Write *value*; *which* it is, for messages."""
        if not self._shapes:
            self._dtype = value.dtype
        rank = len(self._shapes[0]) if self._shapes else value.ndim
        if (value.dtype, value.ndim) != (self._dtype, rank):
            raise DataSetError(
                f"{which} is {value.dtype} of {value.ndim} dimensions, the first is {self._dtype} of {rank}: give all one dtype "
                "and as many dimensions"
            )
        self._shapes.append(value.shape)
        self._file.write(np.ascontiguousarray(value).tobytes())

    def values(self) -> Values:
        """All of them, on disk until they are looked at."""
        self._file.flush()
        size = sum(int(np.prod(shape)) for shape in self._shapes)
        flat: Array = np.memmap(self._file, self._dtype, "r", shape=(size,)) if size else np.zeros(0, self._dtype)
        count, first = len(self._shapes), self._shapes[0]
        if len(set(self._shapes)) == 1:
            return flat.reshape(count, *first)
        return Ragged(flat, np.array(self._shapes, np.int64).reshape(count, len(first)))


class _Texts:
    """The texts of all samples; they are few and of any length."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, value: Array, which: str) -> None:
        """Take *value*; *which* it is, for messages."""
        if value.dtype.kind != "U" or value.ndim:
            raise DataSetError(f"{which} is {value.dtype} of {value.ndim} dimensions, the first is a text")
        self._texts.append(str(value))

    def values(self) -> Values:
        """All of them."""
        return np.array(self._texts)


class Spool:
    """Samples of one kind: arrays, or mappings of arrays by name."""

    def __init__(self, what: str) -> None:
        """Begin; *what* is a word for one sample, for messages."""
        self._what = what
        self._columns: dict[str, _Column | _Texts] = {}
        self._count = 0

    def add(self, sample: Any) -> None:
        """Take the next one.

        Raises:
            DataSetError: it is of another kind than the first.
        """
        named = {str(name): value for name, value in sample.items()} if isinstance(sample, Mapping) else {"": sample}
        arrays = {name: np.asarray(value) for name, value in named.items()}
        which = f"{self._what} {self._count}"
        if not self._count:
            self._columns = {name: _Texts() if one.dtype.kind == "U" else _Column() for name, one in arrays.items()}
        if arrays.keys() != self._columns.keys():
            first = ", ".join(map(repr, self._columns))
            raise DataSetError(f"{which} has {', '.join(map(repr, arrays))}, the first has {first}")
        for name, value in arrays.items():
            if value.dtype.hasobject:
                raise DataSetError(f"{which} is {type(named[name]).__name__}: give numbers, arrays of them, or texts")
            self._columns[name].add(value, f"{which}, {name!r}," if name else which)
        self._count += 1

    def values(self) -> Any:
        """All of them: one array, samples of different shapes, or a mapping of these.

        Raises:
            DataSetError: there is none.
        """
        if not self._count:
            raise DataSetError(f"there is no {self._what}: the generator gave nothing")
        values = {name: column.values() for name, column in self._columns.items()}
        return values[""] if set(values) == {""} else values
