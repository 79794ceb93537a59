"""Per-sample outcomes, packed small enough to stand in git."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass, replace

import numpy as np

from harness.core.tensors import Array

SIGNIFICANT_BITS = 13
"""Of a stored value: a rounding of one in 8,192 is nothing to a mean's interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Correctness and predicted label of every evaluation sample: about 1.3 kB per 10,000 samples and bit column."""

    n: int
    dataset_sha256: str
    correct: str
    """base64 of ``numpy.packbits``; empty when the task metric scores all samples as one."""
    predicted: str = ""
    """base64 of zlib of the predicted labels as little-endian int16; empty when outputs are no class scores."""
    values: str = ""
    """base64 of zlib of the task metric's number for each sample, as little-endian float32 of 12 significant bits; empty
    where it gives none."""

    @classmethod
    def pack(cls, correct: Array, predicted: Array | None, dataset_sha256: str) -> Samples:
        """Pack bool *correct* (n,) and the *predicted* classes (n,); None: outputs are no class scores."""
        labels = ""
        if predicted is not None and predicted.max(initial=0) < 2**15:
            labels = base64.b64encode(zlib.compress(predicted.astype("<i2").tobytes(), 9)).decode()
        bits = base64.b64encode(np.packbits(correct).tobytes()).decode()
        return cls(n=len(correct), dataset_sha256=dataset_sha256, correct=bits, predicted=labels)

    @classmethod
    def scored(cls, n: int, predicted: Array | None, dataset_sha256: str) -> Samples:
        """The same without correctness: the task metric scores all *n* samples as one."""
        packed = cls.pack(np.zeros(n, dtype=np.bool_), predicted, dataset_sha256)
        return cls(n=packed.n, dataset_sha256=dataset_sha256, correct="", predicted=packed.predicted)

    def with_values(self, values: Array) -> Samples:
        """The same with *values* (n,), the task metric's numbers, rounded so that they stay small."""
        mantissa, exponent = np.frexp(np.asarray(values, np.float64))
        rounded = np.ldexp(np.rint(mantissa * 2**SIGNIFICANT_BITS) / 2**SIGNIFICANT_BITS, exponent)
        packed = zlib.compress(rounded.astype("<f4").tobytes(), 9)
        return replace(self, values=base64.b64encode(packed).decode())

    def unpack_values(self) -> Array:
        """The task metric's numbers, float64 of shape (n,).

        Raises:
            ValueError: the text does not hold n of them.
        """
        try:
            raw = zlib.decompress(base64.b64decode(self.values, validate=True))
        except (binascii.Error, zlib.error) as err:
            raise ValueError(f"packed values can't be read: {err}") from err
        if len(raw) != 4 * self.n or self.n <= 0:
            raise ValueError(f"packed values hold {len(raw) / 4:g} numbers, not {self.n}")
        return np.frombuffer(raw, "<f4").astype(np.float64)

    @property
    def per_sample(self) -> bool:
        """Whether it is known of every sample if it was right."""
        return bool(self.correct)

    def unpack_correct(self) -> Array:
        """Correctness, bool of shape (n,).

        Raises:
            ValueError: the text does not hold n samples, or n is not positive.
        """
        if self.n <= 0:
            raise ValueError(f"packed correctness of {self.n} samples")
        try:
            raw = base64.b64decode(self.correct, validate=True)
        except binascii.Error as err:
            raise ValueError(f"packed correctness is no base64: {err}") from err
        bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8))
        if not self.n <= len(bits) < self.n + 8:
            raise ValueError(f"packed correctness holds {len(bits)} bits, not {self.n} samples")
        return bits[: self.n].astype(bool)
