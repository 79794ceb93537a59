"""Fixed choices of samples with the class proportions of the whole."""

from __future__ import annotations

import numpy as np

from harness.core.tensors import Array


def stratified(labels: Array, count: int, seed: int) -> Array:
    """Sorted indices of *count* samples, each class in its proportion (largest remainders get the odd samples).

    The same labels, count and seed give the same indices with every version of numpy: ``RandomState`` is frozen, the
    streams of ``default_rng`` are not.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    shares = count * sizes / len(labels)
    counts = np.floor(shares).astype(int)
    remainders = np.argsort(counts - shares, kind="stable")
    counts[remainders[: count - int(counts.sum())]] += 1
    random = np.random.RandomState(seed)
    chosen = [
        random.permutation(np.flatnonzero(labels == label))[:number]
        for label, number in zip(classes, counts, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
