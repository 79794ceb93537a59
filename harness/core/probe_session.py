"""A probed artifact: its live worker, and what was seen and computed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.core.result import ClassFlips
from harness.core.task_metric import TaskMetric
from harness.core.tensors import Array, Tensors
from harness.core.timing import Start


class Timed(Protocol):
    """A live worker with an artifact that is ready to run."""

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """The worker's answer to *operation*; see ``harness.worker.program``."""
        ...

    def time(self, iterations: int) -> Array:
        """Times in ns of so many single inferences, shape (iterations,)."""
        ...


class Startable(Timed, Protocol):
    """A live worker that has its artifact still to load."""

    def start(self, *, cold: bool) -> Start:
        """Load the artifact, from *cold* files where the system lets one drop them, and do the first inference.

        Then it is ready to run.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Predictions on the whole evaluation set beside the reference's."""

    task_metric: TaskMetric
    n: int
    """Samples that were evaluated."""
    label_tensors: Tensors
    """Of the samples whose outputs are kept: all, unless outputs are too large for that."""
    output_tensors: Tensors
    reference_tensors: Tensors
    """The reference's outputs."""
    same_label: Array | None = None
    """Whether both predict the same class, bool (n,); None where outputs are no class scores."""
    predicted: Array | None = None
    """The predicted classes, (n,); None likewise."""
    correct: Array | None = None
    """Bool of shape (n,); None when the task metric scores all samples as one."""
    reference_correct: Array | None = None
    classes: tuple[ClassFlips, ...] = ()
    """By label; empty when the labels are no classes."""
    added: Tensors | None = None
    """What each sample adds to a task metric of numbers; None of others."""
    reference_added: Tensors | None = None

    @property
    def labels(self) -> Any:
        """As a user's function sees them: an array, a list of arrays of different shapes, or a dict of these by name."""
        return self.label_tensors.plain()

    @property
    def outputs(self) -> Any:
        """Likewise."""
        return self.output_tensors.plain()

    @property
    def reference_outputs(self) -> Any:
        """Likewise."""
        return self.reference_tensors.plain()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSession:
    """What meters of the stage ``probe`` measure: one artifact in one fresh worker, after its predictions."""

    worker: Timed
    """Still running, with the artifact loaded and prepared."""
    load_ns: float
    """Of files as they were: cached, as a rule."""
    first_ns: float
    """The first inference."""
    memory_peak_bytes: float
    """Over the idle level, before the predictions."""
    memory_idle_bytes: float
    """With the engine imported and nothing loaded."""
    evaluation: Evaluation
    provider: str
    """The provider that was asked for."""
    placement: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many operators of each name every provider took; empty where the engine does not tell."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Figures of the engine's own, by name."""
    description: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that the engine tells of itself."""
