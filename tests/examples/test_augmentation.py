"""Augmentation: what moves, what stays."""

from __future__ import annotations

import pytest

from examples.zoo.augmentation import flipped, shifted

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")


def test_flipped_images_are_mirrored_or_untouched() -> None:
    images = torch.rand(200, 2, 3, 4)

    changed = flipped(images, torch.Generator().manual_seed(0))

    mirrored = [torch.equal(after, before.flip(-1)) for after, before in zip(changed, images, strict=True)]
    untouched = [torch.equal(after, before) for after, before in zip(changed, images, strict=True)]
    assert all(one != other for one, other in zip(mirrored, untouched, strict=True))
    assert 60 < sum(mirrored) < 140


def test_shifted_images_move_by_at_most_the_given_pixels() -> None:
    images = torch.zeros(300, 1, 7, 7)
    images[:, 0, 3, 3] = 1

    moved = shifted(images, 2, torch.Generator().manual_seed(0))

    places = moved.nonzero()
    assert moved.shape == images.shape
    assert len(places) == 300
    assert set(map(tuple, places[:, 2:].tolist())) == {(row, column) for row in range(1, 6) for column in range(1, 6)}


def test_zeros_come_in_at_the_edge() -> None:
    moved = shifted(torch.ones(50, 3, 4, 4), 1, torch.Generator().manual_seed(0))

    assert set(moved.flatten(1).sum(1).tolist()) <= {3.0 * rows * columns for rows in (3, 4) for columns in (3, 4)}
    assert moved.min() == 0
