"""What a recipe gains in accuracy over its control, on the same samples."""

from __future__ import annotations

import math

from harness.core import figures
from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.judge.facts import Facts
from harness.judge.flips import ONE_SIDED_95
from harness.judge.interval import judge_interval, why_open
from harness.judge.judged import Judged, error
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.rules.paired_drop import USUAL_FLIPS
from harness.judge.unholdable import if_flipped, too_few
from harness.judge.words import say, say_interval
from harness.stats.paired_drop import Flips, drop_interval, mcnemar_p, samples_needed


def judge(evidence: Evidence) -> Judged:
    """By Tango's score test; each side at 5 %."""
    result, limit = evidence.result, evidence.limit
    gain, lost, won = (
        result.measurements.get(one.name)
        for one in (figures.ACCURACY_GAIN, figures.GAIN_LOST_COUNT, figures.GAIN_WON_COUNT)
    )
    control = result.control
    if gain is None and limit is None and not control:
        return Judged(verdict=Verdict.REPORTED, sentence="has no control to be compared with")
    if gain is None or lost is None or won is None or not math.isfinite(gain.value):
        state = f"is {gain.value}" if gain is not None else "was not measured"
        against = f" against {control}" if control else ""
        return error(f"has no figure: {evidence.metric.figure.name} {state}{against}")
    flips = Flips(n=gain.n, negative=int(lost.value), positive=int(won.value))
    low, high = drop_interval(flips, ONE_SIDED_95)
    interval = (-high, -low)
    verdict = Verdict.REPORTED if limit is None else judge_interval(interval, limit.value, at_most=False)
    sentence = (
        f"gains {say(gain.value, 'points')} {say_interval(interval, 'points')} over {control or 'its control'} (n = {gain.n}; "
        f"{flips.positive} samples won, {flips.negative} lost; McNemar p = {mcnemar_p(flips):.2g})"
    )
    return Judged(
        verdict=verdict, sentence=sentence, value=gain.value, interval=interval, n=gain.n, why=why_open(verdict)
    )


def undecidable(metric: Metric, limit: Limit, facts: Facts) -> str:
    """A negative limit needs as many samples as a drop of that size; a gain can show on few."""
    needed = samples_needed(USUAL_FLIPS, -limit.value) if limit.value < 0 else 1
    return too_few(metric.name, limit, facts.samples, needed, "samples", if_flipped(USUAL_FLIPS))


PAIRED_GAIN = Judgement(judge=judge, needs_figure=False, undecidable=undecidable)
