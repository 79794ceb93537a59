"""Recipes: ordered chains of compression steps, ``a+b``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.core.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """The number format that the runtime's own quantizer must produce: a name and its exact parameters."""

    name: str
    parameters: tuple[tuple[str, str | int | bool], ...] = ()
    needs_calibration: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a recipe: it either turns a model into a model, or names a precision."""

    name: str
    method: str
    """quantization, pruning, distillation, low-rank, architecture, or reference for ``fp32``."""
    source: Source
    precision: Precision | None = None
    transform: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A fully specified compression: transforms first, at most one precision, last."""

    name: str
    steps: tuple[Step, ...]

    @property
    def transforms(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.transform is not None)

    @property
    def precision(self) -> Precision:
        """What the runtime lowers to; ``fp32`` when no step names one."""
        last = self.steps[-1].precision
        return last if last is not None else Precision(name="fp32")
