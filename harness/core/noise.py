"""How noisy latency is on one hardware class: the outcome of ``edge-harness calibrate``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from harness.core.context import Context
from harness.core.environment import Hardware
from harness.core.measurement import Interval

UNCALIBRATED_SPREAD = 1.4
"""By what factor fresh processes of one artifact differed on a shared machine (1.39 over 60 of them), and
with it what is assumed of a machine that nobody calibrated."""
UNCALIBRATED_RATIO_SPREAD = 1.25
"""The same for stored ratios to the reference (.52 to .65 in different runs)."""
QUIET_SPREAD = 1.05
"""A machine whose fresh processes differ by no more than this is quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One judgement by fresh processes of what is known beforehand."""

    slowdown: float
    """What was injected into the candidate: 0.10 is ten percent, 0 nothing."""
    different: bool = False
    """Whether the sides were two artifacts; else one and the same."""
    cell: str = ""
    """What was timed, as its id."""
    loaded: bool = False
    """Whether other work was made meanwhile."""
    verdict: str
    seconds: float
    """Start of the processes included."""
    ratio: float
    interval: Interval
    pair_ratios: tuple[float, ...]
    process_ns: tuple[float, ...]
    """Median inference of every process that ran the calibrated artifact as it is."""
    context: Context | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPoint:
    """Trials at one true slow-down, judged against one limit."""

    slowdown: float
    """The injected slow-down: 0.10 is ten percent."""
    trials: int
    failed: int
    passed: int
    inconclusive: int
    seconds_median: float
    """Until the verdict, start of the processes included."""

    @property
    def fail_share(self) -> float:
        return self.failed / self.trials if self.trials else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNoise:
    """What the trials of one cell, or of one cell under one load, came to."""

    cell: str
    loaded: bool
    """Whether other work was made meanwhile."""
    equal: int
    """Trials of equal artifacts."""
    false_alarms: int
    inconclusive: int
    """Of equal artifacts."""
    slower: int
    """Trials of slow-downs of twice the allowed change or more."""
    false_passes: int
    seen: int
    """Of those slow-downs."""
    p50_ns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many trials, with the Clopper-Pearson interval (95 %)."""

    count: int
    trials: int
    interval: Interval

    @property
    def words(self) -> str:
        """``2 of 200 (0.1 % to 3.6 %)``."""
        low, high = self.interval
        return f"{self.count} of {self.trials} ({100 * low:.1f} % to {100 * high:.1f} %)"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseProfile:
    """False alarms, power and noise of latency verdicts on one hardware class."""

    hardware: Hardware
    cell: str
    """What was timed, as its id."""
    limit: float
    """The ratio that the trials were judged against."""
    power: tuple[PowerPoint, ...]
    """By rising slow-down; the first is 0: the artifact against itself."""
    false_alarms: Interval
    """Clopper-Pearson interval (95 %) of the share of A/A trials that failed."""
    noise_floor: float
    """The smallest change a limit may allow: 95th percentile of the upper ends of decided A/A intervals, minus 1."""
    absolute_spread: float
    """Largest median over smallest among fresh processes of one artifact (2.5 % trimmed at either end), a factor >= 1."""
    ratio_spread: float
    """The same of the ratio of two different artifacts, one process pair each; what a stored ratio can be trusted to."""
    inconclusive: Share | None = None
    """Of equal artifacts; None in files of the first schema."""
    false_reds: Share | None = None
    """Equal artifacts that are red in a strict run: over budget or inconclusive; None likewise."""
    false_passes: Share | None = None
    """Of slow-downs of twice the allowed change or more."""
    cells: tuple[CellNoise, ...] = ()
    """By what was timed, quiet and loaded spells apart."""
    neighbours: int = 0
    """Processes that computed in bursts in the loaded spells."""
    minutes: float
    date: str
    quick: bool = False
    p50_ns: float
    context: str = ""
    """What the machine did meanwhile, in words."""
    versions: tuple[tuple[str, str], ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether absolute times of different runs can be compared here."""
        return self.absolute_spread <= QUIET_SPREAD and not any(p.failed for p in self.power if p.slowdown == 0)

    def strict_runs_per_false_red(self, cases: int) -> tuple[float, float] | None:
        """How many strict runs of *cases* latency cases, all within their limits, come to one that is red.

        The share seen, then the worst that the trials leave room for (95 %); infinite where nothing was red, None where
        it is not known.
        """
        if self.false_reds is None:
            return None
        seen, worst = self.false_reds.count / self.false_reds.trials, self.false_reds.interval[1]
        return _runs_per_red(seen, cases), _runs_per_red(worst, cases)

    @property
    def words(self) -> str:
        """One line for a report."""
        equal = [point for point in self.power if point.slowdown == 0]
        alarms = f"{sum(p.failed for p in equal)} false alarms in {sum(p.trials for p in equal)} trials"
        alarms += f", {self.inconclusive.count} inconclusive" if self.inconclusive is not None else ""
        alarms += (
            f", {self.false_passes.count} false passes in {self.false_passes.trials}"
            if self.false_passes is not None
            else ""
        )
        seen = self.smallest_seen()
        sees = f"+{100 * seen:g} % seen in 90 % of them" if seen is not None else "no slow-down tried was seen in 90 %"
        apart = f"processes differ by {self.absolute_spread:.2f} x"
        quiet = f"quiet: {apart}" if self.quiet else f"not quiet: {apart}"
        return f"calibrated {self.date} at {self.limit:g} x: {alarms}, {sees}; {quiet}"

    def smallest_seen(self, share: float = 0.9) -> float | None:
        """The smallest injected slow-down that fails in at least *share* of its trials, and so do all larger ones."""
        found: float | None = None
        for point in sorted(self.power, key=lambda point: -point.slowdown):
            if point.slowdown <= 0 or point.fail_share < share:
                break
            found = point.slowdown
        return found


def _runs_per_red(share: float, cases: int) -> float:
    red = 1 - (1 - share) ** cases
    return 1 / red if red > 0 else math.inf


def absolute_spread(noise: NoiseProfile | None) -> float:
    """By what factor absolute times of two runs may differ here."""
    return UNCALIBRATED_SPREAD if noise is None else noise.absolute_spread


def ratio_spread(noise: NoiseProfile | None) -> float:
    """By what factor ratios of two runs may differ here."""
    return UNCALIBRATED_RATIO_SPREAD if noise is None else noise.ratio_spread


NoiseOf = Callable[[str], NoiseProfile | None]
"""What is known of a target by its name; None when nobody calibrated its hardware class."""
