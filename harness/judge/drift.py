"""A cell's figure against its baseline."""

from __future__ import annotations

import math

from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.finding import BASELINE, Finding, Verdict
from harness.core.matrix import Case
from harness.core.measurement import Interval, Measurement
from harness.core.metrics import Change
from harness.core.result import CellResult
from harness.judge.budget import ONE_SIDED_95
from harness.judge.comparable import why_incomparable
from harness.judge.limit import judge_exact, judge_interval
from harness.judge.words import say, say_interval, say_undecided
from harness.stats.paired_drop import Flips, drop_interval

NOTED_CHANGE = 0.02
"""A change of latency or memory below this share is not worth a note."""


def judge_drift(case: Case, result: CellResult, baseline: CellBaseline) -> Finding | None:
    """The finding of *case* against its baseline; None when this metric or suite has none to be held to."""
    change = case.metric.change
    if change is None or not case.baseline:
        return None
    stored = baseline.get(change.figure)
    if case.change_limit is None and stored is None:
        return None
    figure = result.measurements.get(change.figure)
    if figure is None or not math.isfinite(figure.value):
        told = "was not measured" if figure is None else f"is {figure.value}"
        return _finding(case, Verdict.ERROR, f"{change.figure} {told}")
    if stored is None:
        reason = f"no baseline for {change.figure} of {case.cell.id}; record one with --harness-update"
        return _finding(case, Verdict.NO_BASELINE, reason, figure)
    apart = why_incomparable(change.figure, case.cell, stored, result.environment, result.samples)
    if apart:
        return _finding(case, Verdict.INCOMPARABLE, f"incomparable({apart})", figure, stored)
    if change.figure == "accuracy_fraction":
        return _accuracy(case, result, figure, stored)
    return _ratio(case, change, figure, stored)


def _accuracy(case: Case, result: CellResult, figure: Measurement, stored: BaselineFigure) -> Finding:
    assert result.samples is not None and stored.samples is not None, "why_incomparable saw to that"
    try:
        before, now = stored.samples.unpack_correct(), result.samples.unpack_correct()
    except ValueError as err:
        return _finding(case, Verdict.ERROR, f"the baseline's samples can't be read: {err}", figure, stored)
    flips = Flips(n=len(now), negative=int((before & ~now).sum()), positive=int((~before & now).sum()))
    interval = drop_interval(flips, ONE_SIDED_95)
    same = stored.artifact_sha256 == (result.artifact.sha256 if result.artifact else "")
    unchanged = (
        stored.samples.correct == result.samples.correct and stored.samples.predicted == result.samples.predicted
    )
    allowed = case.change_limit
    if allowed is None:
        verdict = Verdict.REPORTED
    elif unchanged:
        verdict = Verdict.PASS
    else:
        verdict = _regressed(judge_interval(interval, allowed.value, at_most=True))
    notes: tuple[str, ...] = ()
    if not unchanged:
        notes = ("changed: the same artifact predicts otherwise",) if same else ("changed",)
    sentence = (
        f"accuracy {say(figure.value, 'fraction')}, baseline {say(stored.value, 'fraction')}: "
        f"drop {say(flips.drop, 'points')} {say_interval(interval, 'points')} (n = {flips.n}; {flips.negative} samples lost, "
        f"{flips.positive} won)"
    )
    if allowed is not None:
        sentence += f", allowed {allowed.text}"
        sentence += f"; {say_undecided(flips, allowed.value)}" if verdict is Verdict.INCONCLUSIVE else ""
    if flips.drop < 0:
        notes = (*notes, "improved")
    return _finding(case, verdict, sentence, figure, stored, interval=interval, notes=notes)


def _ratio(case: Case, change: Change, figure: Measurement, stored: BaselineFigure) -> Finding:
    if not (math.isfinite(stored.value) and stored.value > 0):
        return _finding(case, Verdict.ERROR, f"the baseline is {stored.value}", figure)
    ratio = figure.value / stored.value
    interval: Interval | None = None
    if figure.interval is not None:
        interval = (figure.interval[0] / stored.value, figure.interval[1] / stored.value)
    exact = change.figure == "size_bytes"
    differs = figure.value != stored.value if exact else abs(ratio - 1) > NOTED_CHANGE
    notes = (("improved" if ratio < 1 else "changed"),) if differs else ()
    if case.change_limit is None:
        verdict, allowed = Verdict.REPORTED, ""
    else:
        limit = case.change_limit.value
        judged = (
            judge_exact(ratio, limit, at_most=True)
            if interval is None
            else judge_interval(interval, limit, at_most=True)
        )
        verdict, allowed = _regressed(judged), f", allowed {case.change_limit.text}"
    shown = f" {say_interval(interval, 'ratio')}" if interval else ""
    sentence = (
        f"{change.figure} {say(figure.value, figure.unit)}, baseline {say(stored.value, figure.unit)}: "
        f"{say(ratio, 'ratio')}{shown}{allowed}"
    )
    if exact and differs:
        sentence += f" ({figure.value - stored.value:+,.0f} B)"
    return _finding(case, verdict, sentence, figure, stored, interval=interval, notes=notes)


def _regressed(verdict: Verdict) -> Verdict:
    return Verdict.REGRESSED if verdict is Verdict.OVER_BUDGET else verdict


def _finding(
    case: Case,
    verdict: Verdict,
    sentence: str,
    figure: Measurement | None = None,
    stored: BaselineFigure | None = None,
    *,
    interval: Interval | None = None,
    notes: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        cell=case.cell.id,
        metric=case.metric.name,
        against=BASELINE,
        verdict=verdict,
        reason=f"{case.metric.name} against baseline: {case.cell.recipe} on {case.cell.runtime}: {sentence}",
        unit=figure.unit if figure else "",
        value=figure.value if figure else None,
        n=figure.n if figure else None,
        baseline=stored.value if stored else None,
        limit=case.change_limit.value if case.change_limit else None,
        interval=interval,
        stage="measure" if verdict is Verdict.ERROR else "",
        notes=notes,
    )
