"""Named tensors of several samples: what models take and give, labels, calibration; samples may differ in length."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
INDEX = "tensors.json"
HASHED_BYTES = 16 * 2**20
"""What is hashed at one time, at most."""


class Ragged:
    """Samples of one dtype and rank whose shapes differ, one after the other in memory."""

    def __init__(self, values: Array, shapes: Array) -> None:
        """Lay *shapes* (n, rank) over *values*, flat.

        Raises:
            ValueError: the shapes hold more or fewer elements than there are.
        """
        ends = np.cumsum(np.prod(shapes, axis=1, dtype=np.int64)) if len(shapes) else np.zeros(0, np.int64)
        if values.ndim != 1 or (ends[-1] if len(ends) else 0) != len(values):
            raise ValueError(f"{len(shapes)} samples of other sizes than the {len(values)} elements that they share")
        self.values = values
        self.shapes = shapes
        self._ends = ends

    @classmethod
    def of(cls, samples: Sequence[Array]) -> Ragged:
        """The samples *samples*.

        Raises:
            ValueError: there is none, or their dtypes or ranks differ.
        """
        kinds = dict.fromkeys((sample.dtype.str, sample.ndim) for sample in samples)
        if len(kinds) != 1:
            raise ValueError(
                f"samples of {len(kinds)} kinds (dtype, dimensions): {', '.join(map(str, kinds)) or 'none'}"
            )
        shapes = np.array([sample.shape for sample in samples], np.int64).reshape(len(samples), samples[0].ndim)
        return cls(np.concatenate([np.ravel(sample) for sample in samples]), shapes)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def ndim(self) -> int:
        """Dimensions, that of samples included."""
        return 1 + int(self.shapes.shape[1])

    def __len__(self) -> int:
        return len(self.shapes)

    def sample(self, number: int) -> Array:
        """The sample at *number*, in its own shape."""
        shape = self.shapes[number]
        end = int(self._ends[number])
        return self.values[end - int(np.prod(shape, dtype=np.int64)) : end].reshape(shape)

    def part(self, start: int, end: int) -> Ragged:
        """The samples from *start* up to *end*, in the same memory."""
        before = int(self._ends[start - 1]) if 0 < start <= len(self) else 0
        last = int(self._ends[end - 1]) if start < end else before
        return Ragged(self.values[before:last], self.shapes[start : max(start, end)])

    def __iter__(self) -> Iterator[Array]:
        return (self.sample(number) for number in range(len(self)))


Values = Array | Ragged
"""One tensor of all samples: an array (n, ...), or samples of different shapes."""


def values_of(given: Any) -> Values:
    """What a user gave for one tensor: an array (n, ...), or a sequence of samples.

    Raises:
        ValueError: it is something else, or its samples can't stand together.
    """
    if isinstance(given, list | tuple):
        for one in given:
            if not isinstance(one, np.ndarray):
                raise ValueError(f"{type(given).__name__} of {type(one).__name__}, not a numpy array")
        given = stacked(given) if given else np.zeros((0,), np.float32)
    if not isinstance(given, np.ndarray | Ragged):
        raise ValueError(f"{type(given).__name__}, not a numpy array")
    if given.ndim == 0:
        raise ValueError("no sample dimension")
    if given.dtype.hasobject:
        raise ValueError("Python objects: give numbers, or a sequence of arrays where samples differ in length")
    return given


def stacked(samples: Sequence[Array]) -> Values:
    """*samples*, at least one, as an array where they have one shape, else as they are.

    Raises:
        ValueError: their dtypes or ranks differ.
    """
    same = len({(sample.shape, sample.dtype.str) for sample in samples}) == 1
    return np.stack(samples) if same else Ragged.of(samples)


def each_sample(values: Values, change: Callable[[Array], Array]) -> Values:
    """*values* with *change* done to every sample."""
    return stacked([change(sample) for sample in values]) if len(values) else values


class Tensors:
    """Tensors by name, each with a value for every sample."""

    def __init__(self, values: Mapping[str, Values]) -> None:
        """Hold *values*, at least one.

        Raises:
            ValueError: there is none, or they have different numbers of samples.
        """
        counts = {name: len(one) for name, one in values.items()}
        if len(set(counts.values())) != 1:
            raise ValueError(f"tensors with different numbers of samples: {counts}" if counts else "no tensor")
        self._values = dict(values)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    @property
    def only(self) -> Values:
        """The tensor, of those that are one.

        Raises:
            ValueError: there are several.
        """
        if len(self._values) != 1:
            raise ValueError(f"{len(self._values)} tensors ({', '.join(self._values)}) where one is expected")
        return next(iter(self._values.values()))

    @property
    def nbytes(self) -> int:
        return sum(one.values.nbytes if isinstance(one, Ragged) else one.nbytes for one in self._values.values())

    def __getitem__(self, name: str) -> Values:
        return self._values[name]

    def __len__(self) -> int:
        """How many samples."""
        return len(next(iter(self._values.values())))

    def items(self) -> Iterator[tuple[str, Values]]:
        """Name and values of each tensor, in order."""
        yield from self._values.items()

    def take(self, chosen: slice | Sequence[int] | Array) -> Tensors:
        """The samples *chosen*."""
        return Tensors({name: _taken(one, chosen) for name, one in self._values.items()})

    def batches(self, size: int) -> Iterator[dict[str, Array]]:
        """All samples in order, up to *size* at a time; samples of different shapes never in one batch."""
        if not self._differ:
            for start in range(0, len(self), size):
                yield {name: np.asarray(one[start : start + size]) for name, one in self._values.items()}  # type: ignore[index]
            return
        for start, end in self._runs(size):
            yield {
                name: np.stack([one.sample(number) for number in range(start, end)])
                if isinstance(one, Ragged)
                else np.asarray(one[start:end])
                for name, one in self._values.items()
            }

    def sample(self, number: int) -> dict[str, Array]:
        """One sample by the names of its tensors, each of shape (1, ...)."""
        return {
            name: one.sample(number)[np.newaxis] if isinstance(one, Ragged) else np.asarray(one[number : number + 1])
            for name, one in self._values.items()
        }

    def typical(self) -> dict[str, Array]:
        """The sample that is timed: the first one, or where lengths differ the first of median size."""
        if not self._differ:
            return self.sample(0)
        sizes = self._sizes()
        return self.sample(sizes.index(sorted(sizes)[(len(sizes) - 1) // 2]))

    def example(self, count: int) -> dict[str, Array]:
        """A batch of the first *count* samples; where shapes differ, of the largest one so many times."""
        if not self._differ:
            return {name: np.asarray(one[:count]) for name, one in self._values.items()}  # type: ignore[index]
        largest = self.sample(int(np.argmax(self._sizes())))
        return {name: np.repeat(value, count, axis=0) for name, value in largest.items()}

    def shapes(self, name: str) -> set[tuple[int, ...]]:
        """The shapes of the samples of one tensor."""
        one = self._values[name]
        return set(map(tuple, one.shapes.tolist())) if isinstance(one, Ragged) else {one.shape[1:]}

    def by_name(self) -> dict[str, Any]:
        """The tensors by name: an array, or a list of arrays where shapes differ."""
        return {name: list(one) if isinstance(one, Ragged) else one for name, one in self._values.items()}

    def plain(self) -> Any:
        """As users write it: an array, or a list of arrays where shapes differ; of several tensors a dict of them."""
        plain = self.by_name()
        return next(iter(plain.values())) if len(plain) == 1 else plain

    def arrays(self) -> Iterator[Array]:
        """All that it holds, for a hash."""
        for name, one in self._values.items():
            if len(self._values) > 1:
                yield np.array(name)
            if isinstance(one, Ragged):
                yield one.shapes
            yield one.values if isinstance(one, Ragged) else one

    def save(self, folder: Path) -> None:
        """Write them into *folder*, as ``load`` reads them."""
        folder.mkdir(parents=True, exist_ok=True)
        index = []
        for number, (name, one) in enumerate(self._values.items()):
            if isinstance(one, Ragged):
                np.save(folder / f"{number}.shapes.npy", one.shapes, allow_pickle=False)
            np.save(folder / f"{number}.npy", one.values if isinstance(one, Ragged) else one, allow_pickle=False)
            index.append({"name": name, "ragged": isinstance(one, Ragged)})
        (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Tensors:
        """What ``save`` wrote into *folder*; the values stay on the disk until they are looked at."""

        def held(name: str) -> Array:
            return np.load(folder / name, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]

        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        return cls(
            {
                entry["name"]: Ragged(held(f"{number}.npy"), np.array(held(f"{number}.shapes.npy")))
                if entry["ragged"]
                else held(f"{number}.npy")
                for number, entry in enumerate(index)
            }
        )

    @classmethod
    def concatenated(cls, parts: Sequence[Mapping[str, Array]]) -> Tensors:
        """The samples of *parts*, batches by the names of their tensors, in order.

        Raises:
            ValueError: there is none, or their names, dtypes or ranks differ.
        """
        if not parts or len({tuple(part) for part in parts}) != 1:
            raise ValueError("batches of different tensors" if parts else "no batch")
        return cls({name: _joined([part[name] for part in parts]) for name in parts[0]})

    @classmethod
    def joined(cls, parts: Sequence[Tensors]) -> Tensors:
        """All samples of *parts*, in order.

        Raises:
            ValueError: as ``concatenated``.
        """
        return cls.concatenated([batch for part in parts for batch in part.batches(len(part) or 1)])

    @property
    def _differ(self) -> bool:
        """Whether there are samples of different shapes."""
        return any(isinstance(one, Ragged) for one in self._values.values())

    def _sizes(self) -> list[int]:
        """Elements of each sample."""
        return [sum(value.size for value in self.sample(number).values()) for number in range(len(self))]

    def _runs(self, size: int) -> Iterator[tuple[int, int]]:
        """Where samples of the same shapes begin and end, *size* at most."""
        ragged = [one for one in self._values.values() if isinstance(one, Ragged)]
        kinds = [tuple(tuple(one.shapes[number]) for one in ragged) for number in range(len(self))]
        start = 0
        for _, run in itertools.groupby(kinds):
            end = start + len(list(run))
            for begin in range(start, end, size):
                yield begin, min(begin + size, end)
            start = end


def _taken(values: Values, chosen: slice | Sequence[int] | Array) -> Values:
    if not isinstance(values, Ragged):
        return np.asarray(values[chosen])
    if isinstance(chosen, slice) and chosen.step in (None, 1):
        return values.part(*chosen.indices(len(values))[:2])
    numbers = np.arange(len(values))[chosen]  # places, or a mask of them
    if not len(numbers):
        return Ragged(values.values[:0], values.shapes[:0])
    return Ragged.of([values.sample(int(number)) for number in numbers])


def _joined(parts: Sequence[Array]) -> Values:
    if len({(part.shape[1:], part.dtype.str) for part in parts}) == 1:
        return np.concatenate(parts)
    return Ragged.of([sample for part in parts for sample in part])


def count_of(plain: Any) -> int:
    """How many samples there are in what ``Tensors.plain`` gave."""
    return len(next(iter(plain.values())) if isinstance(plain, dict) else plain)


def rows_of(plain: Any, numbers: Array) -> Any:
    """The samples at *numbers* in what ``Tensors.plain`` gave, in the same form."""
    if isinstance(plain, dict):
        return {name: rows_of(values, numbers) for name, values in plain.items()}
    return [plain[number] for number in numbers] if isinstance(plain, list) else plain[numbers]


def arrays_sha256(*arrays: Array) -> str:
    """SHA-256 over dtype, shape and bytes of *arrays*, in order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for part in _row_blocks(array):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _row_blocks(array: Array) -> Iterator[Array]:
    """*array* in parts of some megabytes: it may lie on disk and be larger than the memory."""
    if array.ndim == 0 or array.nbytes <= HASHED_BYTES:
        yield array
        return
    rows = max(1, HASHED_BYTES * len(array) // array.nbytes)
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
