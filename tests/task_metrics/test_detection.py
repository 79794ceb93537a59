"""Mean average precision is faster-coco-eval's of every resample; boxes in another form are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import DataSetError
from harness.task_metrics.detection import MOST, coco_map, matches
from tests.task_metrics.images import Boxes, detections, library_map


@pytest.mark.parametrize(("classes", "at_most"), [(1, 12), (4, 12), (3, 60)])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_librarys_of_every_resample(classes: int, at_most: int, seed: int) -> None:
    images = 40
    outputs, labels = detections(images, classes, seed, at_most=at_most)
    random = np.random.default_rng(seed)
    weights = np.vstack([np.ones((1, images), np.int64), random.multinomial(images, [1 / images] * images, size=3)])

    found = coco_map(matches(outputs, labels), weights)

    expected = [library_map(outputs, labels, classes, drawn) for drawn in weights]
    assert 0.01 < expected[0] < 0.99
    assert found == pytest.approx(expected, abs=1e-6)


def test_boxes_of_equal_overlap_are_matched_as_the_library_does() -> None:
    """On a grid of whole pixels many overlaps are equal, and some exactly at a limit."""
    outputs, labels = detections(60, 2, 7)
    for side in (outputs, labels):
        side["boxes"] = [np.round(boxes / 8) * 8 for boxes in side["boxes"]]
    labels["boxes"] = [boxes + np.array([0, 0, 8, 8]) for boxes in labels["boxes"]]
    everything = np.ones(60, np.int64)

    found = coco_map(matches(outputs, labels), everything[np.newaxis])
    assert found == pytest.approx([library_map(outputs, labels, 2, everything)], abs=1e-6)


def test_no_more_boxes_of_a_class_count_than_coco_takes() -> None:
    outputs, labels = detections(3, 2, 1)
    for number, count in enumerate((MOST + 80, 2 * MOST, 5)):
        random = np.random.default_rng(number)
        corner = random.random((count, 2)) * 200
        outputs["boxes"][number] = np.concatenate([corner, corner + 30], axis=1)
        outputs["scores"][number] = random.random(count)
        outputs["classes"][number] = random.integers(0, 2, count)
        labels["boxes"][number] = outputs["boxes"][number][::9] + 1
        labels["classes"][number] = outputs["classes"][number][::9]
    everything = np.ones(3, np.int64)

    added = matches(outputs, labels)
    assert len(added["score"][1]) == sum(min(MOST, np.count_nonzero(outputs["classes"][1] == one)) for one in (0, 1))
    expected = library_map(outputs, labels, 2, everything)
    assert coco_map(added, everything[np.newaxis]) == pytest.approx([expected], abs=1e-6)


BOX = np.array([[10.0, 10.0, 30.0, 40.0]])


def images(boxes: Any = BOX, scores: Any = (0.9,), classes: Any = (1,), times: int = 2) -> Boxes:
    one = {"boxes": np.asarray(boxes, np.float64), "scores": np.asarray(scores), "classes": np.asarray(classes)}
    return {name: np.stack([values] * times) for name, values in one.items()}


def truth(boxes: Any = BOX, classes: Any = (1,)) -> Boxes:
    return {name: values for name, values in images(boxes, classes=classes).items() if name != "scores"}


NOTHING = np.zeros((0, 4))


def level(outputs: Boxes, labels: Boxes) -> float:
    return float(coco_map(matches(outputs, labels), np.ones((1, 2), np.int64))[0])


def test_right_boxes_are_worth_all_and_none_are_worth_nothing() -> None:
    assert level(images(), truth()) == pytest.approx(1)
    assert level(images(NOTHING, [], []), truth()) == 0
    assert level(images(classes=[0]), truth()) == 0
    assert level(images(scores=[0.0]), truth()) == 0


def test_padding_of_arrays_is_no_box() -> None:
    padded = images([*BOX, np.zeros(4)], [0.9, 0.0], [1, -1])
    labels = truth([*BOX, np.zeros(4)], [1, -1])
    assert level(padded, labels) == pytest.approx(1)
    assert [len(one) for one in matches(padded, labels)["truth"]] == [1, 1]


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(np.zeros((2, 3)), truth(), "outputs are one tensor; .* boxes, scores, classes", id="one tensor"),
        pytest.param(truth(), truth(), r"outputs are \['boxes', 'classes'\]; of detections", id="no scores"),
        pytest.param(images(), np.zeros(2), "labels are one tensor; .*labels of the data set", id="class labels"),
        pytest.param(images(BOX[:, :3]), truth(), r"outputs of image 0 .* boxes \(1, 3\)", id="three corners"),
        pytest.param(images(scores=[0.9, 0.8]), truth(), r"scores \(2,\)", id="more scores"),
        pytest.param(images(), truth(BOX[0]), r"labels of image 0 .* boxes \(4,\)", id="a flat box"),
        pytest.param(images([[50, 50, 20, 10]]), truth(), "most boxes of outputs end before they begin", id="width"),
        pytest.param(images(), truth([[50, 50, 20, 10]]), "an end before its begin.*write x . width", id="true width"),
        pytest.param(
            images(), truth(BOX * np.nan), "labels hold a box with NaN or infinity, the first in image 0", id="NaN"
        ),
        pytest.param(images(), truth(classes=[np.nan]), "class labels hold nan", id="NaN class"),
        pytest.param(images(), truth(classes=[0.5]), "class labels hold 0.5", id="half a class"),
        pytest.param(images(classes=[1.4]), truth(), r"outputs hold the classes \[1.4\]", id="a quantized class"),
        pytest.param(images(classes=[-1]), truth(), r"outputs hold the classes \[-1", id="a negative class"),
        pytest.param(images(scores=[-0.2]), truth(), "outputs hold the score -0.2", id="logits"),
        pytest.param(images(), truth(NOTHING, []), "labels hold no box at all", id="no true box"),
        pytest.param(images(), truth(classes=[-1]), "labels hold no box at all", id="only padding"),
    ],
)
def test_what_are_no_boxes_is_told(outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises((ValueError, DataSetError), match=says):
        matches(outputs, labels)
