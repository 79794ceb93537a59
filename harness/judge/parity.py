"""Whether an artifact computes what its float model computes: held to in every cell, whatever a suite demands."""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.figures import AGREEMENT, CORRELATION, FP32_SHARE, OUTPUT_ERROR, SQNR
from harness.core.measurement import Measurement
from harness.core.recipe import FLOAT, Recipe

LEAST_SQNR_DB = 30.0
"""Least signal-to-noise ratio of ``fp32``. Runtimes give 130 dB and more, and 40 to 55 dB where they were asked to compute in bfloat16 or float16; a model
that clamps its input where the artifact doesn't gave less than 10."""
LEAST_CORRELATION = 0.5
"""Least correlation of other number formats. int8 gives more than 0.99 where it is of any use; outputs of another model give about 0."""
LEAST_CORRELATION_TRANSFORMED = 0.2
"""The same of a model that a step transformed, and which may compute something else by design. The seven recipes of that kind in the suites
here gave 0.88 and more."""
ENOUGH_AGREEMENT = 0.9
"""Share of equal predicted labels that is enough instead, where outputs are class scores: one class with wild scores ruins a correlation and little else."""
MOSTLY_FLOAT = 0.95
"""Share of float32 among the kernels of a file that somebody else made, below which it is held to what int8 is held to."""


def least_correlation(recipe: Recipe) -> float:
    """What outputs of *recipe* must at least correlate with the reference's, where their labels don't agree anyway."""
    return LEAST_CORRELATION_TRANSFORMED if recipe.changes_model else LEAST_CORRELATION


def parity_failure(recipe: Recipe, measurements: Mapping[str, Measurement]) -> str:
    """How the artifact's outputs on the evaluation set fall short of the reference's; empty when they don't.

    ``fp32`` must reproduce them; other number formats must correlate with them or predict the same labels. So must a model that a step
    transformed, though less: its accuracy is what counts, but outputs that are constant or have nothing to do with the reference's are nonsense.
    """
    least = least_correlation(recipe)
    sqnr, correlation, error = (measurements.get(one.name) for one in (SQNR, CORRELATION, OUTPUT_ERROR))
    off_by = f"off by up to {error.value:.4g}" if error is not None else "off"
    if recipe.precision == FLOAT and not recipe.changes_model and not _of_other_numbers(measurements):
        if sqnr is not None and sqnr.value >= LEAST_SQNR_DB:
            return ""
        measured = f"SQNR {sqnr.value:.1f} dB" if sqnr is not None else "no SQNR was measured"
        return f"{recipe.name} does not reproduce the float model: its outputs are {off_by} ({measured}, at least {LEAST_SQNR_DB:g} dB)"
    if correlation is not None and correlation.value >= least:
        return ""
    agreement = measurements.get(AGREEMENT.name)
    if (
        correlation is not None
        and abs(correlation.value) > 0
        and agreement is not None
        and agreement.value >= ENOUGH_AGREEMENT
    ):
        return ""
    if correlation is None and sqnr is not None and sqnr.value > 0:
        return ""  # constant outputs on both sides have no correlation
    measured = f"correlation {correlation.value:.2f}" if correlation is not None else "no correlation was measured"
    return (
        f"outputs of {recipe.name} have little to do with the float model's: {off_by} ({measured}, at least {least:g})"
    )


def _of_other_numbers(measurements: Mapping[str, Measurement]) -> bool:
    """Whether a file that claims to be float holds something else: that is for its promise to tell, not for its outputs."""
    share = measurements.get(FP32_SHARE.name)
    return share is not None and share.value < MOSTLY_FLOAT
