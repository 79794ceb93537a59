"""What every plan of training says; imports no engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one model is trained: AdamW with a one-cycle learning rate."""

    model: str
    dataset: str
    metric: str = "top1"
    """The task metric that its card tells the value of."""
    epochs: int
    batch: int
    learning_rate: float
    """At the cycle's top."""
    weight_decay: float
    seed: int = 0
    framework: str = "torch"
