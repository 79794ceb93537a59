"""The benchmark of task metrics measures each of its cases, and the slowest takes seconds."""

from __future__ import annotations

import pytest

from benchmarks.task_metrics import CASES, boxes, measure


def test_every_case_has_its_row() -> None:
    rows = measure(60)
    assert [(name, data) for name, data, *_ in rows] == [(name, make.__name__) for name, make in CASES]
    assert all(seconds >= 0 for *_, added, intervals in rows for seconds in (added, intervals))


@pytest.mark.slow
def test_ten_thousand_images_of_boxes_take_seconds() -> None:
    ((_, _, _, intervals),) = measure(10_000, [("coco_map", boxes)])
    assert intervals <= 15, "5 s where nothing else runs"
