"""What a model is for, as a number: right or wrong, a number for each sample, or a score over all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.core.figure import Better
from harness.core.source import Source


class Kind(StrEnum):
    """What a task metric says of samples."""

    OUTCOME = "right or wrong for each sample"
    VALUE = "a number for each sample"
    """What counts is their mean."""
    SCORE = "a score over all samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMetric:
    """A registered task metric: from outputs and labels to what counts."""

    name: str
    title: str = ""
    """What tables and sentences call it; empty: accuracy."""
    kind: Kind
    compute: Callable[[Any, Any], Any]
    """From outputs and labels: bool (n,) of an outcome, numbers (n,) of a value, of a score what each sample adds to it, (n, ...) or a
    mapping of such; of a score without ``combine`` the score itself."""
    combine: Callable[..., Any] | None = None
    """The score, from the sums of what samples added, or where it is ``weighted`` of each resample from what they added and weights."""
    weighted: bool = False
    """Whether the score is no function of sums, as of ranks: what samples add may then differ in length."""
    better: Better = Better.HIGHER
    unit: str = "fraction"
    """Of a value or a score: a fraction is shown in percent, any other word as it is."""
    of_reference: bool = False
    """Whether it compares with the float model's outputs, which then take the labels' place."""
    packages: tuple[str, ...] = ()
    """Distributions that it imports; where one is missing, models judged by it are ``unavailable``."""
    source: Source

    @property
    def per_sample(self) -> bool:
        """Whether it is known of every sample if it was right."""
        return self.kind is Kind.OUTCOME

    @property
    def in_blocks(self) -> bool:
        """Whether it is computed of some samples at a time, and adds up."""
        return self.kind is not Kind.SCORE or self.combine is not None

    @property
    def worse(self) -> str:
        """What a loss is called: a ``drop`` of what shall be high, a ``rise`` of what shall be low."""
        return "drop" if self.better is Better.HIGHER else "rise"

    @property
    def ending(self) -> str:
        """How the names of its figures end: the unit without signs."""
        return re.sub(r"[^A-Za-z0-9]+", "_", self.unit).strip("_") or "value"
