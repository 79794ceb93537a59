"""Where the example models' checkpoints lie, and how they are written; ``harness.zoo.checkpoint`` reads them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.zoo import checkpoint
from harness.zoo.checkpoint import Card, Trained, check_finite, safetensors_of, state_of

if TYPE_CHECKING:
    import keras
    from torch import nn

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def folder_of(name: str) -> Path:
    """The folder of the checkpoint *name*: the package's own for the models that come with it, else ``CHECKPOINTS``."""
    return checkpoint.CHECKPOINTS if name.startswith("digits_") else CHECKPOINTS


def load(name: str, model: Trained) -> Trained:
    """Return *model* with the weights of the checkpoint *name*; see ``harness.zoo.checkpoint.load``."""
    return checkpoint.load(name, model, folder_of(name))


def save(model: nn.Module | keras.Model, card: Card, folder: Path) -> Card:
    """Write the weights and the card of ``card.model`` into *folder*; returns the card with the weights' hash.

    Each file is written aside and renamed, the weights first: a crash leaves the old pair or one that ``load`` refuses.

    Raises:
        WeightsError: a weight is not finite.
    """
    state = state_of(model, card.framework)
    check_finite(state, f"trained model {card.model!r}", "Lower the learning rate.")
    weights = safetensors_of(card.framework).save(state)
    card = Card(**(asdict(card) | {"sha256": hashlib.sha256(weights).hexdigest()}))
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{card.model}.safetensors", weights)
    _write(folder / f"{card.model}.json", card.text().encode())
    return card


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
