"""Data sets: what a model is calibrated and evaluated on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.source import Source
from harness.errors import DataSetError

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Samples and their labels: ``inputs`` of shape (n, ...) as the model takes them, ``labels`` of shape (n,) or (n, ...)."""

    inputs: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.inputs)


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
        for part, split in parts.items():
            where = f"data set {name!r}, {part} split"
            for side, values in (("inputs", split.inputs), ("labels", split.labels)):
                if not isinstance(values, np.ndarray):
                    raise DataSetError(f"{where}: its {side} are {type(values).__name__}, not a numpy array.")
                if values.ndim == 0:
                    raise DataSetError(f"{where}: its {side} have no sample dimension.")
            if len(split) == 0:
                raise DataSetError(f"{where}: it is empty.")
            if len(split.inputs) != len(split.labels):
                raise DataSetError(f"{where}: {len(split.inputs)} inputs but {len(split.labels)} labels.")
            if np.issubdtype(split.inputs.dtype, np.floating) and not np.isfinite(split.inputs).all():
                raise DataSetError(f"{where}: its inputs hold NaN or infinity.")
        shapes = {part: split.inputs.shape[1:] for part, split in parts.items()}
        if len(set(shapes.values())) != 1:
            raise DataSetError(f"data set {name!r}: the shapes of one sample differ between splits: {shapes}.")
        seen = {_row_hash(row) for row in self.evaluation.inputs}
        shared = sum(_row_hash(row) in seen for row in self.calibration.inputs)
        if shared > 0.05 * len(self.calibration):
            raise DataSetError(
                f"data set {name!r}: {shared} of {len(self.calibration)} calibration samples are evaluation samples; "
                "int8 accuracy would be measured on the data that chose its ranges. Hold the calibration set out of the training set."
            )
        return self


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
        labels = data.evaluation.labels
        for what, declared, found in (
            ("samples", self.samples, len(data.evaluation)),
            ("smallest_class", self.smallest_class, smallest_class(labels)),
        ):
            if declared is not None and declared != found:
                raise DataSetError(
                    f"data set {self.name!r} ({self.source}): it declares {what}={declared}, its evaluation split has {found}."
                )
        return data


def smallest_class(labels: Array) -> int | None:
    """Samples of the class that has the fewest; None when *labels* are no classes."""
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        return None
    return int(np.unique(labels, return_counts=True)[1].min())


def _row_hash(row: Array) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(row).tobytes(), digest_size=16).digest()


def arrays_sha256(*arrays: Array) -> str:
    """SHA-256 over dtype, shape and bytes of *arrays*, in order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
