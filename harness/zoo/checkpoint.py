"""Checkpoints of the example models: float weights, and beside them a card that says what they are and their hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from harness.core.tensors import Array
from harness.errors import WeightsError

SCHEMA = 2
"""2: ``metric`` and ``value`` in place of ``accuracy``. A card with another number is refused."""

TRAINING = "examples.zoo.training"
"""The module whose command trains the models that come with the package; other checkpoints are loaded with their own."""

CHECKPOINTS = Path(__file__).parent / "checkpoints"

FRAMEWORKS = ("torch", "keras")
"""What a model is trained in; a card has the version of the one under its name."""

_KINDS: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a weights file holds and how it was made."""

    model: str
    dataset: str
    metric: str
    """The task metric that ``value`` is of."""
    value: float
    """On the data set's evaluation split; where the metric's unit is a fraction, 0 to 1."""
    samples: int
    """Samples in that split."""
    parameters: int
    epochs: int
    seed: int
    command: str
    """What trains it again."""
    date: str
    """UTC, ISO 8601."""
    torch: str = ""
    """The version that trained it; the fields of other frameworks are left out of the card."""
    keras: str = ""
    sha256: str = ""
    """Of the weights file."""
    schema: int = SCHEMA

    @classmethod
    def read(cls, path: Path, training: str = TRAINING) -> Card:
        """The card in *path*; *training* is the module that errors name as the one to train it again by.

        Raises:
            WeightsError: the file is missing, is not a card, or has another schema.
        """
        remedy = _remedy(path.stem, path, training)
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise WeightsError(f"no card {path}. {remedy}") from None
        except (OSError, ValueError) as err:
            raise WeightsError(f"card {path} can't be read: {err}. {remedy}") from err
        schema = written.get("schema") if isinstance(written, dict) else None
        if schema != SCHEMA:
            raise WeightsError(f"card {path} has schema {schema!r}; this version reads {SCHEMA}. {remedy}")
        trained_in = [name for name in FRAMEWORKS if written.get(name)]
        wanted = {field.name: field.type for field in fields(cls) if field.name not in FRAMEWORKS}
        wanted |= dict.fromkeys(trained_in, "str")
        wrong = sorted(set(written) ^ wanted.keys())
        wrong += [name for name, kind in wanted.items() if not isinstance(written.get(name), _KINDS[str(kind)])]
        wrong += [] if len(trained_in) == 1 else [f"one of {', '.join(FRAMEWORKS)}"]
        if wrong:
            raise WeightsError(f"card {path}: missing, unknown or mistyped: {', '.join(wrong)}. {remedy}")
        return cls(**written)

    def text(self) -> str:
        """The card as it is stored: JSON with sorted keys."""
        content = {name: value for name, value in asdict(self).items() if value or name not in FRAMEWORKS}
        return json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"

    @property
    def framework(self) -> str:
        """What it was trained in."""
        return next(name for name in FRAMEWORKS if getattr(self, name))


Trained = TypeVar("Trained")
"""A ``torch.nn.Module`` or a ``keras.Model``."""


def load(name: str, model: Trained, folder: Path = CHECKPOINTS, training: str = TRAINING) -> Trained:
    """Return *model* with the weights of the checkpoint *name*, in evaluation mode; the hash is verified before use.

    Args:
        name: of the checkpoint in *folder*.
        model: as the architecture makes it; it is filled.
        folder: of the weights and their card.
        training: the module that errors name as the one to train it again by.

    Raises:
        WeightsError: a file is missing or damaged, the weights' hash is not the card's, their names, shapes or dtypes
            are not the architecture's, or one is not finite.
    """
    path, remedy = folder / f"{name}.safetensors", _remedy(name, folder / f"{name}.safetensors", training)
    card = Card.read(folder / f"{name}.json", training)
    state = _verified(path, card, name, safetensors_of(card.framework), remedy)
    wrong = _misfits(state, state_of(model, card.framework))
    if wrong:
        raise WeightsError(f"weights {path} do not fit the architecture {name!r}: {wrong}. {remedy}")
    check_finite(state, f"weights {path}", remedy)
    _fill(model, state, card.framework)
    return model


def arrays(name: str, folder: Path, training: str) -> dict[str, Array]:
    """The verified weights of the checkpoint *name*, for code that computes with them and imports no framework.

    Raises:
        WeightsError: as ``load``, but for the architecture, which is not looked at.
    """
    path, remedy = folder / f"{name}.safetensors", _remedy(name, folder / f"{name}.safetensors", training)
    card = Card.read(folder / f"{name}.json", training)
    state: dict[str, Array] = _verified(path, card, name, import_module("safetensors.numpy"), remedy)
    check_finite(state, f"weights {path}", remedy)
    return state


def safetensors_of(framework: str) -> Any:
    """Its reader and writer of the tensors that ``state_of`` gives."""
    return import_module("safetensors.torch" if framework == "torch" else "safetensors.numpy")


def state_of(model: Any, framework: str) -> dict[str, Any]:
    """All weights and buffers by name: torch tensors, or of Keras models numpy arrays."""
    if framework == "torch":
        return {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    return {weight.path: weight.numpy() for weight in model.weights}


def _fill(model: Any, state: dict[str, Any], framework: str) -> None:
    """Put *state* into *model*, and set it to evaluation where that is a state of the model."""
    if framework == "torch":
        model.load_state_dict(state)
        model.eval()
        return
    for weight in model.weights:
        weight.assign(state[weight.path])


def _verified(path: Path, card: Card, name: str, reader: Any, remedy: str) -> dict[str, Any]:
    """The tensors in *path* as *reader* gives them, once their hash was found to be that of *card*, and it that of *name*."""
    from safetensors import SafetensorError

    if card.model != name:
        raise WeightsError(f"card {path.with_suffix('.json')} is of model {card.model!r}. {remedy}")
    try:
        weights = path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"no weights {path}. {remedy}") from None
    digest = hashlib.sha256(weights).hexdigest()
    if digest != card.sha256:
        raise WeightsError(
            f"weights {path} ({len(weights)} bytes): expected sha256 {card.sha256}, found {digest}. {remedy}"
        )
    try:
        return cast("dict[str, Any]", reader.load(weights))
    except SafetensorError as err:
        raise WeightsError(f"weights {path} are not a safetensors file: {err}. {remedy}") from err


def _misfits(state: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Where names, shapes and dtypes of *state* are not those of the architecture, *wanted*; empty where they are."""
    mismatches = [f"{key} is missing" for key in sorted(wanted.keys() - state.keys())]
    mismatches += [f"{key} is unknown" for key in sorted(state.keys() - wanted.keys())]
    for key in sorted(state.keys() & wanted.keys()):
        actual, needed = (f"{value.dtype} {tuple(value.shape)}" for value in (state[key], wanted[key]))
        if actual != needed:
            mismatches.append(f"{key} is {actual}, not {needed}")
    return "; ".join(mismatches[:5]) + ("; ..." if len(mismatches) > 5 else "")


def check_finite(state: dict[str, Any], where: str, remedy: str) -> None:
    """Raise ``WeightsError``, which begins with *where* and ends with *remedy*, when a weight is NaN or infinite."""
    values = {key: np.asarray(value) for key, value in state.items()}
    broken = [key for key, value in values.items() if value.dtype.kind == "f" and not np.isfinite(value).all()]
    if broken:
        raise WeightsError(f"{where}: NaN or infinity in {', '.join(broken)}. {remedy}")


def _remedy(name: str, path: Path, training: str) -> str:
    return f"Run: git checkout -- {path}, or train it again in a checkout: python -m {training} {name}"
