"""Accuracy: the task metric, agreement with the reference, and how far raw outputs are from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from harness.core import figures
from harness.core.data import Array
from harness.core.figure import Figure
from harness.core.measurement import Measurement
from harness.core.model import TaskMetric
from harness.core.probe_session import Evaluation, ProbeSession
from harness.core.result import ClassFlips
from harness.stats.bootstrap import bootstrap, paired_bootstrap
from harness.stats.intervals import proportion_interval
from harness.stats.paired_drop import Flips

CONFIDENCE = 0.95
BOTH_SIDES_5 = 0.90
"""Level of the interval of a drop: each of its sides is a one-sided test at 5 %."""


def correctness(metric: Callable[[Array, Array], Array], outputs: Array, labels: Array, name: str) -> Array:
    """Per-sample correctness, bool of shape (n,).

    Raises:
        ValueError: there is no sample, outputs hold NaN or infinity, their number differs from the labels', or the
            metric fails or breaks its contract.
    """
    _check_outputs(outputs, labels)
    try:
        correct = np.asarray(metric(outputs, labels))
    except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
        raise ValueError(f"task metric {name!r} failed: {type(err).__name__}: {err}") from err
    if correct.shape != (len(labels),) or correct.dtype != np.bool_:
        raise ValueError(
            f"task metric {name!r} must return bool of shape ({len(labels)},), it returned {correct.dtype} {correct.shape}"
        )
    return correct


def evaluate(task_metric: TaskMetric, outputs: Array, reference_outputs: Array, labels: Array) -> Evaluation:
    """The predictions of an artifact beside the reference's, with what became of every sample.

    Raises:
        ValueError: outputs are unusable, or the task metric fails or breaks its contract.
    """
    if not task_metric.per_sample:
        return Evaluation(task_metric=task_metric, labels=labels, outputs=outputs, reference_outputs=reference_outputs)
    correct = correctness(task_metric.compute, outputs, labels, task_metric.name)
    reference_correct = correctness(task_metric.compute, reference_outputs, labels, task_metric.name)
    return Evaluation(
        task_metric=task_metric,
        labels=labels,
        outputs=outputs,
        reference_outputs=reference_outputs,
        correct=correct,
        reference_correct=reference_correct,
        classes=class_flips(reference_correct, correct, labels),
    )


def evaluation_measurements(session: ProbeSession) -> list[Measurement]:
    """Accuracy and all that is told of predictions.

    Raises:
        ValueError: outputs are unusable, or the score fails or is no finite number.
    """
    seen = session.evaluation
    outputs, reference_outputs = seen.outputs, seen.reference_outputs
    if seen.correct is None or seen.reference_correct is None:
        metric = seen.task_metric
        measured = score_measurements(metric.compute, outputs, reference_outputs, seen.labels, metric.name)
    else:
        measured = accuracy_measurements(seen.correct, seen.reference_correct, seen.classes)
    return [*measured, *output_measurements(outputs, reference_outputs)]


def class_flips(reference: Array, current: Array, labels: Array) -> tuple[ClassFlips, ...]:
    """How correctness changed, class by class; nothing when *labels* are no classes."""
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
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
    score: Callable[[Array, Array], float], outputs: Array, reference_outputs: Array, labels: Array, name: str
) -> list[Measurement]:
    """A score over all samples and its drop, each with a bootstrap interval.

    Raises:
        ValueError: outputs are unusable, or the score fails or is no number from 0 to 1.
    """
    _check_outputs(outputs, labels)

    def checked(some: Array, of: Array) -> float:
        try:
            value = float(score(some, of))
        except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
            raise ValueError(f"task metric {name!r} failed: {type(err).__name__}: {err}") from err
        if not math.isfinite(value):
            raise ValueError(f"task metric {name!r} gave {value}")
        if not 0 <= value <= 1:
            raise ValueError(
                f"score {name!r} gave {value:g}; a score lies from 0 to 1 and higher is better. Of an error, return for "
                "example 1 / (1 + error)."
            )
        return value

    n, now, before = len(outputs), checked(outputs, labels), checked(reference_outputs, labels)
    drop = paired_bootstrap(checked, outputs, reference_outputs, labels, BOTH_SIDES_5)
    own = bootstrap(checked, outputs, labels, CONFIDENCE)
    return [
        figures.ACCURACY.measured(now, n=n, interval=own),
        figures.ACCURACY_DROP.measured(before - now, n=n, interval=drop),
    ]


def output_measurements(outputs: Array, reference_outputs: Array) -> list[Measurement]:
    """Agreement of the predictions, and how far the raw outputs are apart.

    Raises:
        ValueError: their shapes differ.
    """
    if outputs.shape != reference_outputs.shape:
        raise ValueError(f"outputs have shape {outputs.shape}, the reference's have {reference_outputs.shape}")
    n, found = len(outputs), []
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        same = int((outputs.argmax(axis=1) == reference_outputs.argmax(axis=1)).sum())
        found.append(_share(figures.AGREEMENT, same, n))
    exact = reference_outputs.astype(np.float64)
    error = outputs.astype(np.float64) - exact
    found.append(figures.OUTPUT_ERROR.measured(float(np.abs(error).max()), n=n))
    signal, noise = float((exact**2).sum()), float((error**2).sum())
    # Equal outputs have no noise to speak of; 200 dB is beyond what float32 can show.
    sqnr = 10 * math.log10(signal / noise) if noise > 0 and signal > 0 else 200.0 if noise == 0 else -200.0
    found.append(figures.SQNR.measured(min(sqnr, 200.0), n=n))
    correlation = _correlation(outputs.astype(np.float64).ravel(), exact.ravel())
    if correlation is not None:
        found.append(figures.CORRELATION.measured(correlation, n=n))
    return found


def _correlation(outputs: Array, exact: Array) -> float | None:
    """Pearson's r; 0 where only one side is constant, None where both are."""
    spreads = [side - side.mean() for side in (outputs, exact)]
    norms = [float(np.linalg.norm(side)) for side in spreads]
    if not all(norms):
        return 0.0 if any(norms) else None
    return float(np.clip(spreads[0] @ spreads[1] / (norms[0] * norms[1]), -1.0, 1.0))


def _share(figure: Figure, count: int, n: int) -> Measurement:
    return figure.measured(count / n, n=n, interval=proportion_interval(count, n, CONFIDENCE))


def _check_outputs(outputs: Array, labels: Array) -> None:
    if len(outputs) != len(labels):
        raise ValueError(f"{len(outputs)} outputs for {len(labels)} labels")
    if len(outputs) == 0:
        raise ValueError("there is no sample to evaluate")
    bad = np.flatnonzero(~np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1))
    if bad.size:
        raise ValueError(
            f"outputs hold NaN or infinity in {bad.size} of {len(outputs)} samples, the first is sample {bad[0]}"
        )
