"""Likeness and neighbours of embeddings as scikit-learn says, and vectors without a direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import paired_cosine_distances
from sklearn.neighbors import NearestNeighbors

from harness.core.tensors import Array
from harness.task_metrics import embeddings
from harness.task_metrics.embeddings import cosine_similarity, recall_at

RANDOM = np.random.default_rng(0)
EXACT = RANDOM.normal(0, 1, (60, 16))
NEAR = EXACT + RANDOM.normal(0, 0.6, EXACT.shape)


def neighbours(values: Array, k: int) -> list[set[int]]:
    found = NearestNeighbors(n_neighbors=k, metric="cosine").fit(values).kneighbors(return_distance=False)
    return [set(row) for row in found.tolist()]


def test_the_cosine_is_scikit_learns() -> None:
    assert cosine_similarity(NEAR, EXACT) == pytest.approx(1 - paired_cosine_distances(NEAR, EXACT))
    assert cosine_similarity(EXACT * 3, EXACT) == pytest.approx(np.ones(60))
    assert cosine_similarity(NEAR.reshape(60, 4, 4), EXACT.reshape(60, 4, 4)) == pytest.approx(
        cosine_similarity(NEAR, EXACT)
    )


@pytest.mark.parametrize("k", [1, 5, 10])
@pytest.mark.parametrize("held", [10**6, 150], ids=["at once", "in parts"])
def test_neighbours_are_scikit_learns(k: int, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_SIMILARITIES", held)
    shared = [len(a & b) / k for a, b in zip(neighbours(NEAR, k), neighbours(EXACT, k), strict=True)]

    assert recall_at(k)(NEAR, EXACT) == pytest.approx(shared)
    assert 0 < np.mean(shared) < 1
    assert recall_at(k)(EXACT, EXACT).tolist() == [1] * 60


@pytest.mark.parametrize(
    ("metric", "outputs", "reference", "says"),
    [
        pytest.param(cosine_similarity, np.zeros((60, 16)), EXACT, "outputs are zero in sample 0", id="zero"),
        pytest.param(
            cosine_similarity, NEAR, np.zeros((60, 16)), "the float model's outputs are zero", id="zero reference"
        ),
        pytest.param(cosine_similarity, NEAR[:, :8], EXACT, r"the shape \(8,\)", id="shorter"),
        pytest.param(cosine_similarity, {"a": NEAR, "b": NEAR}, EXACT, "outputs are 2 tensors", id="several"),
        pytest.param(recall_at(5), NEAR[:5], EXACT[:5], "5 neighbours of 5 samples are all of them", id="few"),
        pytest.param(recall_at(5), np.zeros((60, 16)), EXACT, "outputs are zero in sample 0", id="zero neighbours"),
        pytest.param(
            recall_at(5), NEAR[:, 0], EXACT[:, 0], r"an embedding of each sample is \(n, values\)", id="numbers"
        ),
        pytest.param(recall_at(5), list(NEAR), EXACT, "samples of different shapes", id="a list"),
    ],
)
def test_what_has_no_direction_or_too_few_is_told(metric: Any, outputs: Any, reference: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        metric(outputs, reference)
