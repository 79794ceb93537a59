"""Quality by a task metric of numbers: a mean over samples, or a score of what each of them adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.core.figure import Better
from harness.core.measurement import Measurement
from harness.core.quality import quality_figures
from harness.core.signature import tensors_of
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Ragged
from harness.errors import DataSetError
from harness.stats.weighted_bootstrap import weighted_interval

CONFIDENCE = 0.95
BOTH_SIDES_5 = 0.90
"""Level of the interval of a loss: each of its sides is a one-sided test at 5 %."""


Added = Mapping[str, Array]
"""What samples add, (n, ...), by name; of a lone number the name is empty."""


def contributions(metric: TaskMetric, outputs: Any, labels: Any, n: int) -> Added:
    """What each of *n* samples adds, by the user's function.

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
    added: dict[str, Array] = {}
    for name, values in found.items():
        if isinstance(values, Ragged) or len(values) != n or values.dtype.kind not in "biuf":
            shape = "samples of different shapes" if isinstance(values, Ragged) else f"{values.dtype} {values.shape}"
            raise ValueError(f"task metric {metric.name!r} must give numbers of shape ({n}, ...), it gave {shape}")
        _check_finite(metric, values)
        added[name] = values
    return added


def _numbers(metric: TaskMetric, given: Any, n: int) -> Array:
    values = np.asarray(given)
    if values.shape != (n,) or values.dtype.kind not in "iuf":
        raise ValueError(
            f"task metric {metric.name!r} must return numbers of shape ({n},), it returned {values.dtype} {values.shape}"
        )
    return values


def _check_finite(metric: TaskMetric, values: Array) -> None:
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if bad.size:
        raise ValueError(
            f"task metric {metric.name!r} gave NaN or infinity for {bad.size} of {len(values)} samples, the first is sample {bad[0]}"
        )


def quality_measurements(metric: TaskMetric, current: Added, reference: Added) -> list[Measurement]:
    """Level, loss and ratio by what the samples of both sides add, each with a bootstrap interval over the samples.

    Raises:
        ValueError: there is one sample, or the score fails or is no finite number, of all samples or of some resample.
    """
    own, n = quality_figures(metric), _count(current)
    now, before = (_value_of(metric, side) for side in (current, reference))
    sign = -1 if metric.better is Better.HIGHER else 1
    everything = np.ones((1, n), np.int64)
    (level,), (of_reference,) = now(everything), before(everything)
    if not np.isfinite([level, of_reference]).all():
        raise ValueError(
            f"task metric {metric.name!r} is {level} of the artifact and {of_reference} of the float model"
        )
    same = all(np.array_equal(current[name], reference[name]) for name in current)

    def loss(weights: Array) -> Array:
        return sign * (now(weights) - before(weights))

    def interval(statistic: Callable[[Array], Array], confidence: float) -> tuple[float, float]:
        try:
            return weighted_interval(statistic, n, confidence)
        except ValueError as err:
            raise ValueError(f"task metric {metric.name!r}: {err}") from err

    found = [
        own.level.measured(float(level), n=n, interval=interval(now, CONFIDENCE)),
        own.loss.measured(
            float(sign * (level - of_reference)), n=n, interval=(0.0, 0.0) if same else interval(loss, BOTH_SIDES_5)
        ),
    ]
    if of_reference > 0:
        ratio = (1.0, 1.0) if same else interval(lambda weights: now(weights) / before(weights), BOTH_SIDES_5)
        found.append(own.ratio.measured(float(level / of_reference), n=n, interval=ratio))
    return found


def _count(added: Added) -> int:
    return len(next(iter(added.values())))


def _value_of(metric: TaskMetric, samples: Added) -> Callable[[Array], Array]:
    """From weights (resamples, n) of *samples* to the mean or the score of each resample."""
    flat = {name: np.asarray(values, np.float64).reshape(_count(samples), -1) for name, values in samples.items()}
    shapes = {name: values.shape[1:] for name, values in samples.items()}

    def sums(weights: Array) -> dict[str, Array]:
        counted = weights.astype(np.float64)
        return {name: (counted @ values).reshape(len(weights), *shapes[name]) for name, values in flat.items()}

    if metric.kind is Kind.VALUE:
        return lambda weights: next(iter(sums(weights).values())) / weights.sum(axis=1)

    def scores(weights: Array) -> Array:
        added = sums(weights)
        return np.array(
            [_combined(metric, {name: of_it[row] for name, of_it in added.items()}) for row in range(len(weights))]
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
