"""Where the checkpoints of the models on images lie."""

from __future__ import annotations

from pathlib import Path

from harness.zoo import checkpoint
from harness.zoo.checkpoint import Trained

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def folder_of(name: str) -> Path:
    """The folder of the checkpoint *name*: the package's own for the models that come with it, else ``CHECKPOINTS``."""
    return checkpoint.CHECKPOINTS if name.startswith("digits_") else CHECKPOINTS


def load(name: str, model: Trained) -> Trained:
    """Return *model* with the weights of the checkpoint *name*; see ``harness.zoo.checkpoint.load``."""
    return checkpoint.load(name, model, folder_of(name))
