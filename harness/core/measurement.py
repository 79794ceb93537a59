"""One measured figure, with its unit and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A figure; the name ends in the unit (``size_bytes``, ``latency_p50_ns_per_inference``)."""

    name: str
    value: float
    unit: str
    n: int = 1
    """How many samples, inferences or files it rests on."""
    interval: Interval | None = None
    """Confidence interval in the same unit, when the figure is uncertain."""
    condition: str = ""
    """What held while it was measured and need not hold another time, such as ``files cold``: others are another figure."""
