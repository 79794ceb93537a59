"""Bootstrap intervals of what is computed from a contribution of each sample: means, sums, and scores of sums.

A resample is how often each sample was drawn. So it needs no sample again, only its weight: thousands of resamples of
sums are one matrix product.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable

import numpy as np

from harness.core.measurement import Interval
from harness.core.tensors import Array
from harness.stats.bootstrap import BCA_LIMIT

RESAMPLES = 2000
_DRAWN = 2_000_000
"""Most draws that are held at one time."""

OfWeights = Callable[[Array], Array]
"""From weights (resamples, n), how often each sample was drawn, to a value of each resample."""


def weighted_interval(statistic: OfWeights, n: int, confidence: float, seed: int = 0) -> Interval:
    """Two-sided interval of *statistic* over *n* samples drawn with replacement.

    BCa (Efron, Journal of the American Statistical Association 82, 1987, 171-185) up to BCA_LIMIT samples, percentiles
    above it or where BCa is not defined, by ``scipy.stats.bootstrap``.

    Raises:
        ValueError: one sample or none, or a value of a resample that is not finite.
    """
    from scipy import stats

    if n < 2:
        raise ValueError(f"{n} samples can't be resampled")

    def of_drawn(drawn: Array, axis: int = -1) -> Array:
        rows = np.moveaxis(drawn, axis, -1).reshape(-1, drawn.shape[axis])
        values = np.concatenate([statistic(_weights(part, n)) for part in _parts(rows)])
        if not np.isfinite(values).all():
            missing = int((~np.isfinite(values)).sum())
            raise ValueError(f"it is not finite on {missing} of {len(values)} resamples")
        return values.reshape(drawn.shape[:-1]) if drawn.ndim > 1 else values[0]

    call = functools.partial(
        stats.bootstrap,
        (np.arange(n),),
        of_drawn,
        vectorized=True,
        axis=-1,
        confidence_level=confidence,
        batch=max(_DRAWN // n, 1),
        # Named rng since scipy 1.15, which takes this name too.
        random_state=np.random.default_rng(seed),
    )
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        percentile = call(n_resamples=RESAMPLES, method="percentile")
        found = percentile.confidence_interval
        if n <= BCA_LIMIT:
            # BCa's jackknife costs n more evaluations, and for large n both agree.
            bca = call(n_resamples=0, method="BCa", bootstrap_result=percentile).confidence_interval
            if math.isfinite(bca.low) and math.isfinite(bca.high):
                found = bca
    return (float(found.low), float(found.high))


def _parts(rows: Array) -> list[Array]:
    size = max(_DRAWN // rows.shape[1], 1)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _weights(drawn: Array, n: int) -> Array:
    """How often each of *n* samples stands in each row of *drawn*."""
    places = drawn + n * np.arange(len(drawn))[:, np.newaxis]
    return np.bincount(places.ravel(), minlength=n * len(drawn)).reshape(len(drawn), n)
