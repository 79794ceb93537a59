"""What identifies a float model: its weights, and what it computes on real samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.core.contracts import Framework
from harness.core.signature import Signature
from harness.core.tensors import Array, Ragged, Tensors, arrays_sha256
from harness.pipeline.float_outputs import float_outputs

DRAWN = 4
"""Samples drawn from each of the evaluation and the calibration split."""
SEED = 20_260_101


def fingerprint(framework: Framework, model: Any, samples: Tensors, signature: Signature) -> str:
    """SHA-256 of *model*'s weights and of its outputs for *samples*: weights alone don't show an edited ``forward``."""
    outputs = float_outputs(framework, model, samples, signature)
    of_outputs = arrays_sha256(*outputs.arrays())
    return hashlib.sha256((state_sha256(framework.state(model)) + of_outputs).encode()).hexdigest()


def state_sha256(state: Mapping[str, Array]) -> str:
    """SHA-256 over weights and buffers by name."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(arrays_sha256(np.asarray(state[name])).encode())
    return digest.hexdigest()


def probe_samples(*splits: Tensors) -> Tensors:
    """Samples that show what a model does: some drawn from each of *splits*, and those with the extreme values.

    The draw is the same for the same data set: ``RandomState`` gives one stream with every version of numpy.
    """
    return Tensors.joined([split.take(_chosen(split)) for split in splits])


def _chosen(inputs: Tensors) -> list[int]:
    drawn = np.random.RandomState(SEED).permutation(len(inputs))[:DRAWN]
    found = set(map(int, drawn))
    for _, values in inputs.items():
        if isinstance(values, Ragged):
            least, greatest = [one.min() for one in values], [one.max() for one in values]
            found |= {int(np.argmin(least)), int(np.argmax(greatest))}
        elif values[0].size:
            flat = values.reshape(len(values), -1)
            found |= {int(flat.min(axis=1).argmin()), int(flat.max(axis=1).argmax())}
    return sorted(found)
