"""The framework ``fake``: a linear classifier as a dict of numpy arrays, and its way into an ``.npz`` file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from fakes.blobs import DIMENSIONS, centres

from harness.core.signature import Input, Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.errors import ContractError

INPUT = Input(name="features", shape=(DIMENSIONS,))
SIGNATURE = Signature(inputs=(INPUT,))


class Linear(dict[str, Array]):
    """Weights by name, and what is computed with them."""

    def forward(self, inputs: Array) -> Array:
        return inputs @ self["weights"] + self["bias"]


def trained() -> Linear:
    """The classifier that knows the centres of ``blobs``."""
    return Linear(weights=centres().T.copy(), bias=(-0.5 * (centres() ** 2).sum(axis=1)).astype(np.float32))


class Fake:
    """Dicts of numpy arrays."""

    name = "fake"
    packages = ("numpy",)

    def __init__(self) -> None:
        self.source = Source.of(Fake)

    def state(self, model: Any) -> Mapping[str, Array]:
        if not isinstance(model, Linear):
            raise ContractError(f"the model function returned {type(model).__name__}, not a Linear")
        return model

    def predict(self, model: Any, inputs: Mapping[str, Array]) -> Array:
        (features,) = inputs.values()
        return np.asarray(model.forward(features), dtype=np.float32)

    def build(self, function: Callable[[], Any], seed: int) -> Any:
        return function()

    def macs(self, model: Any, sample: Mapping[str, Array]) -> int | None:
        return int(model["weights"].size)

    def keep(self, model: Any, bases: Mapping[str, Any], folder: Path) -> str:
        if type(model) is not Linear:
            return ""
        np.savez(folder / "kept.npz", **model)
        return "kept.npz"

    def restore(self, kept: Path, bases: Mapping[str, Callable[[], Any]]) -> Any:
        with np.load(kept, allow_pickle=False) as held:
            return Linear({name: held[name] for name in held.files})


class FakeToNpz:
    """Traces the linear map, so that an edited ``forward`` shows in the file."""

    name = "fake_to_npz"
    framework = "fake"
    format = "npz"
    packages = ("numpy",)

    def __init__(self) -> None:
        self.source = Source.of(FakeToNpz)

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        (features,) = example.values()
        width = features.shape[1]
        bias = model.forward(np.zeros((1, width), np.float32))[0]
        weights = model.forward(np.eye(width, dtype=np.float32)) - bias
        np.savez(path, weights=weights.astype(np.float32), bias=bias.astype(np.float32))
        return path
