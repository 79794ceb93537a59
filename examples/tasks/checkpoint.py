"""Where the checkpoints of the models of ``examples.tasks`` lie."""

from __future__ import annotations

from pathlib import Path

from harness.core.tensors import Array
from harness.zoo import checkpoint
from harness.zoo.checkpoint import Trained

CHECKPOINTS = Path(__file__).parent / "checkpoints"
TRAINING = "examples.tasks.training"
"""The module whose command trains them."""


def load(name: str, model: Trained) -> Trained:
    """Return *model* with the weights of the checkpoint *name*; see ``harness.zoo.checkpoint.load``."""
    return checkpoint.load(name, model, CHECKPOINTS, TRAINING)


def arrays(name: str) -> dict[str, Array]:
    """The weights of the checkpoint *name* as arrays; see ``harness.zoo.checkpoint.arrays``."""
    return checkpoint.arrays(name, CHECKPOINTS, TRAINING)
