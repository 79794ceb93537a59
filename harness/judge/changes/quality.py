"""A mean or a score against its baseline: paired where a number of each sample is stored, else by both intervals."""

from __future__ import annotations

from harness.core.figure import Better
from harness.core.finding import Verdict
from harness.core.measurement import Interval
from harness.core.samples import Samples
from harness.judge.changes.judgement import ChangeJudgement, Moved, regressed
from harness.judge.changes.outcome import incomparable
from harness.judge.interval import judge_interval, why_open
from harness.judge.judged import Judged, error
from harness.judge.words import say, say_interval
from harness.stats.weighted_bootstrap import weighted_interval

BOTH_SIDES_5 = 0.90


def judge(moved: Moved) -> Judged:
    """What was lost, by its interval: numbers of the same samples are compared in pairs."""
    figure, stored, allowed, change = moved.figure, moved.stored, moved.case.change_limit, moved.case.metric.change
    assert change is not None and stored.samples is not None and moved.result.samples is not None
    own, now, before = change.figure, moved.result.samples, stored.samples
    sign = 1 if own.better is Better.HIGHER else -1
    lost = sign * (stored.value - figure.value)
    if now.values and before.values:
        unchanged = now.values == before.values
        try:
            interval, how = _paired(before, now, sign), ", paired bootstrap"
        except ValueError as err:
            return error(f"can't be compared: the baseline's samples can't be read: {err}")
    elif figure.interval is None or stored.interval is None:
        return error("can't be judged: it has no interval")
    else:
        unchanged = figure.value == stored.value
        ends = [sign * (then - today) for then in stored.interval for today in figure.interval]
        interval, how = (min(ends), max(ends)), ""
    verdict = Verdict.REPORTED
    if allowed is not None:
        verdict = Verdict.PASS if unchanged else regressed(judge_interval(interval, allowed.value, at_most=True))
    points = "points" if own.unit == "fraction" else own.unit
    both = f"has {say(figure.value, own.written)}, baseline {say(stored.value, own.written)}: "
    word = "drop" if own.better is Better.HIGHER else "rise"
    return Judged(
        verdict=verdict,
        sentence=f"{both}{word} {say(lost, points)} {say_interval(interval, points)} (n = {figure.n}{how})",
        why=why_open(verdict),
        value=figure.value,
        interval=interval,
        n=figure.n,
        notes=() if unchanged else ("changed", "improved") if lost < 0 else ("changed",),
    )


def _paired(before: Samples, now: Samples, sign: int) -> Interval:
    differences = sign * (before.unpack_values() - now.unpack_values())
    if not differences.any():
        return (0.0, 0.0)
    return weighted_interval(
        lambda weights: weights @ differences / weights.sum(axis=1), len(differences), BOTH_SIDES_5
    )


QUALITY = ChangeJudgement(incomparable=incomparable, judge=judge)
