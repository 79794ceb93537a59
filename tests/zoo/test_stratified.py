"""Stratified choices: exact counts, class proportions, no change between runs."""

from __future__ import annotations

import numpy as np
import pytest

from harness.zoo.stratified import stratified

LABELS = np.repeat([0, 1, 2], [10, 20, 70])


@pytest.mark.parametrize(
    ("count", "per_class"),
    [
        (10, [1, 2, 7]),
        (100, [10, 20, 70]),
        (1, [0, 0, 1]),
        (5, [1, 1, 3]),  # shares 0.5, 1, 3.5: the odd sample goes to the first of equal remainders
        (0, [0, 0, 0]),
    ],
)
def test_classes_keep_their_share(count: int, per_class: list[int]) -> None:
    chosen = stratified(LABELS, count, seed=0)

    assert np.bincount(LABELS[chosen], minlength=3).tolist() == per_class
    assert len(set(chosen.tolist())) == count


def test_the_same_seed_chooses_the_same_samples_for_ever() -> None:
    # recorded figures: they must not change with numpy's version
    assert stratified(LABELS, 10, seed=0).tolist() == RECORDED
    assert stratified(LABELS, 10, seed=1).tolist() != RECORDED


RECORDED = [2, 12, 25, 32, 43, 60, 71, 75, 83, 97]
