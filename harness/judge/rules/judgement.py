"""What a rule has to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.core.limits import Limit
from harness.core.matrix import Case
from harness.core.measurement import Measurement
from harness.core.metric import Metric
from harness.core.noise import NoiseProfile
from harness.core.result import CellResult
from harness.core.timing import Timing
from harness.judge.facts import Facts
from harness.judge.judged import Judged
from harness.judge.latency import Look
from harness.judge.unholdable import decidable, vacuous


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A case with everything that it is judged by."""

    case: Case
    result: CellResult
    timing: Timing | None = None
    noise: NoiseProfile | None = None

    @property
    def metric(self) -> Metric:
        """What is judged."""
        return self.case.metric

    @property
    def limit(self) -> Limit | None:
        """What is demanded; None: report only."""
        return self.case.limit

    @property
    def figure(self) -> Measurement:
        """The measurement of the metric's figure; only where there is one."""
        return self.result.measurements[self.metric.figure.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How one rule compares figures with limits."""

    judge: Callable[[Evidence], Judged]
    needs_figure: bool = True
    """Whether a missing figure is an error before it is asked; else the rule itself says what is missing."""
    undecidable: Callable[[Metric, Limit, Facts], str] = decidable
    """Why no evaluation set like this can decide a limit; empty when it can."""
    vacuous: Callable[[Metric, Limit, Facts], str] = vacuous
    """Why a limit demands nothing; empty when it does."""
    look: Callable[[Metric, Limit | None, Timing, NoiseProfile | None], Look] | None = None
    """For times: whether the rounds so far decide a limit; None: the figure is no time of alternating rounds."""
    alternates: bool = False
    """Whether the times of two artifacts are set against each other."""
    least_inferences: Callable[[Metric, int], int] = lambda metric, beyond: 0
    """How many inferences it takes to decide a limit that so many of them lie beyond."""
