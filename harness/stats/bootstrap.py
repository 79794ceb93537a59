"""Bootstrap intervals of a score that has no outcome per sample (macro F1, AUC, mAP), and of its drop."""

from __future__ import annotations

import functools
import math
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.core.measurement import Interval
from harness.core.tensors import Array, count_of, rows_of

BCA_LIMIT = 2000
"""Most samples for which BCa is used."""

_INDICES = 1_000_000
"""Most indices drawn at one time, to bound memory."""


def bootstrap(
    score: Callable[[Any, Any], float],
    outputs: Any,
    labels: Any,
    confidence: float,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval:
    """Two-sided interval of ``score(outputs, labels)`` over samples drawn with replacement.

    Outputs and labels are arrays (n, ...), or what else ``Tensors.plain`` gives.

    BCa (Efron, Journal of the American Statistical Association 82, 1987, 171-185) up to BCA_LIMIT samples, percentiles
    above it or where BCa is not defined, by ``scipy.stats.bootstrap``.

    Raises:
        ValueError: no sample or only one, unequal lengths, or a score that is not finite or raises on a resample (such
            as AUC when a class is missing). What it raises on the samples themselves comes through.
    """
    n = count_of(labels)
    if n == 0 or count_of(outputs) != n:
        raise ValueError(f"{count_of(outputs)} outputs for {n} labels")
    return _interval(
        lambda drawn: score(rows_of(outputs, drawn), rows_of(labels, drawn)), n, confidence, seed, resamples
    )


def paired_bootstrap(
    score: Callable[[Any, Any], float],
    current: Any,
    reference: Any,
    labels: Any,
    confidence: float,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval:
    """Two-sided interval of ``score(reference, labels) - score(current, labels)``; positive: the current model lost.

    As `bootstrap`, with the same samples drawn for both sides. Equal outputs have a drop of exactly 0.

    Raises:
        ValueError: as `bootstrap`.
    """
    n = count_of(labels)
    if n == 0 or count_of(current) != n or count_of(reference) != n:
        raise ValueError(f"{count_of(current)} current and {count_of(reference)} reference outputs for {n} labels")
    if _equal(current, reference):
        return (0.0, 0.0)

    def drop(drawn: Array) -> float:
        chosen = rows_of(labels, drawn)
        return float(score(rows_of(reference, drawn), chosen)) - float(score(rows_of(current, drawn), chosen))

    return _interval(drop, n, confidence, seed, resamples)


_FILTERS = threading.RLock()
"""Held while warnings are filtered: the filters are the process's, and cells are probed in several threads."""


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings of scipy and numpy that tell of a NaN, where one is looked for."""
    from scipy import stats

    with _FILTERS, warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        yield


def _equal(current: Any, reference: Any) -> bool:
    if isinstance(current, dict) and isinstance(reference, dict):
        return current.keys() == reference.keys() and all(_equal(one, reference[name]) for name, one in current.items())
    if isinstance(current, list) and isinstance(reference, list):
        return all(map(np.array_equal, current, reference))
    return np.array_equal(current, reference)


def _interval(statistic: Callable[[Array], float], n: int, confidence: float, seed: int, resamples: int) -> Interval:
    """Interval of *statistic*, which takes the indices of the samples that were drawn."""
    from scipy import stats

    if n == 1:
        raise ValueError("one sample can't be resampled")

    def finite(drawn: Array) -> float:
        value = float(statistic(drawn))
        if not math.isfinite(value):
            raise ValueError("the score is not finite")
        return value

    failures: list[Exception] = []

    def finite_or_nan(drawn: Array) -> float:
        try:
            return finite(drawn)
        except Exception as err:  # the boundary of a user's function: counted, and raised below
            failures.append(err)
            return math.nan

    samples = np.arange(n)
    finite(samples)
    call = functools.partial(
        stats.bootstrap,
        (samples,),
        finite_or_nan,
        vectorized=False,
        confidence_level=confidence,
        batch=max(_INDICES // n, 1),
        # Named rng since scipy 1.15, which takes this name too.
        random_state=np.random.default_rng(seed),
    )
    with quiet():
        percentile = call(n_resamples=resamples, method="percentile")
        if failures:
            raise ValueError(
                f"the score can't be computed on {len(failures)} of {resamples} resamples: {failures[0]}"
            ) from failures[0]
        found = percentile.confidence_interval
        if n <= BCA_LIMIT:
            # BCa's jackknife costs n more evaluations, and for large n both agree.
            bca = call(n_resamples=0, method="BCa", bootstrap_result=percentile).confidence_interval
            if math.isfinite(bca.low) and math.isfinite(bca.high):
                found = bca
    return (float(found.low), float(found.high))
