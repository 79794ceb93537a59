"""Fixed choices of samples with the class proportions of the whole."""

from __future__ import annotations

import numpy as np

from harness.core.data import Array


def stratified(labels: Array, count: int, seed: int) -> Array:
    """Sorted indices of *count* samples, each class in its proportion (largest remainders get the odd samples).

    The same labels, count and seed give the same indices with every version of numpy: ``RandomState`` is frozen, the
    streams of ``default_rng`` are not.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    shares = count * sizes / len(labels)
    taken = np.floor(shares).astype(int)
    remainders = np.argsort(taken - shares, kind="stable")
    taken[remainders[: count - int(taken.sum())]] += 1
    random = np.random.RandomState(seed)
    chosen = [
        random.permutation(np.flatnonzero(labels == label))[:number]
        for label, number in zip(classes, taken, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
