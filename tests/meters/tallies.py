"""Outputs as meters get them: tallied, an artifact's beside the float model's."""

from __future__ import annotations

from harness.core.probe_session import Evaluation
from harness.core.tally import Tally
from harness.core.task_metric import TaskMetric
from harness.core.tensors import Tensors
from harness.meters.accuracy import evaluate
from harness.meters.tallier import Tallier


def tally(
    metric: TaskMetric, outputs: Tensors, labels: Tensors, reference: Tally | None = None, block: int = 0
) -> Tally:
    """What *outputs* come to, taken *block* samples at a time, or all at once."""
    tallier = Tallier(metric, labels, reference)
    size = block or max(len(outputs), 1)
    for start in range(0, max(len(outputs), 1), size):
        tallier.add(start, outputs.take(slice(start, start + size)))
    return tallier.tally()


def evaluated(metric: TaskMetric, outputs: Tensors, reference_outputs: Tensors, labels: Tensors) -> Evaluation:
    """*outputs* beside *reference_outputs*."""
    reference = tally(metric, reference_outputs, labels)
    return evaluate(metric, tally(metric, outputs, labels, reference), reference, labels)
