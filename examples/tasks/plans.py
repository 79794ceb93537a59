"""How each model of a task is trained; imports no engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from examples.plan import Plan
from examples.tasks import canvases, digit_rows, source_pieces, turned_digits
from harness.core.data import Split
from harness.core.tensors import Array
from harness.zoo.digits import digits


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan(Plan):
    """How the model of a task is trained; functions of ``examples.tasks.losses`` are named, since that module loads torch."""

    training: Callable[[], Split]
    """What it learns from: inputs and labels as one array each."""
    loss: str = ""
    """Of outputs and batch; cross-entropy where none is given."""
    called: str = ""
    """How the network is called with the inputs of a batch, where it takes something else."""
    augment: str = ""
    """What changes the inputs of a batch."""
    evaluation: Callable[[Mapping[str, Array]], Split] | None = None
    """The evaluation split by the trained weights, where it depends on them; else the data set's."""


def digit_training() -> Split:
    """The training digits, images (n, 1, 8, 8)."""
    train = digits().train
    assert train is not None
    return train


_ALL = (
    TaskPlan(
        model="digits_detector",
        dataset="digits_boxes",
        metric="coco_map",
        epochs=16,
        batch=32,
        learning_rate=5e-3,
        weight_decay=1e-2,
        training=canvases.detector_training,
        loss="detection",
        called="as_detected",
    ),
    TaskPlan(
        model="digits_segmenter",
        dataset="digits_pixels",
        metric="mean_iou",
        epochs=9,
        batch=32,
        learning_rate=1e-2,
        weight_decay=1e-2,
        training=canvases.segmenter_training,
    ),
    TaskPlan(
        model="source_topics",
        dataset="source_topics",
        metric="f1_macro",
        epochs=24,
        batch=32,
        learning_rate=4e-3,
        weight_decay=3e-1,
        training=source_pieces.topic_training,
        called="as_pieces",
        augment="shortened",
    ),
    TaskPlan(
        model="source_characters",
        dataset="source_characters",
        metric="perplexity",
        epochs=6,
        batch=64,
        learning_rate=1e-2,
        weight_decay=1e-3,
        training=source_pieces.character_training,
        loss="next_character",
    ),
    TaskPlan(
        model="digits_rotation",
        dataset="digits_turned",
        metric="rotation_error",
        epochs=16,
        batch=64,
        learning_rate=5e-3,
        weight_decay=1e-2,
        training=turned_digits.turned_training,
        loss="rotation",
    ),
    TaskPlan(
        model="digits_embedding",
        dataset="digits",
        metric="same_digit_at_5",
        epochs=60,
        batch=128,
        learning_rate=5e-3,
        weight_decay=1e-2,
        training=digit_training,
        loss="together",
        augment="moved",
    ),
    TaskPlan(
        model="digits_rows",
        dataset="digits_rows",
        metric="rows_top1",
        epochs=100,
        batch=64,
        learning_rate=1e-2,
        weight_decay=1e-2,
        training=digit_training,
        loss="both_halves",
        called="as_halves",
        augment="moved",
        evaluation=lambda weights: digit_rows.halves(digits().evaluation, weights),
    ),
)
PLANS: Mapping[str, TaskPlan] = {plan.model: plan for plan in _ALL}
