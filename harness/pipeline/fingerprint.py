"""What identifies a float model: its weights, and what it computes on real samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.core.contracts import Framework
from harness.core.data import Array, DataSet, arrays_sha256

DRAWN = 4
"""Samples drawn from each of the evaluation and the calibration split."""
SEED = 20_260_101


def fingerprint(framework: Framework, model: Any, samples: Array) -> str:
    """SHA-256 of *model*'s weights and of its outputs for *samples*: weights alone don't show an edited ``forward``."""
    outputs = framework.predict(model, samples)
    return hashlib.sha256((state_sha256(framework.state(model)) + arrays_sha256(outputs)).encode()).hexdigest()


def state_sha256(state: Mapping[str, Array]) -> str:
    """SHA-256 over weights and buffers by name."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(arrays_sha256(np.asarray(state[name])).encode())
    return digest.hexdigest()


def probe_samples(data: DataSet) -> Array:
    """Samples (n, ...) that show what a model does: some drawn from each split, and those with the extreme values.

    The draw is the same for the same data set: ``RandomState`` gives one stream with every version of numpy.
    """
    chosen = []
    for split in (data.evaluation, data.calibration):
        drawn = np.random.RandomState(SEED).permutation(len(split))[:DRAWN]
        flat = split.inputs.reshape(len(split), -1)
        extremes = [int(flat.min(axis=1).argmin()), int(flat.max(axis=1).argmax())] if flat.shape[1] else []
        chosen.append(split.inputs[sorted({*map(int, drawn), *extremes})])
    return np.concatenate(chosen)
