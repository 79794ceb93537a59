"""What a metric is: the figure that it judges, by which rule, after which stage, and how far it may move from a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.core.figure import NOWHERE, Better, Figure
from harness.core.limits import ERROR_TIMES, Limit
from harness.core.source import Source
from harness.core.timing import Span


class Stage(StrEnum):
    """How much work a figure needs; a later stage includes the earlier ones."""

    ARTIFACT = "artifact"
    """The built artifact alone."""
    PROBE = "probe"
    """One worker: load, predictions, memory."""
    TIMING = "timing"
    """Workers timed in alternation with the reference."""


class Rule(StrEnum):
    """How a figure is compared with its limit; ``harness.judge.rules`` has a file for each."""

    EXACT = "exact"
    PAIRED_DROP = "paired drop"
    """A difference of two accuracies on the same samples."""
    WORST_CLASS = "worst class"
    """The same for every class, corrected for their number."""
    PAIRED_GAIN = "paired gain"
    """A difference of two accuracies on the same samples, of a recipe and of its control."""
    PROPORTION = "proportion"
    """A share of samples, with a binomial interval."""
    ACCURACY = "accuracy"
    """The share of samples that are right."""
    RATIO = "ratio"
    """Times of two artifacts in alternation."""
    ABSOLUTE = "absolute"
    """Times of one artifact, against a time."""
    LOSS = "loss"
    """What a mean or a score over samples loses against the float model, by a paired bootstrap."""
    LEVEL = "level"
    """A mean or a score over samples itself, with its interval."""
    TAIL = "tail"
    """How many single inferences take longer than the limit."""


class ChangeRule(StrEnum):
    """How a figure is compared with its baseline; ``harness.judge.drift`` has the table."""

    EXACT = "exact"
    """The same everywhere, to the byte."""
    OUTCOME = "outcome"
    """By what became of every sample."""
    MEASURED = "measured"
    """Depends on the machine and varies a little."""
    QUALITY = "quality"
    """A mean or a score over samples, by both intervals."""
    TIMED = "timed"
    """By the best rung that can be had."""


class Companion(StrEnum):
    """Which other recipes a figure needs."""

    CONTROL = "control"
    """The recipe that lacks what this one is about."""
    DRAWS = "draws"
    """The same recipe with other calibration samples."""


UNITS: Mapping[str, Mapping[str, float]] = {
    "fraction": {"%": 0.01},
    "points": {"pp": 0.01},
    "ratio": {"x": 1.0},
    "bytes": {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3},
    "ns": {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9},
}
"""What a limit may be written in, with the factor to the figure's unit, by how the figure is written."""
POINTS_OR_ERRORS = {**UNITS["points"], ERROR_TIMES: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How far a figure may move from its baseline."""

    name: str
    """The key in a budget table, such as ``size_change``."""
    figure: Figure
    """What is compared with the baseline."""
    ratio: Figure | None = None
    """Its ratio to the reference, which is stored with it: another way to compare."""
    rule: ChangeRule
    units: Mapping[str, float] = field(default_factory=lambda: UNITS["ratio"])
    default: Limit | None = None
    """The limit when a budget names none; None means that a change is noted, never failed."""
    vacuous: float = 1.5
    """A limit beyond this allows more than half of the baseline."""
    source: Source = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing a test can gate on."""

    name: str
    title: str
    """What sentences call it."""
    figure: Figure
    """What is judged."""
    stage: Stage
    rule: Rule = Rule.EXACT
    own_units: Mapping[str, float] | None = None
    """Units a limit may be written in, with the factor to the figure's; None: those that are usual for it."""
    span: Span = Span.INFERENCE
    """For times: what is timed."""
    percent: float = 50
    """For times: the percentile that is meant."""
    companion: Companion | None = None
    """The other recipes that it takes; a recipe that has none is reported without a figure, and nothing can be demanded."""
    per_sample: bool = False
    """Whether it needs a task metric that judges every sample."""
    factor: Figure | None = None
    """For a loss: the same as a factor, which limits in x are held to."""
    signed: bool = False
    """Whether a limit may be negative."""
    change: Change | None = None
    vacuous: float | None = None
    """A limit beyond this (for a lower limit: below it) allows more than half of the reference; None: no such bound."""
    source: Source = field(default=NOWHERE, compare=False)

    @property
    def unit(self) -> str:
        """The unit that limits and figures are held in."""
        return self.figure.unit

    @property
    def units(self) -> Mapping[str, float]:
        """Units a limit may be written in, with the factor to ``unit``."""
        return self.own_units or UNITS.get(self.figure.written, {self.unit: 1.0})

    @property
    def at_most(self) -> bool:
        """Whether the limit is an upper one."""
        return self.figure.better is Better.LOWER

    @property
    def relative(self) -> bool:
        """Whether the figure is divided by the reference artifact's on the same runtime."""
        return self.figure.of is not None
