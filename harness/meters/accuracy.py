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
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Ragged, Tensors, Values, count_of
from harness.meters.quality import contributions, quality_measurements
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


def evaluate(task_metric: TaskMetric, outputs: Tensors, reference_outputs: Tensors, labels: Tensors) -> Evaluation:
    """The predictions of an artifact beside the reference's, with what became of every sample.

    Raises:
        ValueError: outputs are unusable, or the task metric fails or breaks its contract.
    """
    whole = Evaluation(
        task_metric=task_metric, label_tensors=labels, output_tensors=outputs, reference_tensors=reference_outputs
    )
    check_outputs(outputs, labels)
    if task_metric.kind is not Kind.OUTCOME:
        if not task_metric.in_blocks:
            return whole
        known = reference_outputs.plain() if task_metric.of_reference else labels.plain()
        added, before = (
            contributions(task_metric, side.plain(), known, len(labels)) for side in (outputs, reference_outputs)
        )
        return replace(whole, added=added, reference_added=before)
    compute, known = task_metric.compute, labels.plain()
    correct = correctness(compute, outputs.plain(), known, task_metric.name)
    reference_correct = correctness(compute, reference_outputs.plain(), known, task_metric.name)
    return replace(
        whole,
        correct=correct,
        reference_correct=reference_correct,
        classes=class_flips(reference_correct, correct, known),
    )


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
    """Agreement of the predictions, and how far the raw outputs are apart: of several the one that is furthest.

    Raises:
        ValueError: their names or shapes differ.
    """
    if outputs.names != reference_outputs.names:
        raise ValueError(
            f"outputs are {', '.join(outputs.names)}, the reference's {', '.join(reference_outputs.names)}"
        )
    n, found = len(outputs), []
    now, before = class_scores(outputs), class_scores(reference_outputs)
    if now is not None and before is not None and now.shape == before.shape:
        found.append(_share(figures.AGREEMENT, int((now.argmax(axis=1) == before.argmax(axis=1)).sum()), n))
    errors, sqnrs, correlations = [], [], []
    for name in outputs.names:
        values, exact = _pair(outputs[name], reference_outputs[name], name if len(outputs.names) > 1 else "")
        errors.append(float(np.abs(values - exact).max()))
        sqnrs.append(_sqnr_db(values, exact))
        correlations.append(_correlation(values, exact))
    found.append(figures.OUTPUT_ERROR.measured(max(errors), n=n))
    found.append(figures.SQNR.measured(min(sqnrs), n=n))
    known = [one for one in correlations if one is not None]
    if known:
        found.append(figures.CORRELATION.measured(min(known), n=n))
    return found


def _pair(values: Values, exact: Values, name: str) -> tuple[Array, Array]:
    """Both sides of an output, flat, in double precision."""
    which = f"output {name!r} has" if name else "outputs have"
    shapes = [one.shapes.tolist() if isinstance(one, Ragged) else one.shape for one in (values, exact)]
    if shapes[0] != shapes[1]:
        said = [
            f"{len(one.shapes)} shapes" if isinstance(one, Ragged) else f"shape {one.shape}" for one in (values, exact)
        ]
        raise ValueError(f"{which} {said[0]}, the reference's have {said[1]}")
    flat = [one.values if isinstance(one, Ragged) else one.ravel() for one in (values, exact)]
    return flat[0].astype(np.float64), flat[1].astype(np.float64)


def _sqnr_db(values: Array, exact: Array) -> float:
    signal, noise = float((exact**2).sum()), float(((values - exact) ** 2).sum())
    # Equal outputs have no noise to speak of; 200 dB is beyond what float32 can show.
    return min(10 * math.log10(signal / noise) if noise > 0 and signal > 0 else 200.0 if noise == 0 else -200.0, 200.0)


def _correlation(outputs: Array, exact: Array) -> float | None:
    """Pearson's r; 0 where only one side is constant, None where both are."""
    spreads = [side - side.mean() for side in (outputs, exact)]
    norms = [float(np.linalg.norm(side)) for side in spreads]
    if not all(norms):
        return 0.0 if any(norms) else None
    return float(np.clip(spreads[0] @ spreads[1] / (norms[0] * norms[1]), -1.0, 1.0))


def _share(figure: Figure, count: int, n: int) -> Measurement:
    return figure.measured(count / n, n=n, interval=proportion_interval(count, n, CONFIDENCE))


def check_outputs(outputs: Tensors, labels: Tensors) -> None:
    """Raise ``ValueError`` unless there is a finite output for each of *labels*, at least one."""
    if len(outputs) != len(labels):
        raise ValueError(f"{len(outputs)} outputs for {len(labels)} labels")
    if len(outputs) == 0:
        raise ValueError("there is no sample to evaluate")
    for name, values in outputs.items():
        bad = [number for number, sample in enumerate(values) if not np.isfinite(sample).all()]
        if bad:
            which = f"output {name!r} holds" if len(outputs.names) > 1 else "outputs hold"
            raise ValueError(
                f"{which} NaN or infinity in {len(bad)} of {len(outputs)} samples, the first is sample {bad[0]}"
            )
