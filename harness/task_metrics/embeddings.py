"""Embeddings against the float model's: how alike they are, and whether they have the same neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.registering import sample_metric
from harness.task_metrics.checked import one_array, pairs

NEIGHBOURS = (1, 5, 10)
"""Numbers of neighbours that a task metric ships for, ``recall_at_1`` and so on."""
_SIMILARITIES = 8_000_000
"""Most of them that are held at one time."""


@sample_metric("cosine_similarity", title="cosine", unit="fraction", better="higher", of_reference=True)
def cosine_similarity(outputs: Any, reference: Any) -> Array:
    """The cosine between each sample's embedding and the float model's, (n,), from -1 to 1.

    Both are (n, ...); of more dimensions all values of a sample are one vector.

    Raises:
        ValueError: shapes differ, or an embedding is zero, which has no direction.
    """
    return np.array(
        [
            _unit(output.ravel(), number, "outputs") @ _unit(exact.ravel(), number, "the float model's outputs")
            for number, (output, exact) in enumerate(pairs(outputs, reference, "the float model's outputs"))
        ]
    )


def _unit(vector: Array, number: int, what: str) -> Array:
    length = np.linalg.norm(vector)
    if not length:
        raise ValueError(f"{what} are zero in sample {number}: an embedding without length has no direction.")
    return np.asarray(vector / length)


def recall_at(k: int) -> Callable[[Any, Any], Array]:
    """The task metric ``recall_at_{k}``: of the *k* neighbours by the float model, which share the artifact has too.

    Neighbours of a sample are the other samples of the evaluation set that are nearest by cosine, each model among its
    own embeddings, (n, values).
    """

    def shared_neighbours(outputs: Any, reference: Any) -> Array:
        now, before = _embeddings(outputs, "outputs"), _embeddings(reference, "the float model's outputs")
        if len(now) <= k:
            raise ValueError(f"{k} neighbours of {len(now)} samples are all of them: recall takes more samples.")
        shares, size = [], max(_SIMILARITIES // len(now), 1)
        for start in range(0, len(now), size):
            own, true = (_nearest(side, slice(start, start + size), k) for side in (now, before))
            shares.append((own[:, :, np.newaxis] == true[:, np.newaxis]).any(axis=2).mean(axis=1))
        return np.concatenate(shares)

    shared_neighbours.__name__ = f"recall_at_{k}"
    return shared_neighbours


def _embeddings(given: Any, what: str) -> Array:
    values = one_array(given, what)
    if values.ndim != 2:
        raise ValueError(f"{what} have the shape {values.shape}; an embedding of each sample is (n, values).")
    return np.array([_unit(row, number, what) for number, row in enumerate(values.astype(np.float64))])


def _nearest(embeddings: Array, chosen: slice, k: int) -> Array:
    """The places of the *k* nearest others of each *chosen* sample, in no order."""
    alike = embeddings[chosen] @ embeddings.T
    alike[np.arange(len(alike)), chosen.start + np.arange(len(alike))] = -np.inf
    return np.argpartition(alike, -k, axis=1)[:, -k:]


for _k in NEIGHBOURS:
    _register = sample_metric(
        f"recall_at_{_k}", title=f"recall@{_k}", unit="fraction", better="higher", of_reference=True
    )
    _register(recall_at(_k))
