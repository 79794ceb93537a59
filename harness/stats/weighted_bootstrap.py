"""Bootstrap intervals of what is computed from a contribution of each sample: means, sums, and scores of sums or of weights.

A resample is how often each sample was drawn. So it needs no sample again, only its weight: thousands of resamples of
sums are one matrix product.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.core.measurement import Interval
from harness.core.tensors import Array
from harness.stats.bootstrap import BCA_LIMIT, quiet

RESAMPLES = 2000
_DRAWN = 4_000_000
"""Most draws that are held at one time."""

OfWeights = Callable[[Array], Array]
"""From weights (resamples, n), how often each sample was drawn, to a value of each resample; of several quantities to a row each."""


def weighted_intervals(values_of: OfWeights, n: int, confidences: Sequence[float], seed: int = 0) -> list[Interval]:
    """Two-sided intervals over *n* samples drawn with replacement, one of each quantity and at its confidence.

    All quantities are of the same resamples, which are gone through once. BCa (Efron, Journal of the American
    Statistical Association 82, 1987, 171-185) up to BCA_LIMIT samples, percentiles above it or where BCa is not
    defined, by ``scipy.stats.bootstrap``.

    Raises:
        ValueError: one sample or none, or a value of a resample that is not finite.
    """
    from scipy import stats

    if n < 2:
        raise ValueError(f"{n} samples can't be resampled")

    def of_drawn(drawn: Array, axis: int = -1) -> Array:
        rows = np.moveaxis(drawn, axis, -1).reshape(-1, drawn.shape[axis])  # n, or n - 1 of the jackknife
        values = np.concatenate([values_of(_weights(part, n)) for part in _parts(rows)], axis=-1)
        if not np.isfinite(values).all():
            missing = int((~np.isfinite(values)).any(axis=0).sum())
            raise ValueError(
                f"it is not finite on {missing} of {values.shape[1]} resamples, as where no sample of a class was drawn: "
                "give more samples of what is rare"
            )
        return values if drawn.ndim > 1 else values[:, 0]

    call = functools.partial(
        stats.bootstrap,
        (np.arange(n),),
        of_drawn,
        vectorized=True,
        axis=-1,
        batch=max(_DRAWN // n, 1),
        # Named rng since scipy 1.15, which takes this name too.
        random_state=np.random.default_rng(seed),
    )
    with quiet():
        distribution = call(n_resamples=RESAMPLES, method="percentile")
        levels = {level: _limits(call, distribution, level, n) for level in dict.fromkeys(confidences)}
    return [(float(levels[level][0][place]), float(levels[level][1][place])) for place, level in enumerate(confidences)]


def weighted_interval(statistic: OfWeights, n: int, confidence: float, seed: int = 0) -> Interval:
    """As ``weighted_intervals``, of one quantity: *statistic* gives values (resamples,)."""
    (interval,) = weighted_intervals(lambda weights: statistic(weights)[np.newaxis], n, [confidence], seed)
    return interval


def _limits(call: Callable[..., Any], distribution: Any, confidence: float, n: int) -> tuple[Array, Array]:
    """Both ends of the interval of each quantity in *distribution*."""
    again = functools.partial(call, n_resamples=0, bootstrap_result=distribution, confidence_level=confidence)
    low, high = again(method="percentile").confidence_interval
    if n <= BCA_LIMIT:
        # BCa's jackknife costs n more evaluations, and for large n both agree.
        bca_low, bca_high = again(method="BCa").confidence_interval
        known = np.isfinite(bca_low) & np.isfinite(bca_high)
        low, high = np.where(known, bca_low, low), np.where(known, bca_high, high)
    return low, high


def _parts(rows: Array) -> list[Array]:
    size = max(_DRAWN // rows.shape[1], 1)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _weights(drawn: Array, n: int) -> Array:
    """How often each of *n* samples stands in each row of *drawn*."""
    places = drawn + n * np.arange(len(drawn))[:, np.newaxis]
    return np.bincount(places.ravel(), minlength=n * len(drawn)).reshape(len(drawn), n)
