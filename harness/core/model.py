"""A model: architecture, float weights, and how to evaluate it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.core.data import Array
from harness.core.source import Source
from harness.errors import ContractError


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What a model takes: its name, the shape of one sample (no batch dimension) and the dtype."""

    shape: tuple[int, ...]
    name: str = "input"
    dtype: str = "float32"

    def check(self, inputs: Array, where: str) -> None:
        """Raise ``ContractError`` unless *inputs* is a batch of such samples."""
        if inputs.shape[1:] != self.shape or str(inputs.dtype) != self.dtype:
            raise ContractError(
                f"{where}: one sample is {inputs.dtype} {inputs.shape[1:]}, but the model's input {self.name!r} takes {self.dtype} {self.shape}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A registered model; ``build`` returns it trained, in its own framework, ready to evaluate."""

    name: str
    framework: str
    build: Callable[[], Any]
    input: Input
    dataset: str
    metric: str
    student: Callable[[], Any] | None = None
    """Returns an untrained smaller model of the same inputs and outputs, for distillation."""
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMetric:
    """A registered task metric: from outputs (n, ...) and labels (n, ...) to correctness or to one score."""

    name: str
    compute: Callable[[Array, Array], Any]
    per_sample: bool
    """True: it gives correctness, bool of shape (n,). False: one number for all samples, 0 to 1, higher is better."""
    source: Source
