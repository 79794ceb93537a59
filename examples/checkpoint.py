"""How the checkpoints of example models are written; ``harness.zoo.checkpoint`` reads them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.plan import Plan
from harness.zoo.checkpoint import Card, check_finite, safetensors_of, state_of

if TYPE_CHECKING:
    import keras
    from torch import nn


def card_of(
    plan: Plan, *, training: str, epochs: int, value: float, samples: int, parameters: int, version: str
) -> Card:
    """The card of what *plan* gave after *epochs*, of today and still without the weights' hash.

    Args:
        plan: of the model.
        training: the module whose command trains it.
        epochs: as they were run.
        value: of the plan's metric on the evaluation split.
        samples: in that split.
        parameters: that were learned.
        version: of the plan's framework.
    """
    command = f"python -m {training} {plan.model}"
    fields: dict[str, Any] = {
        "model": plan.model,
        "dataset": plan.dataset,
        "metric": plan.metric,
        "value": value,
        "samples": samples,
        "parameters": parameters,
        "epochs": epochs,
        "seed": plan.seed,
        "command": command if epochs == plan.epochs else f"{command} --epochs {epochs}",
        "date": datetime.now(UTC).date().isoformat(),
        plan.framework: version,
    }
    return Card(**fields)


def save(model: nn.Module | keras.Model, card: Card, folder: Path) -> Card:
    """Write the weights and the card of ``card.model`` into *folder*; returns the card with the weights' hash.

    Each file is written aside and renamed, the weights first: a crash leaves the old pair or one that ``load`` refuses.

    Raises:
        WeightsError: a weight is not finite.
    """
    state = state_of(model, card.framework)
    check_finite(state, f"trained model {card.model!r}", "Lower the learning rate.")
    weights = safetensors_of(card.framework).save(state)
    card = replace(card, sha256=hashlib.sha256(weights).hexdigest())
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
