"""Made images with true boxes and detections near them, and what faster-coco-eval makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from harness.core.tensors import Array

Boxes = dict[str, Any]


def detections(images: int, classes: int, seed: int, *, at_most: int = 12) -> tuple[Boxes, Boxes]:
    """Outputs and labels of *images*: up to *at_most* boxes of each kind, some images without any."""
    random = np.random.default_rng(seed)
    outputs: Boxes = {"boxes": [], "scores": [], "classes": []}
    labels: Boxes = {"boxes": [], "classes": []}
    for _ in range(images):
        true, count = random.integers(0, at_most // 2 + 1), random.integers(0, at_most + 1)
        corner = random.random((true, 2)) * 200
        boxes = np.concatenate([corner, corner + 5 + random.random((true, 2)) * 60], axis=1)
        of_class = random.integers(0, classes, true)
        labels["boxes"].append(boxes)
        labels["classes"].append(of_class)
        near = random.integers(0, true, count) if true else np.zeros(0, np.int64)
        found = boxes[near] + random.normal(0, 4, (len(near), 4))
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2])
        outputs["boxes"].append(found)
        outputs["scores"].append(random.random(len(near)))
        outputs["classes"].append(
            np.where(random.random(len(near)) < 0.85, of_class[near], random.integers(0, classes, len(near)))
        )
    return outputs, labels


def library_map(outputs: Boxes, labels: Boxes, classes: int, drawn: Array) -> float:
    """faster-coco-eval's mean average precision of the images, each as often as it was *drawn*."""
    images: list[dict[str, Any]] = []
    true: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for number, times in enumerate(drawn):
        for _ in range(times):
            image = len(images) + 1
            images.append({"id": image, "height": 300, "width": 300})
            for box, one in zip(labels["boxes"][number], labels["classes"][number], strict=True):
                true.append({"id": len(true) + 1, "iscrowd": 0, **_annotation(image, box, one)})
            for box, score, one in zip(*(outputs[name][number] for name in outputs), strict=True):
                found.append({"score": float(score), **_annotation(image, box, one)})
    kinds = [{"id": one, "name": str(one)} for one in range(classes)]
    known = COCO({"images": images, "annotations": true, "categories": kinds})
    evaluated = COCOeval_faster(known, known.loadRes(found), "bbox")
    evaluated.run()
    return float(evaluated.stats[0])


def _annotation(image: int, box: Array, one: int) -> dict[str, Any]:
    width, height = float(box[2] - box[0]), float(box[3] - box[1])
    corner = [float(box[0]), float(box[1])]
    return {"image_id": image, "category_id": int(one), "bbox": [*corner, width, height], "area": width * height}
