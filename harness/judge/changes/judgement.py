"""What a rule of change has to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.finding import Verdict
from harness.core.matrix import Case
from harness.core.measurement import Measurement
from harness.core.metric import Change
from harness.core.noise import NoiseProfile
from harness.core.recipe import Precision
from harness.core.result import CellResult
from harness.core.timing import Timings
from harness.judge.judged import Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Today's figure of a case, its stored one, and everything that the two are compared by."""

    case: Case
    result: CellResult
    figure: Measurement
    stored: BaselineFigure
    baseline: CellBaseline
    """All stored figures of the cell, ``stored`` among them."""
    precision: Precision
    """What the recipe asked of the runtime's quantizer."""
    timed: Timings
    noise: NoiseProfile | None

    @property
    def change(self) -> Change:
        """What is held against the baseline."""
        assert self.case.metric.change is not None, "nothing is held against a baseline without one"
        return self.case.metric.change


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeJudgement:
    """How one rule compares a figure with its baseline."""

    incomparable: Callable[[Moved], str]
    """Why the two can't be compared: ``hardware: ...``, ``environment: ...`` or ``data set: ...``; empty when they can."""
    judge: Callable[[Moved], Judged]
    unit: str = ""
    """The unit of what is judged; empty: the figure's own."""
    bound_by_noise: bool = False
    """Whether no limit below the noise floor can be held."""


def regressed(verdict: Verdict) -> Verdict:
    """*verdict* on a limit, as a verdict on a change."""
    return Verdict.REGRESSED if verdict is Verdict.OVER_BUDGET else verdict
