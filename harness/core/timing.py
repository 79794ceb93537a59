"""What was timed of one cell, round by round."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.core.context import Context
from harness.core.data import Array

Rounds = tuple[tuple[float, float], ...]
"""Rounds of one pair of processes: epoch medians (candidate, other) in ns per inference; other 0 when timed alone."""


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
    context: Context | None = None
    """What the machine did meanwhile."""

    @property
    def paired(self) -> bool:
        """Whether two artifacts alternated."""
        return self.other_ns is not None

    def of_other(self) -> Timing | None:
        """The other side's own times, as if it had been timed alone; None when there was none."""
        if self.other_ns is None:
            return None
        pairs = tuple(tuple((other, 0.0) for _, other in rounds) for rounds in self.pairs)
        return Timing(pairs=pairs, candidate_ns=self.other_ns, iterations=self.iterations, context=self.context)

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
