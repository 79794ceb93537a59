"""Data sets: what a model is calibrated and evaluated on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.core.signature import tensors_of
from harness.core.source import Source
from harness.core.spool import Spool
from harness.core.tensors import Array, Ragged, Tensors, Values
from harness.errors import DataSetError


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Samples and their labels.

    ``inputs`` are as the model takes them: an array (n, ...); of a model with several inputs a mapping of arrays by
    name; a sequence of samples, arrays or mappings, where their lengths differ. ``labels`` are an array (n, ...), a
    sequence of arrays or of texts, or a mapping of these.
    """

    inputs: Any
    labels: Any

    @classmethod
    def of(cls, samples: Iterable[tuple[Any, Any]]) -> Split:
        """From a generator of pairs, an input and its label each, which are written to disk as they come.

        Raises:
            DataSetError: there is none, one is no pair, or of another kind than the first.
        """
        inputs, labels = Spool("input"), Spool("label")
        for number, pair in enumerate(samples):
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise DataSetError(f"sample {number} is {type(pair).__name__}, not a pair of an input and its label")
            inputs.add(pair[0])
            labels.add(pair[1])
        return cls(inputs.values(), labels.values())

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values()), ())) if isinstance(self.inputs, Mapping) else len(self.inputs)

    def input_tensors(self, where: str) -> Tensors:
        """The inputs by name; of a single array the name is empty.

        Raises:
            DataSetError: they are none.
        """
        return tensors_of(self.inputs, ("",), f"{where}: its inputs")

    def label_tensors(self, where: str) -> Tensors:
        """The labels by name; of a single array the name is empty.

        Raises:
            DataSetError: they are none.
        """
        labels = self.labels
        if isinstance(labels, list | tuple) and labels and all(isinstance(one, str) for one in labels):
            labels = np.array(labels)
        return tensors_of(labels, ("",), f"{where}: its labels")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DataSet:
    """The three parts of a data set that the harness uses; they must not share samples."""

    evaluation: Split
    """What accuracy is measured on."""
    calibration: Split
    """Training samples held out for choosing quantization ranges; never the evaluation set."""
    train: Split | None = None
    """Samples that recipes which train may learn from."""

    def checked(self, name: str) -> DataSet:
        """Return the data set when every part is usable.

        Raises:
            DataSetError: a part is no array or is empty, lengths differ, an input is not finite, or calibration samples are evaluation samples.
        """
        parts = {"evaluation": self.evaluation, "calibration": self.calibration}
        if self.train is not None:
            parts["train"] = self.train
        inputs = {part: _checked_inputs(split, f"data set {name!r}, {part} split") for part, split in parts.items()}
        _check_kinds(inputs, name)
        seen = set(_sample_hashes(inputs["evaluation"]))
        shared = sum(one in seen for one in _sample_hashes(inputs["calibration"]))
        if shared > 0.05 * len(self.calibration):
            raise DataSetError(
                f"data set {name!r}: {shared} of {len(self.calibration)} calibration samples are evaluation samples; "
                "int8 accuracy would be measured on the data that chose its ranges. Hold the calibration set out of the training set."
            )
        return self


def _checked_inputs(split: Split, where: str) -> Tensors:
    inputs, labels = split.input_tensors(where), split.label_tensors(where)
    if len(inputs) == 0:
        raise DataSetError(f"{where}: it is empty.")
    if len(inputs) != len(labels):
        raise DataSetError(f"{where}: {len(inputs)} inputs but {len(labels)} labels.")
    for name, values in inputs.items():
        which = f"its inputs {name!r}" if name else "its inputs"
        if isinstance(values, Ragged) and not values.shapes.all():
            number = int(np.flatnonzero((values.shapes == 0).any(axis=1))[0])
            raise DataSetError(f"{where}: {which} hold an empty sample, the first is sample {number}.")
        if np.issubdtype(values.dtype, np.floating) and not all(np.isfinite(one).all() for one in _blocks(values)):
            raise DataSetError(f"{where}: {which} hold NaN or infinity.")
    return inputs


def _check_kinds(inputs: Mapping[str, Tensors], name: str) -> None:
    """Refuse splits whose samples are of different kinds."""
    names = {part: tensors.names for part, tensors in inputs.items()}
    if len({frozenset(one) for one in names.values()}) != 1:
        raise DataSetError(f"data set {name!r}: the inputs of its splits have different names: {names}.")
    for one in next(iter(names.values())):
        ranks = {part: tensors[one].ndim - 1 for part, tensors in inputs.items()}
        if len(set(ranks.values())) != 1:  # lengths are the model's to say: it may leave them free
            of_it = f" of {one!r}" if one else ""
            raise DataSetError(
                f"data set {name!r}: the dimensions of one sample{of_it} differ between splits: {ranks}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDataSet:
    """A data set's name and the function that loads it."""

    name: str
    load: Callable[[], DataSet]
    samples: int | None = None
    """Declared size of the evaluation split."""
    smallest_class: int | None = None
    """Declared size of its smallest class."""
    source: Source

    def loaded(self) -> DataSet:
        """The data set, usable and as it was declared.

        Raises:
            DataSetError: it is not.
        """
        data = self.load().checked(self.name)
        labels = data.evaluation.label_tensors(self.name).plain()
        for what, declared, found in (
            ("samples", self.samples, len(data.evaluation)),
            ("smallest_class", self.smallest_class, smallest_class(labels)),
        ):
            if declared is not None and declared != found:
                raise DataSetError(
                    f"data set {self.name!r} ({self.source}): it declares {what}={declared}, its evaluation split has {found}."
                )
        return data


def smallest_class(labels: Any) -> int | None:
    """Samples of the class that has the fewest; None when *labels* are no classes."""
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        return None
    return int(np.unique(labels, return_counts=True)[1].min())


BLOCK = 1024
"""Samples that are looked at together: arrays may lie on the disk and be larger than the memory."""


def _blocks(values: Values) -> Iterable[Array]:
    if isinstance(values, Ragged):
        yield values.values
        return
    for start in range(0, len(values), BLOCK):
        yield values[start : start + BLOCK]


def _sample_hashes(inputs: Tensors) -> Iterable[bytes]:
    """A hash of each sample, all its tensors together."""
    for number in range(len(inputs)):
        digest = hashlib.blake2b(digest_size=16)
        sample = inputs.sample(number)
        for name in sorted(sample):
            digest.update(np.ascontiguousarray(sample[name]).tobytes())
        yield digest.digest()
