"""Several decisions at one time: which remain when each had its chance to be wrong."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which hypotheses are rejected, so that any wrong rejection among them has a probability of at most *alpha*.

    Holm's step-down procedure (Scandinavian Journal of Statistics 6, 1979, 65-70), by
    ``statsmodels.stats.multitest.multipletests``.

    Raises:
        ValueError: a p-value is NaN or outside 0..1.
    """
    from statsmodels.stats.multitest import multipletests

    for p_value in p_values:
        if not 0 <= p_value <= 1:
            raise ValueError(f"not a p-value: {p_value}")
    if not p_values:
        return ()
    return tuple(bool(rejected) for rejected in multipletests(p_values, alpha=alpha, method="holm")[0])
