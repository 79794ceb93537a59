"""The plain ratio of a figure to its baseline: of what is the same everywhere, and of what a machine measured."""

from __future__ import annotations

import math

from harness.core.finding import Verdict
from harness.judge.changes.judgement import ChangeJudgement, Moved, regressed
from harness.judge.comparable import why_other_machine
from harness.judge.interval import judge_exact
from harness.judge.judged import Judged, error
from harness.judge.words import say

NOTED_CHANGE = 0.02
"""A change of a measured figure below this share is not worth a note."""


def judge(moved: Moved) -> Judged:
    """The ratio; every byte that differs is told."""
    differs = moved.figure.value != moved.stored.value
    difference = f" ({moved.figure.value - moved.stored.value:+,.0f} B)" if differs else ""
    return _judged(moved, difference, noted=differs)


def judge_measured(moved: Moved) -> Judged:
    """The ratio; what varies from run to run anyhow is no news."""
    stored = moved.stored.value
    return _judged(moved, "", noted=stored > 0 and abs(moved.figure.value / stored - 1) > NOTED_CHANGE)


def _judged(moved: Moved, difference: str, *, noted: bool) -> Judged:
    figure, stored, limit = moved.figure, moved.stored, moved.case.change_limit
    if not (math.isfinite(stored.value) and stored.value > 0):
        return error(f"can't be compared: the baseline is {stored.value}")
    ratio = figure.value / stored.value
    verdict = Verdict.REPORTED if limit is None else regressed(judge_exact(ratio, limit.value, at_most=True))
    return Judged(
        verdict=verdict,
        sentence=f"has {say(figure.value, figure.unit)}, baseline {say(stored.value, figure.unit)}: {say(ratio, 'ratio')}{difference}",
        value=figure.value,
        n=figure.n,
        notes=(("improved" if ratio < 1 else "changed"),) if noted else (),
    )


def incomparable(moved: Moved) -> str:
    """Nothing: it is the same on every machine."""
    return ""


def incomparable_measured(moved: Moved) -> str:
    """It needs the same hardware class, provider and threads."""
    return why_other_machine(moved.stored.environment, moved.result.environment)


EXACT = ChangeJudgement(incomparable=incomparable, judge=judge)
MEASURED = ChangeJudgement(incomparable=incomparable_measured, judge=judge_measured)
