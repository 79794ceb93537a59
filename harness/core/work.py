"""What a recipe step can use and report while it transforms a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.core.data import Split
from harness.core.tensors import Array
from harness.errors import ContractError


@dataclass(kw_only=True)
class Work:
    """Data, seed and a notebook for one step on one model; not a record: the step writes into it."""

    step: str
    model: str
    """The model's registered name."""
    example: Any
    """A few real samples: an array (n, ...); of a model that takes several tensors a dict of them."""
    seed: int = 0
    load_train: Callable[[], Split] | None = None
    """None for a step that did not say ``trains=True``: its data would not be in the cache key."""
    build_student: Callable[[], Any] | None = None
    """Makes the model's untrained student; None when none is registered."""
    epochs: int = 0
    """Passes over the training split so far; add to it."""
    notes: list[str] = field(default_factory=list)
    """Remarks for the provenance, such as layers that were left unchanged."""

    @property
    def train(self) -> Split:
        """The training split.

        Raises:
            ContractError: the step is not registered as one that trains, or the data set has no training split.
        """
        if self.load_train is None:
            raise ContractError(f"step {self.step!r} reads the training split: register it with trains=True")
        return self.load_train()

    def student(self) -> Any:
        """The model's student, untrained.

        Raises:
            ContractError: the model was registered without one.
        """
        if self.build_student is None:
            raise ContractError(
                f"model {self.model!r} has no student: register it with @harness.model(..., student=function)"
            )
        return self.build_student()

    @property
    def example_array(self) -> Array:
        """The example of a model that takes one tensor, shape (n, ...).

        Raises:
            ContractError: it takes several.
        """
        if not isinstance(self.example, np.ndarray):
            names = ", ".join(self.example)
            raise ContractError(f"step {self.step!r} takes models with one input, {self.model!r} has {names}")
        return self.example

    def note(self, text: str) -> None:
        """Add *text* to the provenance."""
        self.notes.append(text)
