"""A cell's figure against its baseline."""

from __future__ import annotations

import math

from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.finding import BASELINE, Finding, Verdict
from harness.core.matrix import Case
from harness.core.measurement import Measurement
from harness.core.metrics import LATENCY_CHANGE
from harness.core.noise import NoiseProfile
from harness.core.result import CellResult
from harness.core.timing import NOT_TIMED, Timings
from harness.judge.comparable import elsewhere, why_incomparable
from harness.judge.drift_latency import judge_latency_drift
from harness.judge.flips import ONE_SIDED_95, judge_flips, say_flips
from harness.judge.judged import Judged, error
from harness.judge.limit import judge_exact, judge_interval, why_open
from harness.judge.words import say, say_interval
from harness.stats.paired_drop import Flips, drop_interval

NOTED_CHANGE = 0.02
"""A change of memory below this share is not worth a note."""

WORDS = {
    Verdict.PASS: "held against baseline",
    Verdict.REGRESSED: "regressed against baseline",
    Verdict.INCONCLUSIVE: "inconclusive against baseline",
    Verdict.REPORTED: "reported against baseline",
    Verdict.NO_BASELINE: "without baseline",
    Verdict.INCOMPARABLE: "incomparable with baseline",
    Verdict.BELOW_NOISE_FLOOR: "below the noise floor against baseline",
    Verdict.ERROR: "error against baseline",
}


def judge_drift(
    case: Case,
    result: CellResult,
    baseline: CellBaseline,
    *,
    timed: Timings = NOT_TIMED,
    noise: NoiseProfile | None = None,
) -> Finding | None:
    """The finding of *case* against its baseline; None when this metric or suite has none to be held to."""
    change = case.metric.change
    if change is None or not case.baseline:
        return None
    stored = baseline.get(change.figure)
    if case.change_limit is None and stored is None:
        return None
    figure = result.measurements.get(change.figure)
    judged = _judged(case, result, figure, stored, baseline, timed, noise)
    limit = case.change_limit
    parts = [f"{case.metric.title} {WORDS[judged.verdict]}: {case.cell.recipe} on {case.cell.runtime} "]
    parts[0] += judged.sentence
    if limit is not None and judged.verdict not in (Verdict.NO_BASELINE, Verdict.INCOMPARABLE, Verdict.ERROR):
        parts.append(f"allowed {limit.text}")
    told = ", ".join(parts) + (f"; {judged.why}" if judged.why else "")
    apart = elsewhere(stored.environment, result.environment) if stored else ""
    return Finding(
        cell=case.cell.id,
        metric=case.metric.name,
        against=BASELINE,
        verdict=judged.verdict,
        reason=f"{told}; {apart}" if apart and judged.verdict is not Verdict.INCOMPARABLE else told,
        unit=_unit(case, figure),
        value=judged.value,
        n=judged.n,
        baseline=judged.baseline if judged.baseline is not None else stored.value if stored else None,
        limit=limit.value if limit else None,
        interval=judged.finite_interval,
        rung=judged.rung,
        stage="measure" if judged.verdict is Verdict.ERROR else "",
        notes=judged.notes,
    )


def _unit(case: Case, figure: Measurement | None) -> str:
    if case.metric.change is LATENCY_CHANGE:
        return "ratio"
    return figure.unit if figure else ""


def _judged(
    case: Case,
    result: CellResult,
    figure: Measurement | None,
    stored: BaselineFigure | None,
    baseline: CellBaseline,
    timed: Timings,
    noise: NoiseProfile | None,
) -> Judged:
    change = case.metric.change
    assert change is not None
    if figure is None or not math.isfinite(figure.value):
        return error(f"has no figure: {change.figure} {'was not measured' if figure is None else f'is {figure.value}'}")
    if stored is None:
        return Judged(
            verdict=Verdict.NO_BASELINE,
            sentence=f"has none for {change.figure}; record one with --harness-update",
            value=figure.value,
            n=figure.n,
        )
    if change is LATENCY_CHANGE:
        return judge_latency_drift(case, result, baseline, timed, noise)
    apart = why_incomparable(change.figure, case.cell, stored, result.environment, result.samples)
    if apart:
        sentence = f"can't be compared, incomparable({apart})"
        return Judged(verdict=Verdict.INCOMPARABLE, sentence=sentence, value=figure.value, n=figure.n)
    if change.figure == "accuracy_fraction":
        return _accuracy(case, result, figure, stored)
    return _exact(case, figure, stored)


def _accuracy(case: Case, result: CellResult, figure: Measurement, stored: BaselineFigure) -> Judged:
    assert result.samples is not None and stored.samples is not None, "why_incomparable saw to that"
    now, before = result.samples, stored.samples
    unchanged = before.correct == now.correct and before.predicted == now.predicted
    same = stored.artifact_sha256 == (result.artifact.sha256 if result.artifact else "")
    notes: tuple[str, ...] = (
        () if unchanged else ("changed: the same artifact predicts otherwise",) if same else ("changed",)
    )
    scores = f"scores {say(figure.value, 'fraction')}, baseline {say(stored.value, 'fraction')}: "
    allowed = case.change_limit
    if not now.per_sample or not before.per_sample:
        return _score(case, figure, stored, scores, notes, unchanged=unchanged)
    try:
        right_before, right_now = before.unpack_correct(), now.unpack_correct()
    except ValueError as err:
        return error(f"can't be compared: the baseline's samples can't be read: {err}")
    flips = Flips.of(right_before, right_now)
    both_wrong = int((~right_before & ~right_now).sum())
    verdict, why = Verdict.REPORTED, ""
    interval = drop_interval(flips, ONE_SIDED_95)
    if allowed is not None:
        found, interval, why = judge_flips(flips, both_wrong, allowed)
        verdict, why = (Verdict.PASS, "") if unchanged else (_regressed(found), why)
    of_errors = allowed is not None and allowed.of_errors
    if flips.drop < 0:
        notes = (*notes, "improved")
    return Judged(
        verdict=verdict,
        sentence=scores + say_flips(flips, both_wrong, interval, of_errors=of_errors),
        why=why,
        value=figure.value,
        interval=interval,
        n=figure.n,
        notes=notes,
    )


def _score(
    case: Case,
    figure: Measurement,
    stored: BaselineFigure,
    scores: str,
    notes: tuple[str, ...],
    *,
    unchanged: bool,
) -> Judged:
    """A score over all samples: nothing is stored of each, so that only both intervals can be set against each other."""
    drop = stored.value - figure.value
    verdict, interval, allowed = Verdict.REPORTED, None, case.change_limit
    if figure.interval is not None and stored.interval is not None:
        interval = (stored.interval[0] - figure.interval[1], stored.interval[1] - figure.interval[0])
    if allowed is not None:
        if allowed.of_errors:
            return error("can't be judged: a multiple of the errors needs a task metric that judges every sample")
        if unchanged:
            verdict = Verdict.PASS
        elif interval is None:
            return error("can't be judged: the score has no interval")
        else:
            verdict = _regressed(judge_interval(interval, allowed.value, at_most=True))
    at = f" {say_interval(interval, 'points')}" if interval is not None else ""
    return Judged(
        verdict=verdict,
        sentence=f"{scores}drop {say(drop, 'points')}{at} (n = {figure.n})",
        why=why_open(verdict),
        value=figure.value,
        interval=interval,
        n=figure.n,
        notes=(*notes, "improved") if drop < 0 else notes,
    )


def _exact(case: Case, figure: Measurement, stored: BaselineFigure) -> Judged:
    """Size and memory: the plain ratio."""
    if not (math.isfinite(stored.value) and stored.value > 0):
        return error(f"can't be compared: the baseline is {stored.value}")
    ratio = figure.value / stored.value
    exact = figure.name == "size_bytes"
    differs = figure.value != stored.value if exact else abs(ratio - 1) > NOTED_CHANGE
    verdict = (
        Verdict.REPORTED
        if case.change_limit is None
        else _regressed(judge_exact(ratio, case.change_limit.value, at_most=True))
    )
    difference = f" ({figure.value - stored.value:+,.0f} B)" if exact and differs else ""
    return Judged(
        verdict=verdict,
        sentence=f"has {say(figure.value, figure.unit)}, baseline {say(stored.value, figure.unit)}: {say(ratio, 'ratio')}{difference}",
        value=figure.value,
        n=figure.n,
        notes=(("improved" if ratio < 1 else "changed"),) if differs else (),
    )


def _regressed(verdict: Verdict) -> Verdict:
    return Verdict.REGRESSED if verdict is Verdict.OVER_BUDGET else verdict
