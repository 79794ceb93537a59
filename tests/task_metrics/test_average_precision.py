"""Average precision by hand, and that weights are images drawn several times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.task_metrics import average_precision as subject
from harness.task_metrics.average_precision import OVERLAPS, average_precision
from harness.task_metrics.detection import matches
from tests.task_metrics.images import detections

LIMITS = len(OVERLAPS)


def image(scores: list[float], right: list[bool], truth: int, of_class: int = 0) -> dict[str, Any]:
    return {
        "score": np.array(scores),
        "class": np.full(len(scores), of_class),
        "matched": np.repeat(np.array(right, bool)[:, np.newaxis], LIMITS, axis=1).reshape(len(scores), LIMITS),
        "truth": np.full(truth, of_class),
    }


def joined(*images: dict[str, Any]) -> dict[str, Any]:
    return {name: [one[name] for one in images] for name in images[0]}


def test_by_hand() -> None:
    """Right, wrong, right, of four true boxes: precision 1 up to a recall of 1/4, then 2/3 up to 2/4."""
    added = joined(image([0.9, 0.8], [True, False], 3), image([0.7], [True], 1))
    assert average_precision(added, np.ones((1, 2))) == pytest.approx([(26 * 1 + 25 * 2 / 3) / 101])


def test_an_image_that_was_not_drawn_counts_for_nothing() -> None:
    added = joined(image([0.9, 0.8], [True, False], 3), image([0.7], [True], 1))
    alone = average_precision(joined(image([0.7], [True], 1)), np.ones((1, 1)))
    assert average_precision(added, np.array([[0, 2]])) == pytest.approx(alone)
    assert alone == pytest.approx([1.0])


def test_a_class_without_a_true_box_in_a_resample_is_left_out() -> None:
    added = joined(image([0.9], [True], 1), image([0.9], [False], 1, of_class=1))
    found = average_precision(added, np.array([[1, 1], [2, 0], [0, 2]]))
    assert found == pytest.approx([0.5, 1, 0])


def test_without_any_true_box_there_is_no_number() -> None:
    added = joined(image([0.9], [True], 1), image([0.9], [False], 0))
    assert np.isnan(average_precision(added, np.array([[0, 2]]))).all()


@pytest.mark.parametrize(("held", "exact"), [(50, 2**24), (10**7, 0)], ids=["in small parts", "in double precision"])
def test_parts_and_precision_change_nothing(held: int, exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    added = matches(*detections(30, 3, 0))
    weights = np.random.default_rng(0).multinomial(30, [1 / 30] * 30, size=17)
    whole = average_precision(added, weights)

    monkeypatch.setattr(subject, "_HELD", held)
    monkeypatch.setattr(subject, "_EXACT", exact)
    assert average_precision(added, weights) == pytest.approx(whole, abs=1e-6)
