"""How long the intervals of shipped task metrics take: both sides of 10,000 samples, 2,000 resamples, on one core.

OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.task_metrics

Outputs are made up, those of the artifact unlike the float model's, so that nothing is left out. ``contributions`` is what
both sides' samples add, ``intervals`` level, loss and factor of these. Times are the process's own, by its CPU clock.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from harness.meters.quality import contributions, quality_measurements
from harness.pipeline.catalog import load_catalog
from harness.registries import task_metrics

Drawn = tuple[Any, Any, Any]
"""Outputs of the artifact and of the float model, and labels."""
Make = Callable[[np.random.Generator, int], Drawn]
CLASSES, BOXES = 10, 3
WORDS = 12


def two_classes(random: np.random.Generator, n: int) -> Drawn:
    """Scores (n, 2) that rank most samples rightly."""
    labels = random.integers(0, 2, n)
    sides = (random.normal(0, 1, (n, 2)) + np.eye(2)[labels] for _ in range(2))
    return (*sides, labels)


def classes(random: np.random.Generator, n: int, count: int = CLASSES) -> Drawn:
    """Scores (n, classes) that are right for most samples."""
    labels = random.integers(0, count, n)
    sides = (random.normal(0, 1, (n, count)) + 2 * np.eye(count)[labels] for _ in range(2))
    return (*sides, labels)


def many_classes(random: np.random.Generator, n: int) -> Drawn:
    """As ImageNet has them."""
    return classes(random, n, 1000)


def masks(random: np.random.Generator, n: int) -> Drawn:
    """Class maps of 21 classes, (n, 32, 32)."""
    labels = random.integers(0, 21, (n, 32, 32))
    sides = (np.where(random.random(labels.shape) < 0.7, labels, random.integers(0, 21, labels.shape)) for _ in "ab")
    return (*sides, labels)


def sentences(random: np.random.Generator, n: int) -> Drawn:
    """Numbers of words, (n, words)."""
    labels = random.integers(0, 1000, (n, WORDS))
    sides = (np.where(random.random(labels.shape) < 0.9, labels, random.integers(0, 1000, labels.shape)) for _ in "ab")
    return (*sides, labels)


def boxes(random: np.random.Generator, n: int) -> Drawn:
    """Three true boxes an image and twice as many found, near them."""
    corners = random.random((n, BOXES, 2)) * 200
    true = np.concatenate([corners, corners + 5 + random.random((n, BOXES, 2)) * 60], axis=2)
    of_class = random.integers(0, CLASSES, (n, BOXES))

    def side() -> dict[str, Any]:
        near = np.concatenate([true, true], axis=1) + random.normal(0, 3, (n, 2 * BOXES, 4))
        near[:, :, 2:] = np.maximum(near[:, :, 2:], near[:, :, :2])
        return {
            "boxes": near,
            "scores": random.random((n, 2 * BOXES)),
            "classes": np.concatenate([of_class] * 2, axis=1),
        }

    return side(), side(), {"boxes": true, "classes": of_class}


CASES: tuple[tuple[str, Make], ...] = (
    ("roc_auc", two_classes),
    ("f1_binary", two_classes),
    ("f1_macro", classes),
    ("f1_macro", many_classes),
    ("mean_iou", masks),
    ("word_error_rate", sentences),
    ("coco_map", boxes),
)


def measure(samples: int, cases: Sequence[tuple[str, Make]] = CASES) -> list[list[Any]]:
    """A row for each of *cases*: metric, data, seconds for contributions and for intervals."""
    load_catalog()
    import scipy.stats  # noqa: F401 - loaded once in a process, not for each metric

    rows = []
    for name, make in cases:
        metric = task_metrics.get(name)
        current, reference, labels = make(np.random.default_rng(0), samples)
        begun = time.process_time()
        sides = [contributions(metric, side, labels, samples) for side in (current, reference)]
        added = time.process_time()
        quality_measurements(metric, *sides)
        rows.append([name, make.__name__, added - begun, time.process_time() - added])
    return rows


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    rows = measure(parser.parse_args().samples)
    print(tabulate(rows, headers=["metric", "samples", "contributions s", "intervals s"], floatfmt=".2f"))


if __name__ == "__main__":
    main()
