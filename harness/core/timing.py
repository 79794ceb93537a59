"""What was timed of one cell, round by round."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from harness.core.context import Context
from harness.core.tensors import Array

Rounds = tuple[tuple[float, float], ...]
"""Rounds of one pair of processes: epoch medians (candidate, other) in ns per inference; other 0 when timed alone."""


class Placing(StrEnum):
    """Where the two sides of a comparison were timed: CPUs of one machine differ in speed, and the speeds change."""

    TOGETHER = "together"
    """Each round on CPUs that were chosen for it, the same for both sides."""
    FREE = "free"
    """Where the system put them."""
    APART = "apart"
    """Where the system put them, and that was never the same CPU."""


class Span(StrEnum):
    """What a time is the time of."""

    INFERENCE = "inference"
    LOAD = "load"
    FIRST_INFERENCE = "first inference"
    """Right after loading, in a fresh process; it may compile."""


class Files(StrEnum):
    """What the system had cached of an artifact's files when loading began."""

    COLD = "cold"
    """Nothing."""
    CACHED = "cached"
    """Some of it, or all: the system could not drop it."""
    UNKNOWN = "unknown"
    """It could not be looked up, or nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a fresh process came to its first answer."""

    load_ns: float
    first_ns: float
    files: Files = Files.UNKNOWN
    why_not_cold: str = ""

    def ns(self, span: Span) -> float:
        """The time of *span*."""
        return self.load_ns if span is Span.LOAD else self.first_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All rounds of one cell, alone or in alternation with another artifact."""

    pairs: tuple[Rounds, ...]
    candidate_ns: Array = field(compare=False)
    """Every single inference of the candidate."""
    other_ns: Array | None = field(default=None, compare=False)
    """Every single inference of the other side; None when timed alone."""
    iterations: int
    """Inferences per epoch."""
    placing: Placing = Placing.TOGETHER
    """Where the sides were timed; of one side alone always together."""
    starts: tuple[tuple[Start, ...], ...] = ()
    """How the processes of each pair started, the candidate first; empty where nobody asked for it."""
    span: Span = Span.INFERENCE
    """What its times are the times of."""
    context: Context | None = None
    """What the machine did meanwhile."""

    @property
    def paired(self) -> bool:
        """Whether two artifacts alternated."""
        return self.other_ns is not None

    def of(self, span: Span) -> Timing | None:
        """The times of *span*, of which a pair of processes has one round; None where they were not taken."""
        if span is Span.INFERENCE:
            return self
        if not self.starts:
            return None
        ours = [pair[0].ns(span) for pair in self.starts]
        theirs = [pair[1].ns(span) if self.paired else 0.0 for pair in self.starts]
        return replace(
            self,
            pairs=tuple((both,) for both in zip(ours, theirs, strict=True)),
            candidate_ns=np.array(ours),
            other_ns=np.array(theirs) if self.paired else None,
            iterations=1,
            span=span,
        )

    def of_other(self) -> Timing | None:
        """The other side's own times, as if it had been timed alone; None when there was none."""
        if self.other_ns is None:
            return None
        pairs = tuple(tuple((other, 0.0) for _, other in rounds) for rounds in self.pairs)
        return replace(
            self,
            pairs=pairs,
            candidate_ns=self.other_ns,
            other_ns=None,
            placing=Placing.TOGETHER,
            starts=tuple(pair[1:] for pair in self.starts),
        )

    @property
    def epochs_ns(self) -> list[float]:
        """The candidate's epoch medians."""
        return [candidate for rounds in self.pairs for candidate, _ in rounds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """What a cell's latency is judged by."""

    own: Timing | None = None
    """In alternation with the reference on the same runtime, or alone."""
    against_baseline: Timing | None = None
    """In alternation with the artifact that its baseline was taken of."""
    why_not_against_baseline: str = ""
    """Why that artifact could not be timed, where it was wanted."""


NOT_TIMED = Timings()
