"""What is known of an evaluation set when a limit is looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts about an evaluation set; None: not yet known."""

    samples: int | None = None
    smallest_class: int | None = None
    """Samples of the class that has the fewest."""
    reference_accuracy: float | None = None
    per_sample: bool = True
    """Whether the task metric judges every sample."""
