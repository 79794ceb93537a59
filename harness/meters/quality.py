"""Quality by a task metric of numbers: a mean over samples, or a score of what each of them adds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.core.figure import Better
from harness.core.measurement import Measurement
from harness.core.quality import quality_figures
from harness.core.signature import tensors_of
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Ragged, Tensors, Values
from harness.errors import DataSetError
from harness.stats.weighted_bootstrap import weighted_intervals

CONFIDENCE = 0.95
BOTH_SIDES_5 = 0.90
"""Level of the interval of a loss: each of its sides is a one-sided test at 5 %."""


def contributions(metric: TaskMetric, outputs: Any, labels: Any, n: int) -> Tensors:
    """What each of *n* samples adds, by the user's function, under its name; of a lone array the name is empty.

    Raises:
        ValueError: the function fails, or gives something else than it should.
    """
    try:
        given = metric.compute(outputs, labels)
    except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
        raise ValueError(f"task metric {metric.name!r} failed: {type(err).__name__}: {err}") from err
    if metric.kind is Kind.VALUE:
        given = _numbers(metric, given, n)
    try:
        found = tensors_of(given, ("",), f"task metric {metric.name!r}: what it gives")
    except DataSetError as err:
        raise ValueError(str(err)) from err
    for name, values in found.items():
        unsummable = isinstance(values, Ragged) and not metric.weighted
        if unsummable or len(values) != n or values.dtype.kind not in "biuf":
            which = f"{name!r} of " if name else ""
            remedy = "; what can't be summed takes @harness.score(..., weighted=True)" if unsummable else ""
            shape = "samples of different shapes" if isinstance(values, Ragged) else f"{values.dtype} {values.shape}"
            raise ValueError(
                f"task metric {metric.name!r} must give numbers of shape ({n}, ...), it gave {which}{shape}{remedy}"
            )
        _check_finite(metric, values)
    return found


def _numbers(metric: TaskMetric, given: Any, n: int) -> Array:
    values = np.asarray(given)
    if values.shape != (n,) or values.dtype.kind not in "iuf":
        raise ValueError(
            f"task metric {metric.name!r} must return numbers of shape ({n},), it returned {values.dtype} {values.shape}"
        )
    return values


def _check_finite(metric: TaskMetric, values: Values) -> None:
    ragged = isinstance(values, Ragged)
    finite = (
        [np.isfinite(one).all() for one in values] if ragged else np.isfinite(_flat(np.asarray(values))).all(axis=1)
    )
    bad = np.flatnonzero(~np.asarray(finite, bool))
    if bad.size:
        raise ValueError(
            f"task metric {metric.name!r} gave NaN or infinity for {bad.size} of {len(values)} samples, the first is sample {bad[0]}"
        )


def _flat(values: Array) -> Array:
    """A row of each sample, also where there is nothing in it."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def quality_measurements(metric: TaskMetric, current: Tensors, reference: Tensors) -> list[Measurement]:
    """Level, loss and ratio by what the samples of both sides add, each with a bootstrap interval over the samples.

    Raises:
        ValueError: there is one sample, or the score fails or is no finite number, of all samples or of some resample.
    """
    own, n = quality_figures(metric), len(current)
    same = _equal(current, reference)
    now = _value_of(metric, current)
    before = now if same else _value_of(metric, reference)
    sign = -1 if metric.better is Better.HIGHER else 1
    everything = np.ones((1, n), np.int64)
    (level,), (of_reference,) = now(everything), before(everything)
    if not np.isfinite([level, of_reference]).all():
        raise ValueError(
            f"task metric {metric.name!r} is {level} of the artifact and {of_reference} of the float model"
        )
    lowest = [of_reference]

    def values_of(weights: Array) -> Array:
        values = now(weights)
        if same:
            return values[np.newaxis]
        base = before(weights)
        lowest.append(base.min())
        ratio = np.divide(values, base, out=np.ones_like(values), where=base > 0)
        return np.stack([values, sign * (values - base), ratio])

    try:
        intervals = weighted_intervals(values_of, n, [CONFIDENCE] if same else [CONFIDENCE, BOTH_SIDES_5, BOTH_SIDES_5])
    except ValueError as err:
        raise ValueError(f"task metric {metric.name!r}: {err}") from err
    if same:  # nothing is lost, in every resample
        intervals += [(0.0, 0.0), (1.0, 1.0)]
    measured = [
        own.level.measured(float(level), n=n, interval=intervals[0]),
        own.loss.measured(float(sign * (level - of_reference)), n=n, interval=intervals[1]),
    ]
    if min(lowest) > 0:  # in every resample: no factor is said of a few wrong words, which some resamples lack
        measured.append(own.ratio.measured(float(level / of_reference), n=n, interval=intervals[2]))
    return measured


def level(metric: TaskMetric, added: Tensors) -> float:
    """The mean or the score of samples that add *added*, each of them once.

    Raises:
        ValueError: the score fails.
    """
    return float(_value_of(metric, added)(np.ones((1, len(added)), np.int64))[0])


def _equal(current: Tensors, reference: Tensors) -> bool:
    """Whether samples add the same on both sides."""
    sides = [list(side.arrays()) for side in (current, reference)]
    return len(sides[0]) == len(sides[1]) and all(map(np.array_equal, *sides))


def _value_of(metric: TaskMetric, samples: Tensors) -> Callable[[Array], Array]:
    """From weights (resamples, n) of *samples* to the mean or the score of each resample."""
    if metric.weighted:
        plain = samples.plain()
        return lambda weights: _weighted(metric, plain, weights)
    held = {name: np.asarray(values) for name, values in samples.items()}
    flat = {name: _flat(values).astype(np.float64) for name, values in held.items()}

    def sums(weights: Array) -> dict[str, Array]:
        counted = weights.astype(np.float64)
        return {name: (counted @ flat[name]).reshape(len(weights), *held[name].shape[1:]) for name in held}

    if metric.kind is Kind.VALUE:
        return lambda weights: next(iter(sums(weights).values())) / weights.sum(axis=1)

    def scores(weights: Array) -> Array:
        added = sums(weights)
        return np.array(
            [_combined(metric, {name: of_it[row] for name, of_it in added.items()}) for row in range(len(weights))]
        )

    return scores


def _weighted(metric: TaskMetric, samples: Any, weights: Array) -> Array:
    """The score of each resample, by the user's function of what samples added and weights (resamples, n)."""
    assert metric.combine is not None, "a score without it is not computed so"
    try:
        scores = np.asarray(metric.combine(samples, weights), np.float64)
    except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
        raise ValueError(f"combining failed: {type(err).__name__}: {err}") from err
    if scores.shape != (len(weights),):
        raise ValueError(
            f"combining must give a score of each resample, shape ({len(weights)},), it gave shape {scores.shape}"
        )
    return scores


def _combined(metric: TaskMetric, sums: Mapping[str, Array]) -> float:
    """The score of the sums, by the user's function."""
    assert metric.combine is not None, "a score without it is not computed so"
    given = next(iter(sums.values())) if len(sums) == 1 else dict(sums)
    try:
        return float(metric.combine(given))
    except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
        raise ValueError(f"combining failed: {type(err).__name__}: {err}") from err
