"""Whether the scales that a quantizer chose for activations can hold anything."""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.errors import ContractError

LEAST = 1e-7
"""A step this fine means a range of a few hundred-thousandths: the activation was constant in every calibration sample."""


def check_scales(scales: Iterable[tuple[str, float]]) -> None:
    """Refuse a scale that is degenerate.

    Args:
        scales: of activations, by tensor; those of weights may be as fine as they like, a channel can be empty.

    Raises:
        ContractError: it names the worst tensors, and what to look at.
    """
    wrong = [(name, scale) for name, scale in scales if not math.isfinite(scale) or scale < LEAST]
    if wrong:
        shown = ", ".join(f"{name} ({scale:g})" for name, scale in wrong[:3])
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ContractError(
            f"degenerate int8 scales of activations: {shown}{more}. On all calibration samples these are constant: is the "
            "model trained, and are the calibration samples real ones?"
        )
