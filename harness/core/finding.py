"""Verdicts and findings: one judgement with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.core.measurement import Interval


class Verdict(StrEnum):
    """What was concluded. Nothing missing, NaN, empty, unreadable or skipped is a ``PASS``."""

    PASS = "pass"
    REPORTED = "reported"
    """Measured; nothing was demanded."""
    OVER_BUDGET = "over_budget"
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    """The evidence can't decide."""
    NO_BASELINE = "no_baseline"
    INCOMPARABLE = "incomparable"
    BELOW_NOISE_FLOOR = "below_noise_floor"
    """The limit allows less than what measurements of one artifact differ by here."""
    UNSUPPORTED = "unsupported"
    """This runtime can't do this by design."""
    UNAVAILABLE = "unavailable"
    """It could, but not on this machine."""
    ERROR = "error"

    @property
    def fails(self) -> bool:
        """Whether it fails a gate under every policy."""
        return self in (Verdict.OVER_BUDGET, Verdict.REGRESSED, Verdict.ERROR)


class Rung(StrEnum):
    """Ways to compare a latency, the best first."""

    SAME_ARTIFACT = "same artifact"
    """Nothing that decides the latency has changed."""
    PAIRED_ARTIFACT = "paired artifact"
    """The artifact of the baseline, in alternation in this run."""
    REFERENCE_RATIO = "ratio to the reference"
    """The float artifact on the same runtime, in alternation in this run."""
    ABSOLUTE = "absolute"
    """A time against a time."""


BUDGET = "budget"
PROMISE = "promise"
"""A promise of the recipe, see ``Promise``."""
PLACEMENT = "placement"
"""The share of operators that the named provider must run."""
BASELINE = "baseline"
CELL = "cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One judgement of one metric of one cell."""

    cell: str
    metric: str
    against: str
    """``budget``, ``promise``, ``placement``, ``baseline``, or ``cell`` when there was nothing to judge."""
    verdict: Verdict
    reason: str
    """One sentence that needs no other file: figure, limit, interval, n."""
    unit: str = ""
    value: float | None = None
    limit: float | None = None
    reference: float | None = None
    baseline: float | None = None
    interval: Interval | None = None
    n: int | None = None
    rung: str = ""
    """How a latency was compared, see ``Rung``; empty for other metrics."""
    correlation: float | None = None
    """How the cell's outputs correlate with the float model's, whatever is judged; None where they were not predicted."""
    least_correlation: float | None = None
    """What is demanded of that in every case."""
    phase: str = ""
    """Of an error: what was being done, see ``Phase``."""
    notes: tuple[str, ...] = ()
    """``improved``, ``changed``, and remarks that change no verdict."""
