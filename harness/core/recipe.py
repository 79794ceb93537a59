"""Recipes: ordered chains of compression steps, ``a+b``, and what each step promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.core.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """The number format that the runtime's own quantizer must produce: a name and its exact parameters."""

    name: str
    parameters: tuple[tuple[str, str | int | bool], ...] = ()
    needs_calibration: bool = False

    @property
    def integer(self) -> bool:
        """Whether integer kernels compute, whose results depend on the kind of CPU."""
        return self.name.startswith("int")

    def parameter(self, name: str, default: str | int | bool) -> str | int | bool:
        """The parameter called *name*, or *default*."""
        return dict(self.parameters).get(name, default)


FLOAT = Precision(name="fp32")
"""Nothing is quantized."""


class Trait(StrEnum):
    """What a step leaves in the weights, which a later step can undo."""

    ZEROS = "zeros"
    """Single weights that were set to zero."""
    PALETTE = "palette"
    """Few distinct values per layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A limit on a figure of the artifact that a step answers for, whatever a suite demands."""

    metric: Metric
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a recipe: it turns a model into a model, or names a precision, or both, in this order."""

    name: str
    """With its parameters: ``prune50``."""
    method: str
    """quantization, pruning, distillation, low-rank, clustering, or reference for ``fp32``."""
    source: Source
    precision: Precision | None = None
    transform: Callable[..., Any] | None = None
    """Takes the model, its ``Work`` when it has a parameter of that name, and ``parameters`` by name."""
    parameters: tuple[tuple[str, int], ...] = ()
    """Parsed from the name: ``percent=50`` of ``prune50``."""
    takes_work: bool = False
    promises: tuple[Promise, ...] = ()
    framework: str = ""
    """Framework whose models it transforms; empty for any."""
    trains: bool = False
    """Whether it learns from the training split."""
    replaces: bool = False
    """Discards the model it receives; such a step must come first."""
    leaves: frozenset[Trait] = frozenset()
    undoes: frozenset[Trait] = frozenset()
    control: str = ""
    """The control step: ``accuracy_gain`` is measured against it."""
    packages: tuple[str, ...] = ()
    """Distributions whose versions decide its result."""
    claims: str = ""
    """Of files that somebody else made, for which nothing is built: the recipe that they say to be of."""
    changes_model: bool = False
    """Of such files: whether that recipe transforms the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A fully specified compression: transforms first, at most one precision, last."""

    name: str
    steps: tuple[Step, ...]

    @property
    def transforms(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.transform is not None)

    @property
    def given(self) -> bool:
        """Whether files that somebody else made stand for it."""
        return any(step.claims for step in self.steps)

    @property
    def changes_model(self) -> bool:
        """Whether the model that is lowered is another one than was trained."""
        return any(step.transform is not None or step.changes_model for step in self.steps)

    @property
    def precision(self) -> Precision:
        """What the runtime lowers to; ``fp32`` when no step names one."""
        last = self.steps[-1].precision
        return last if last is not None else FLOAT

    @property
    def promises(self) -> tuple[Promise, ...]:
        """The promises of all steps: a later step must keep what an earlier one promised."""
        return tuple(promise for step in self.steps for promise in step.promises)
