"""A model: architecture, float weights, and how to evaluate it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A registered model; ``build`` returns it trained, in its own framework, ready to evaluate."""

    name: str
    framework: str
    build: Callable[[], Any]
    signature: Signature | None
    """What it takes and gives; None of a file, which says so itself when it is opened."""
    dataset: str
    metric: str
    file: Path | None = None
    """The file that is the model; None: a function makes it."""
    student: Callable[[], Any] | None = None
    """Returns an untrained smaller model of the same inputs and outputs, for distillation."""
    source: Source
