"""McNemar's exact test: whether as many samples were lost as won."""

from __future__ import annotations

from harness.stats.paired_drop import Flips


def mcnemar_p(flips: Flips) -> float:
    """Two-sided p-value of no difference, by ``statsmodels.stats.contingency_tables.mcnemar``; 1 when nothing flipped.

    To be printed, not gated on: with enough samples it rejects a difference that a budget allows.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    # The test looks only at the flips; how the others split into right and wrong doesn't enter.
    unchanged = flips.n - flips.negative - flips.positive
    return float(mcnemar([[unchanged, flips.negative], [flips.positive, 0]], exact=True).pvalue)
