"""Accuracy: the task metric, agreement with the reference, and how far raw outputs are from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.core import figures
from harness.core.figure import Figure
from harness.core.measurement import Measurement
from harness.core.probe_session import Evaluation, ProbeSession
from harness.core.result import ClassFlips
from harness.core.tally import Tally
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Ragged, Tensors, count_of
from harness.meters.distance import check_alike, distance
from harness.meters.quality import quality_measurements
from harness.stats.bootstrap import bootstrap, paired_bootstrap
from harness.stats.intervals import proportion_interval
from harness.stats.paired_drop import Flips

CONFIDENCE = 0.95
BOTH_SIDES_5 = 0.90
"""Level of the interval of a drop: each of its sides is a one-sided test at 5 %."""


def correctness(metric: Callable[[Any, Any], Any], outputs: Any, labels: Any, name: str) -> Array:
    """Per-sample correctness, bool of shape (n,).

    Raises:
        ValueError: the metric fails or breaks its contract.
    """
    try:
        correct = np.asarray(metric(outputs, labels))
    except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
        raise ValueError(f"task metric {name!r} failed: {type(err).__name__}: {err}") from err
    samples = count_of(labels)
    if correct.shape != (samples,) or correct.dtype != np.bool_:
        raise ValueError(
            f"task metric {name!r} must return bool of shape ({samples},), it returned {correct.dtype} {correct.shape}"
        )
    return correct


def evaluate(task_metric: TaskMetric, ours: Tally, reference: Tally, labels: Tensors) -> Evaluation:
    """What an artifact's outputs come to beside the float model's, with what became of every sample.

    Raises:
        ValueError: the task metric could not be computed of the float model.
    """
    if reference.problem:
        raise ValueError(reference.problem)
    known = labels if ours.whole else labels.take(ours.numbers)
    whole = Evaluation(
        task_metric=task_metric,
        n=ours.n,
        label_tensors=known,
        output_tensors=ours.outputs,
        reference_tensors=reference.outputs,
        same_label=_same_label(ours, reference),
        predicted=ours.predicted,
    )
    if ours.added is None or reference.added is None:
        return whole
    if task_metric.kind is not Kind.OUTCOME:
        return replace(whole, added=ours.added, reference_added=reference.added)
    correct, reference_correct = (np.asarray(side.only) for side in (ours.added, reference.added))
    classes = class_flips(reference_correct, correct, labels.plain())
    return replace(whole, correct=correct, reference_correct=reference_correct, classes=classes)


def _same_label(ours: Tally, reference: Tally) -> Array | None:
    """Whether both sides predict the same class, bool (n,); None where outputs are no scores of the same classes."""
    if ours.predicted is None or reference.predicted is None or ours.classes != reference.classes:
        return None
    return np.asarray(ours.predicted == reference.predicted)


def evaluation_measurements(session: ProbeSession) -> list[Measurement]:
    """Accuracy and all that is told of predictions.

    Raises:
        ValueError: outputs are unusable, or the score fails or is no finite number.
    """
    seen = session.evaluation
    if seen.added is not None and seen.reference_added is not None:
        measured = quality_measurements(seen.task_metric, seen.added, seen.reference_added)
    elif seen.correct is None or seen.reference_correct is None:
        metric = seen.task_metric
        measured = score_measurements(metric.compute, seen.outputs, seen.reference_outputs, seen.labels, metric.name)
    else:
        measured = accuracy_measurements(seen.correct, seen.reference_correct, seen.classes)
    if seen.same_label is not None:
        measured = [*measured, _share(figures.AGREEMENT, int(seen.same_label.sum()), len(seen.same_label))]
    return [*measured, *output_measurements(seen.output_tensors, seen.reference_tensors)]


def class_flips(reference: Array, current: Array, labels: Any) -> tuple[ClassFlips, ...]:
    """How correctness changed, class by class; nothing when *labels* are no classes."""
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        return ()
    found = []
    for label in np.unique(labels):
        of_class = labels == label
        one = Flips.of(reference[of_class], current[of_class])
        found.append(ClassFlips(label=str(label), n=one.n, negative=one.negative, positive=one.positive))
    return tuple(found)


def accuracy_measurements(correct: Array, reference_correct: Array, classes: Sequence[ClassFlips]) -> list[Measurement]:
    """Accuracy, its drop, flips, and the worst class."""
    n = len(correct)
    paired = Flips.of(reference_correct, correct)
    found = [
        _share(figures.ACCURACY, int(correct.sum()), n),
        figures.ACCURACY_DROP.measured(paired.drop, n=n),
        figures.NEGATIVE_FLIPS_COUNT.measured(paired.negative, n=n),
        figures.POSITIVE_FLIPS_COUNT.measured(paired.positive, n=n),
        _share(figures.NEGATIVE_FLIPS, paired.negative, n),
    ]
    if classes:
        worst = max((one.negative - one.positive) / one.n for one in classes)
        found.append(figures.WORST_CLASS_DROP.measured(worst, n=min(one.n for one in classes)))
    return found


def gain_measurements(flips: Flips) -> list[Measurement]:
    """What a recipe gains over its control, from *flips* between the control and the recipe."""
    return [
        figures.ACCURACY_GAIN.measured(-flips.drop, n=flips.n),
        figures.GAIN_LOST_COUNT.measured(flips.negative, n=flips.n),
        figures.GAIN_WON_COUNT.measured(flips.positive, n=flips.n),
    ]


def spread_measurement(accuracies: Sequence[Measurement]) -> Measurement:
    """Between the best and the worst of *accuracies* of one recipe under several draws of calibration samples."""
    values = [one.value for one in accuracies]
    return figures.CALIBRATION_SPREAD.measured(max(values) - min(values), n=accuracies[0].n)


def score_measurements(
    score: Callable[[Any, Any], float], outputs: Any, reference_outputs: Any, labels: Any, name: str
) -> list[Measurement]:
    """A score over all samples and its drop, each with a bootstrap interval.

    Raises:
        ValueError: the score fails or is no number from 0 to 1.
    """

    def checked(some: Any, of: Any) -> float:
        try:
            value = float(score(some, of))
        except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
            raise ValueError(f"task metric {name!r} failed: {type(err).__name__}: {err}") from err
        if not math.isfinite(value):
            raise ValueError(f"task metric {name!r} gave {value}")
        if not 0 <= value <= 1:
            raise ValueError(
                f"score {name!r} gave {value:g}; a score lies from 0 to 1 and higher is better. Of an error, write "
                "@harness.sample_metric or @harness.score(of=...), with its unit and better='lower'."
            )
        return value

    n, now, before = count_of(outputs), checked(outputs, labels), checked(reference_outputs, labels)
    drop = paired_bootstrap(checked, outputs, reference_outputs, labels, BOTH_SIDES_5)
    own = bootstrap(checked, outputs, labels, CONFIDENCE)
    return [
        figures.ACCURACY.measured(now, n=n, interval=own),
        figures.ACCURACY_DROP.measured(before - now, n=n, interval=drop),
    ]


def class_scores(outputs: Tensors) -> Array | None:
    """The outputs where they are one score (n, classes) for each class, else None."""
    if (
        len(outputs.names) > 1
        or isinstance(outputs.only, Ragged)
        or outputs.only.ndim != 2
        or outputs.only.shape[1] < 2
    ):
        return None
    return outputs.only


def output_measurements(outputs: Tensors, reference_outputs: Tensors) -> list[Measurement]:
    """How far the raw outputs are apart: of several the one that is furthest.

    Raises:
        ValueError: their names or shapes differ.
    """
    check_alike(outputs, reference_outputs)
    n, several = len(outputs), len(outputs.names) > 1
    distances = [distance(outputs[name], reference_outputs[name], name if several else "") for name in outputs.names]
    correlations = [one.correlation for one in distances if one.correlation is not None]
    measured = [
        figures.OUTPUT_ERROR.measured(max(one.error for one in distances), n=n),
        figures.SQNR.measured(min(one.sqnr_db for one in distances), n=n),
    ]
    return [*measured, figures.CORRELATION.measured(min(correlations), n=n)] if correlations else measured


def _share(figure: Figure, count: int, n: int) -> Measurement:
    return figure.measured(count / n, n=n, interval=proportion_interval(count, n, CONFIDENCE))
