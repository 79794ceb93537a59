"""Limits on how correctness changed, sample by sample: percentage points, or a multiple of the errors."""

from __future__ import annotations

from harness.core import figures
from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.measurement import Interval
from harness.core.result import CellResult
from harness.judge.interval import judge_interval
from harness.judge.words import say, say_interval
from harness.stats.error_ratio import Errors, deciding_n_ratio, ratio_interval
from harness.stats.paired_drop import Flips, deciding_n, drop_interval, mcnemar_p

ONE_SIDED_95 = 1.6448536269514722


def judge_flips(flips: Flips, both_wrong: int, limit: Limit) -> tuple[Verdict, Interval, str]:
    """The verdict on *limit*, the interval in the limit's own unit (fraction lost, or ratio of errors), and why not.

    Tango's score test for points; Tang, Tang and Chan's for a multiple of the errors. Each side at 5 %.
    """
    if limit.of_errors:
        errors = Errors(n=flips.n, negative=flips.negative, positive=flips.positive, both_wrong=both_wrong)
        interval = ratio_interval(errors, ONE_SIDED_95)
        verdict = judge_interval(interval, limit.value, at_most=True)
        needed = deciding_n_ratio(errors, limit.value)
    else:
        interval = drop_interval(flips, ONE_SIDED_95)
        verdict = judge_interval(interval, limit.value, at_most=True)
        needed = deciding_n(flips, limit.value)
    return verdict, interval, say_needed(needed, flips.n) if verdict is Verdict.INCONCLUSIVE else ""


def flips_of(result: CellResult) -> tuple[Flips, int] | None:
    """Flips between the reference and the artifact, and how many samples both get wrong; None when not counted."""
    negative, positive, accuracy = (
        result.measurements.get(one.name)
        for one in (figures.NEGATIVE_FLIPS_COUNT, figures.POSITIVE_FLIPS_COUNT, figures.ACCURACY)
    )
    if negative is None or positive is None or accuracy is None:
        return None
    flips = Flips(n=negative.n, negative=int(negative.value), positive=int(positive.value))
    wrong = flips.n - round(accuracy.value * flips.n)
    return flips, wrong - flips.negative


def say_needed(needed: int | None, n: int) -> str:
    """What would decide a change that *n* samples leave open."""
    if needed is None:
        return "no number of samples shows that nothing at all was lost"
    if needed <= n:
        return "the change lies too near the limit"
    return f"about {needed} samples would decide"


def say_flips(flips: Flips, both_wrong: int, interval: Interval | None, *, of_errors: bool) -> str:
    """``drop 1.88 pp [..] (n = 800; 20 lost, 5 won; McNemar p = .004)``; McNemar is told, never judged."""
    if of_errors:
        errors = Errors(n=flips.n, negative=flips.negative, positive=flips.positive, both_wrong=both_wrong)
        if errors.reference:
            shown = f"{say(errors.ratio, 'ratio')} its errors"
        else:
            shown = "errors where it makes none" if errors.current else "no error on either side"
        unit = "ratio"
    else:
        shown, unit = f"drop {say(flips.drop, 'points')}", "points"
    at = f" {say_interval(interval, unit)}" if interval is not None else ""
    p = f"McNemar p = {mcnemar_p(flips):.2g}"
    return f"{shown}{at} (n = {flips.n}; {flips.negative} samples lost, {flips.positive} won; {p})"
