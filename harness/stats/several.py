"""Several decisions at one time: which remain when each had its chance to be wrong."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which hypotheses are rejected, so that any wrong rejection among them has a probability of at most *alpha*.

    Holm's step-down procedure (Scandinavian Journal of Statistics 6, 1979, 65-70): the smallest p-value is held to
    alpha / m, the next to alpha / (m - 1), until the first that is above.

    Raises:
        ValueError: a p-value is NaN or outside 0..1.
    """
    for p_value in p_values:
        if not 0 <= p_value <= 1:
            raise ValueError(f"not a p-value: {p_value}")
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        if p_values[index] > alpha / (len(p_values) - rank):
            break
        rejected[index] = True
    return tuple(rejected)
