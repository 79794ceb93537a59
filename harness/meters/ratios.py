"""Ratios to the reference artifact's figures: one way to divide for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.core.figure import Figure
from harness.core.measurement import Measurement


def ratio_measurements(
    ratios: Iterable[Figure], ours: Mapping[str, Measurement], theirs: Mapping[str, Measurement]
) -> list[Measurement]:
    """The *ratios* of *ours* to *theirs*, by name of the figure that is divided.

    What was not measured, or could not be read, on either side gives no ratio; a missing figure is an error where it is
    gated.
    """
    measured = []
    for ratio in ratios:
        if ratio.of is None or ratio.of.name not in ours or ratio.of.name not in theirs:
            continue
        above, below = ours[ratio.of.name].value, theirs[ratio.of.name].value
        if below > 0 and (above > 0 or ratio.of.zero_is_measured):
            measured.append(ratio.measured(above / below))
    return measured
