"""What frameworks have in common whose models are files: nothing is trained, and a model is kept as its file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from harness.core.tensors import Array


class FileModel(Protocol):
    """A model in memory."""

    content: bytes
    """Its file, with all that belongs to it."""


class ModelFiles(ABC):
    """The half of the contract of a framework that is the same for every kind of file."""

    name: str

    @abstractmethod
    def open(self, file: Path) -> Any:
        """The model in *file*."""

    def build(self, function: Callable[[], Any], seed: int) -> Any:
        """What *function* returns: there is nothing random in opening a file."""
        return function()

    def macs(self, model: Any, sample: Mapping[str, Array]) -> int | None:
        """Not counted."""
        return None

    def keep(self, model: FileModel, bases: Mapping[str, Any], folder: Path) -> str:
        """Write the file of *model* into *folder*."""
        (folder / f"model.{self.name}").write_bytes(model.content)
        return f"model.{self.name}"

    def restore(self, kept: Path, bases: Mapping[str, Callable[[], Any]]) -> Any:
        """The model that ``keep`` wrote."""
        return self.open(kept)


def one_by_one(infer: Callable[[dict[str, Array]], Mapping[str, Array]], inputs: Mapping[str, Array]) -> dict[str, Any]:
    """Outputs of *infer*, which takes one sample, for all of *inputs*, by name."""
    count = len(next(iter(inputs.values())))
    parts = [infer({name: values[number : number + 1] for name, values in inputs.items()}) for number in range(count)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
