"""What a rule made of one figure, before it becomes a finding."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.finding import Verdict
from harness.core.measurement import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict with its evidence."""

    verdict: Verdict
    sentence: str
    """What was found: figure, what it is compared with, interval, n; the limit is added by whoever makes the finding."""
    why: str = ""
    """Why it is undecided, or what would decide it."""
    value: float | None = None
    interval: Interval | None = None
    n: int | None = None
    reference: float | None = None
    baseline: float | None = None
    rung: str = ""
    unit: str = ""
    """Of value and interval, where it is not the metric's own."""
    notes: tuple[str, ...] = ()

    @property
    def finite_interval(self) -> Interval | None:
        """The interval where both ends are numbers; a report's JSON holds no infinity, the sentence tells it."""
        return self.interval if self.interval is not None and all(map(math.isfinite, self.interval)) else None


def error(sentence: str) -> Judged:
    """There is nothing to judge, and *sentence* says why."""
    return Judged(verdict=Verdict.ERROR, sentence=sentence)
